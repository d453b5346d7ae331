"""Run in the trainer's environment: write what the trainer makes of rows, token by token, as JSON.

PYTHON tokens_in_trainer.py ORDER.json
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "gem_assets" / "training" / "scripts"))

import trl

import chat_rows
import sft


def main() -> None:
    order = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tokenizer, model = sft.open_base(order)
    theirs = (Path(trl.__file__).parent / "chat_templates" / "qwen3_instruct_2507.jinja").read_text("utf-8")
    rows = []
    for row in chat_rows.read_rows(Path(order["data"])):
        text = chat_rows.render(row, tokenizer)
        spans = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        tools = json.loads(row["tools"]) or None
        shown = tokenizer.apply_chat_template(
            row["messages"], tools=tools, tokenize=False, chat_template=theirs
        )
        made = chat_rows.encode(row, tokenizer)
        rows.append({"row": row, "text": text, "theirs": shown, **made, **spans})
    # What reaches the loss: the labels of the batches that the trainer itself makes.
    found = chat_rows.tokenise(chat_rows.read_rows(Path(order["data"])), tokenizer, order["context"])
    dataset = sft.Dataset.from_list(found.rows)
    trainer = sft.SFTTrainer(
        model=model, args=sft.arguments(order), train_dataset=dataset, processing_class=tokenizer
    )
    batches = [
        {name: batch[name].tolist() for name in ("input_ids", "labels")}
        for batch in trainer.get_train_dataloader()
    ]
    json.dump({"rows": rows, "batches": batches, "too_long": found.too_long}, sys.stdout)


if __name__ == "__main__":
    main()
