"""Supervised fine-tuning by an order: `python sft.py ORDER.json`, or the same under `accelerate launch`.

The order names data, configuration and folders; see `gem_assets/training/runs.py`. Runs in the trainer's
environment. Exit 0 published, 2 refused (one sentence), 3 stopped and to be continued.
"""

import os
import platform
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from datasets import Dataset
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from chat_rows import Tokenised, read_rows, render, tokenise
from checkpoints import Watcher, carry_out, is_first, last_checkpoint, publish
from loading import load_model, load_tokenizer, make_model, make_tokenizer, write_json
from telling import STOPPED, RefusedError, Teller

Order = dict[str, Any]


def train(order: Order, teller: Teller) -> int:
    """Train, or go on with it, and publish; returns the exit status."""
    work = Path(order["work"])
    torch.set_num_threads(order["threads"])
    tokenizer, model = open_base(order)
    rows, held_out = (
        tokenise(read_rows(Path(order[name])), tokenizer, order["context"]) for name in ("data", "validation")
    )
    if not rows.rows:
        raise RefusedError(_nothing_left(rows, order["context"]))
    trainer = SFTTrainer(
        model=model,
        args=arguments(order),
        train_dataset=Dataset.from_list(rows.rows),
        processing_class=tokenizer,
        peft_config=adapter(order),
    )
    watcher = Watcher(teller)
    trainer.add_callback(watcher)
    start = last_checkpoint(work / "checkpoints")
    teller.tell("begin", **counts(rows), device=device(), resumed_from=start.name if start else None)
    trainer.train(resume_from_checkpoint=str(start) if start else None)
    if watcher.asked:
        teller.tell("stopped", step=trainer.state.global_step, of=trainer.state.max_steps)
        return STOPPED
    loss = held_out_loss(trainer, held_out)
    save(trainer, tokenizer, order, {**counts(rows), **loss, "seconds": round(teller.seconds(), 1)})
    teller.tell("published", path=order["published"])
    return 0


def open_base(order: Order) -> tuple[Any, Any]:
    """Load the tokenizer and model to start from, or make tiny ones for the data."""
    template = Path(order["template"]).read_text("utf-8")
    if order["tiny"] is None:
        tokenizer = load_tokenizer(order["base"], template)
        half = order["lora"] is not None and order["precision"] == "bf16"
        return tokenizer, load_model(order["base"], half, order["attention"])
    # Rendered by a tokenizer of bytes, which knows the template and no words.
    folder = Path(order["work"]) / "tokenizer"
    plain = make_tokenizer([], 0, Path(order["work"]) / "bytes", template)
    texts = (render(row, plain) for row in read_rows(Path(order["data"])))
    tokenizer = make_tokenizer(texts, order["tiny"]["vocabulary"], folder, template)
    return tokenizer, make_model(order["tiny"], tokenizer, order["context"], order["training"]["seed"])


def arguments(order: Order) -> SFTConfig:
    """Write the order's settings as TRL's."""
    given, processes = order["training"], int(os.environ.get("WORLD_SIZE", "1"))
    per_pass = given["rows_per_device"] * processes
    return SFTConfig(
        output_dir=str(Path(order["work"]) / "checkpoints"),
        learning_rate=given["learning_rate"],
        # A float below one is a share of the steps.
        warmup_steps=given["warmup_ratio"],
        lr_scheduler_type=given["schedule"],
        num_train_epochs=given["epochs"],
        max_steps=given["maximum_steps"],
        weight_decay=given["weight_decay"],
        per_device_train_batch_size=given["rows_per_device"],
        gradient_accumulation_steps=max(1, given["rows_per_step"] // per_pass),
        activation_checkpointing=given["activation_checkpointing"],
        bf16=order["precision"] == "bf16",
        use_cpu=order["tiny"] is not None,
        seed=given["seed"],
        data_seed=given["seed"],
        save_strategy="steps",
        save_steps=given["checkpoint_every"],
        save_total_limit=given["checkpoints_kept"],
        logging_steps=given["tell_every"],
        # Nothing is cut here: what is too long was left out and counted.
        max_length=None,
        packing=False,
        report_to=[],
        disable_tqdm=True,
    )


def adapter(order: Order) -> Any:
    """Make a LoRA configuration, or None for full parameters."""
    if order["lora"] is None:
        return None
    from peft import LoraConfig

    given = order["lora"]
    return LoraConfig(
        r=given["rank"],
        lora_alpha=given["alpha"],
        lora_dropout=given["dropout"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )


def held_out_loss(trainer: SFTTrainer, rows: Tokenised) -> dict[str, Any]:
    """Measure the loss on rows of documents that were not trained on; empty where there are none."""
    if not rows.rows:
        return {}
    found = trainer.evaluate(eval_dataset=Dataset.from_list(rows.rows))
    return {"validation_loss": found["eval_loss"], "validation_rows": len(rows.rows)}


def save(trainer: SFTTrainer, tokenizer: Any, order: Order, figures: dict[str, Any]) -> None:
    """Write model, tokenizer and what is known of the training aside, then put them in place."""
    aside = Path(order["work"]) / "model.tmp"
    if is_first():
        shutil.rmtree(aside, ignore_errors=True)
    sharded = getattr(trainer.accelerator.state, "fsdp_plugin", None)  # there only where devices share
    if sharded is not None:
        sharded.set_state_dict_type("FULL_STATE_DICT")
    model = trainer.accelerator.unwrap_model(trainer.model)
    if order["lora"] is None:
        trainer.save_model(str(aside))
    elif is_first():
        # Merged, so that every server and the next training load it as they load any model.
        model.merge_and_unload().save_pretrained(aside)
    trainer.accelerator.wait_for_everyone()
    if not is_first():
        return
    tokenizer.save_pretrained(aside)
    (aside / "training_args.bin").unlink(missing_ok=True)  # a pickle that nobody should load
    points = [entry for entry in trainer.state.log_history if "loss" in entry]
    write_json(
        aside / "training.json",
        {
            **order["about"],
            **figures,
            "device": device(),
            "steps": trainer.state.global_step,
            "parameters": sum(part.numel() for part in model.parameters()),
            "curve": [[entry["step"], entry["loss"]] for entry in points],
            "peak_memory_mb": peak_memory_mb(),
        },
    )
    publish(aside, Path(order["published"]))
    # Three times the model and more; nothing goes on from here.
    shutil.rmtree(Path(order["work"]) / "checkpoints")


def counts(rows: Tokenised) -> dict[str, int]:
    """Say what is trained on and what was left out."""
    return {
        "rows": len(rows.rows),
        "tokens": rows.tokens,
        "learnt_tokens": rows.learnt,
        "too_long": rows.too_long,
        "with_control_tokens": rows.with_control_tokens,
    }


def device() -> str:
    """Name what the work runs on."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"CPU ({platform.machine()}, {torch.get_num_threads()} threads)"


def peak_memory_mb() -> int:
    """Most memory used: the device's where there is one, else the process's."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() // 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10


def _nothing_left(rows: Tokenised, context: int) -> str:
    left_out = rows.too_long + rows.with_control_tokens
    return (
        f"none of {left_out} rows can be trained on: {rows.too_long} are longer than the context of "
        f"{context} tokens, {rows.with_control_tokens} hold control tokens: raise `context`"
    )


if __name__ == "__main__":
    sys.exit(carry_out(sys.argv[1], train))
