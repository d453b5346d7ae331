"""Load exports with the trainers' own code and compare token ids: run by hand in a trainer's environment.

    PYTHON load_in_trainers.py EXPORTS [trl hub llamafactory verl axolotl swift]

EXPORTS holds one folder per format, named after it (`gem export --format F --recipe R --out EXPORTS/F`).
What is loaded is compared with the `openai` export, rendered with the template beside the `trl` export, by a
byte tokenizer. Imports nothing of gem_assets; no test collects it: none of the trainers is a dependency.
"""

import importlib.machinery
import json
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.update(HF_HUB_OFFLINE="1", DISABLE_VERSION_CHECK="1")

import datasets  # type: ignore[import-not-found]
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast  # type: ignore[import-not-found]

FORMATS = ("trl", "hub", "llamafactory", "verl", "axolotl", "swift")
LONGEST = 10**6

Ids = list[int]


def tokenizer(template: str) -> Any:
    """Every byte is a token, so that equal ids are equal text."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE(vocab={char: place for place, char in enumerate(alphabet)}, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    specials = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")
    bytewise.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in specials])
    made = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    made.chat_template = template
    return made


def rendered(template: str, messages: Any, tools: Any) -> Ids:
    made = tokenizer(template)
    text = made.apply_chat_template(messages, tools=tools or None, tokenize=False)
    return made(text, add_special_tokens=False)["input_ids"]


def json_rows(path: Path) -> Any:
    return datasets.load_dataset("json", data_files=str(path), split="train")


def load_openai(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    with (folder / f"{task}_{split}.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield rendered(template, row["messages"], row.get("tools"))


def load_trl(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    for row in json_rows(folder / f"{task}_{split}.jsonl"):
        yield rendered(template, row["messages"], json.loads(row["tools"]))


def load_hub(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    for row in datasets.load_dataset(str(folder), task, split=split):
        yield rendered(template, json.loads(row["messages"]), json.loads(row["tools"]))


def load_llamafactory(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    pretend("torchaudio")
    from llamafactory.data.converter import SharegptDatasetConverter  # type: ignore[import-not-found]
    from llamafactory.data.parser import DatasetAttr  # type: ignore[import-not-found]
    from llamafactory.data.template import TEMPLATES  # type: ignore[import-not-found]
    from llamafactory.hparams import DataArguments  # type: ignore[import-not-found]

    info = json.loads((folder / "dataset_info.json").read_text("utf-8"))[f"{task}_{split}"]
    attributes = DatasetAttr("file", info["file_name"])
    attributes.join(info)
    convert = SharegptDatasetConverter(dataset_attr=attributes, data_args=DataArguments())
    for row in json_rows(folder / info["file_name"]):
        found = convert(row)
        turns = found["_prompt"] + found["_response"]
        pairs = TEMPLATES["qwen3_nothink"].encode_multiturn(
            tokenizer(template), turns, found["_system"], found["_tools"]
        )
        yield [token for pair in pairs for side in pair for token in side]


def load_verl(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    pretend("verl.models.transformers.qwen2_vl")  # images only; needs another version of transformers
    sys.path.insert(0, str(folder))
    from verl_dataset import DecodedDataset  # type: ignore[import-not-found]

    options = {"max_length": LONGEST, "truncation": "error", "pad_mode": "no_padding"}
    rows = DecodedDataset(str(folder / f"{task}_{split}.parquet"), tokenizer(template), options)
    for place in range(len(rows)):
        yield rows[place]["input_ids"].tolist()


def load_axolotl(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    from axolotl.prompt_strategies.chat_template import (  # type: ignore[import-not-found]
        ChatTemplatePrompter,
        ChatTemplateStrategy,
    )

    made = tokenizer(template)
    prompter = ChatTemplatePrompter(
        made,
        chat_template=template,
        message_property_mappings={"role": "role", "content": "content"},
        message_field_training="train",
        field_messages="messages",
        field_tools="tools",
    )
    strategy = ChatTemplateStrategy(
        prompter,
        tokenizer=made,
        train_on_inputs=False,
        sequence_len=LONGEST,
        roles_to_train=["assistant"],
        train_on_eos="turn",
    )
    for row in json_rows(folder / f"{task}_{split}.jsonl"):
        found = strategy.tokenize_prompt(row)
        yield (found[0] if isinstance(found, list) else found)["input_ids"]


def load_swift(folder: Path, task: str, split: str, template: str) -> Iterator[Ids]:
    from swift.dataset.preprocessor import AutoPreprocessor  # type: ignore[import-not-found]
    from swift.template import get_template  # type: ignore[import-not-found]

    made = tokenizer(template)
    made.model_info = SimpleNamespace(
        max_model_len=LONGEST, torch_dtype=None, model_type="qwen3", task_type="causal_lm", config=None,
        is_moe_model=False, model_dir=str(folder), quant_method=None,
    )  # fmt: skip
    made.model_meta = SimpleNamespace(
        template="qwen3_nothinking",
        is_multimodal=False,
        is_reward=False,
        model_type="qwen3",
        task_type="causal_lm",
    )
    written = get_template(
        made,
        template_type="qwen3_nothinking",
        agent_template="hermes",
        max_length=LONGEST,
        truncation_strategy="delete",
    )
    written.set_mode("train")
    for row in AutoPreprocessor()(json_rows(folder / f"{task}_{split}.jsonl")):
        yield written.encode(row)["input_ids"]


def pretend(module: str) -> None:
    """Stand in for a module that reading text does not need."""
    stand_in = Anything(module)
    stand_in.__spec__ = importlib.machinery.ModuleSpec(module, None)
    sys.modules[module] = stand_in


class Anything(types.ModuleType):
    """A module in which every name is found, and does nothing when it is called."""

    __path__: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Anything(f"{self.__name__}.{name}")

    def __call__(self, *given: Any, **named: Any) -> Any:
        return given[0] if len(given) == 1 and callable(given[0]) else self


def main() -> None:
    """Compare what is named, print one line each, exit 1 where anything differs."""
    datasets.disable_progress_bars()
    exports, wanted = Path(sys.argv[1]), sys.argv[2:] or FORMATS
    template = (exports / "trl" / "qwen3_chat_template.jinja").read_text("utf-8")
    files = [path.stem.split("_") for path in sorted((exports / "openai").glob("*.jsonl"))]
    right = [list(load_openai(exports / "openai", *file, template)) for file in files]
    wrong = 0
    for name in wanted:
        load: Callable[..., Iterator[Ids]] = globals()[f"load_{name}"]
        found = [list(load(exports / name, *file, template)) for file in files]
        pairs = [
            pair for ours, theirs in zip(right, found, strict=True) for pair in zip(ours, theirs, strict=True)
        ]
        differ = sum(ours != theirs for ours, theirs in pairs)
        wrong += differ
        print(f"{name}: {len(pairs)} rows, {differ} with other token ids", flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
