"""Preference optimisation by an order: `python preference.py ORDER.json`, also under `accelerate launch`.

Rows are `{"prompt", "chosen", "rejected"}`, rendered text; the loss falls on what follows the prompt, and
both sides end with the end-of-turn token. The order is `sft.py`'s with `preference` beside it; see
`gem_assets/itool/rounds/trainings.py`. Runs in the trainer's environment, with the same exit statuses.
"""

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# SimPO and ORPO are TRL's, but not yet among its settled interfaces.
os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")

import torch
from datasets import Dataset

from chat_rows import read_rows
from checkpoints import Watcher, carry_out, last_checkpoint
from loading import load_model, load_tokenizer
from sft import adapter, device, save
from telling import STOPPED, RefusedError, Teller

Order = dict[str, Any]


@dataclass
class Fitting:
    """Pairs that fit into the context, and a count of those that do not."""

    rows: list[dict[str, str]] = field(default_factory=list)
    too_long: int = 0
    tokens: int = 0
    learnt: int = 0


def train(order: Order, teller: Teller) -> int:
    """Train, or go on with it, and publish; returns the exit status."""
    work = Path(order["work"])
    torch.set_num_threads(order["threads"])
    tokenizer = load_tokenizer(order["base"], Path(order["template"]).read_text("utf-8"))
    pairs = fit(Path(order["data"]), tokenizer, order["context"])
    if not pairs.rows:
        raise RefusedError(f"all {pairs.too_long} pairs are longer than the context of {order['context']}")
    half = order["lora"] is not None and order["precision"] == "bf16"
    trainer = build(order, load_model(order["base"], half, order["attention"]), tokenizer, pairs.rows)
    watcher = Watcher(teller)
    trainer.add_callback(watcher)
    start = last_checkpoint(work / "checkpoints")
    counts = {"rows": len(pairs.rows), "tokens": pairs.tokens, "learnt_tokens": pairs.learnt}
    counts |= {"too_long": pairs.too_long, "with_control_tokens": 0}
    teller.tell("begin", **counts, device=device(), resumed_from=start.name if start else None)
    trainer.train(resume_from_checkpoint=str(start) if start else None)
    if watcher.asked:
        teller.tell("stopped", step=trainer.state.global_step, of=trainer.state.max_steps)
        return STOPPED
    save(trainer, tokenizer, order, {**counts, **margins(trainer), "seconds": round(teller.seconds(), 1)})
    teller.tell("published", path=order["published"])
    return 0


def fit(path: Path, tokenizer: Any, context: int) -> Fitting:
    """Read pairs, each side closed by the end-of-turn token; one that is too long is left out whole."""
    found = Fitting()
    for row in read_rows(path):
        whole = [row["prompt"] + row[side] + tokenizer.eos_token for side in ("chosen", "rejected")]
        chosen, rejected = (encode(tokenizer, text) for text in whole)
        lengths = [len(chosen), len(rejected)]
        if max(lengths) > context:
            found.too_long += 1
            continue
        shared, end = fork(chosen, rejected, len(row["prompt"]))
        found.rows.append({"prompt": whole[0][:end], "chosen": whole[0][end:], "rejected": whole[1][end:]})
        found.tokens += sum(lengths)
        found.learnt += sum(lengths) - 2 * shared
    return found


def encode(tokenizer: Any, text: str) -> list[tuple[int, int]]:
    """Write a text as its tokens, each with the character after it."""
    made = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return [(token, end) for token, (_, end) in zip(made["input_ids"], made["offset_mapping"], strict=True)]


def fork(chosen: list[tuple[int, int]], rejected: list[tuple[int, int]], prompt: int) -> tuple[int, int]:
    """Find where the loss begins: how many tokens, and characters, of the prompt both sides share.

    A token may reach from the prompt into a side, `="` from `day=` into `"Monday"`: it belongs to the side,
    because that is how the policy writes it.
    """
    shared, end = 0, 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other or one[1] > prompt:
            break
        shared, end = shared + 1, one[1]
    return shared, end


def build(order: Order, model: Any, tokenizer: Any, rows: list[dict[str, str]]) -> Any:
    """Make the trainer of the order's loss."""
    given = order["preference"]
    shared = {
        "model": model,
        "train_dataset": Dataset.from_list(rows),
        "processing_class": tokenizer,
        "peft_config": adapter(order),
    }
    if given["loss"] in ("dpo", "ipo"):
        from trl.trainer.dpo_config import DPOConfig
        from trl.trainer.dpo_trainer import DPOTrainer

        own = {"dpo": "sigmoid", "ipo": "ipo"}[given["loss"]]
        weighted = given["sft_weight"] > 0
        losses: dict[str, Any] = {"loss_type": [own, "sft"] if weighted else [own]}
        if weighted:
            # Chosen and rejected share most of their tokens; without it both become less likely.
            losses["loss_weights"] = [1.0, given["sft_weight"]]
        return DPOTrainer(args=DPOConfig(beta=given["beta"], **losses, **arguments(order)), **shared)
    if given["loss"] == "simpo":
        from trl.experimental.cpo import CPOConfig, CPOTrainer

        chosen = {"loss_type": "simpo", "simpo_gamma": given["gamma"], "cpo_alpha": given["sft_weight"]}
        return CPOTrainer(args=CPOConfig(beta=given["beta"], **chosen, **arguments(order)), **shared)
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    return ORPOTrainer(args=ORPOConfig(beta=given["beta"], **arguments(order)), **shared)


def arguments(order: Order) -> dict[str, Any]:
    """Write the order's settings as TRL's."""
    given, processes = order["training"], int(os.environ.get("WORLD_SIZE", "1"))
    per_pass = given["rows_per_device"] * processes
    return {
        "output_dir": str(Path(order["work"]) / "checkpoints"),
        "learning_rate": given["learning_rate"],
        # A float below one is a share of the steps.
        "warmup_steps": given["warmup_ratio"],
        "lr_scheduler_type": given["schedule"],
        "num_train_epochs": given["epochs"],
        "max_steps": given["maximum_steps"],
        "weight_decay": given["weight_decay"],
        "per_device_train_batch_size": given["rows_per_device"],
        "gradient_accumulation_steps": max(1, given["rows_per_step"] // per_pass),
        "activation_checkpointing": given["activation_checkpointing"],
        "bf16": order["precision"] == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "seed": given["seed"],
        "data_seed": given["seed"],
        "save_strategy": "steps",
        "save_steps": given["checkpoint_every"],
        "save_total_limit": given["checkpoints_kept"],
        "logging_steps": given["tell_every"],
        # Nothing is cut here, pairs that are too long were left out: without a number some losses cut at 512.
        "max_length": order["context"],
        "report_to": [],
        "disable_tqdm": True,
    }


def margins(trainer: Any) -> dict[str, Any]:
    """Say how far the two sides were apart at the first and the last step that was logged."""
    logged = [entry for entry in trainer.state.log_history if "rewards/margins" in entry]
    if not logged:
        return {}
    return {
        f"{name}_{end}": entry[f"rewards/{key}"]
        for end, entry in (("first", logged[0]), ("last", logged[-1]))
        for name, key in (("margin", "margins"), ("accuracy", "accuracies"))
    }


if __name__ == "__main__":
    sys.exit(carry_out(sys.argv[1], train))
