"""The trainings of a campaign as prepared runs: stages of the warm-up, and the preference step of a round.

The trainer's scripts and folders are those of `training/`; a run's name ends in a hash of rows, settings and
trainer, so that the same training goes on where it was. Does not belong here: when to train (`campaign_run`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gem_assets.datasets.openai_shape import to_openai
from gem_assets.itool.items.item import Item
from gem_assets.itool.items.toolace import plain_chat
from gem_assets.records.base import content_hash
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import write_text
from gem_assets.store.home import Home, StoreError
from gem_assets.training.configurations import Configuration
from gem_assets.training.runs import Run, order_paths
from gem_assets.training.trainer import Trainer

Script = Literal["sft", "preference"]


@dataclass(frozen=True)
class Step:
    """One training: with which script, from which model, on which rows."""

    script: Script
    name: str
    configuration: Configuration
    base: Path | None
    """The model it starts from; None for the configuration's own."""
    rows: Sequence[Mapping[str, Any]]
    preference: Mapping[str, Any] | None = None


def sft_row(item: Item) -> dict[str, Any]:
    """Write an item as a row of the trainer: everything before the turn is shown, the turn is learnt.

    A dialogue of a file has its calls in its text, as its policy is to write them.
    """
    if item.syntax == "hermes":
        assert item.gold_turn is not None
        messages = to_openai((*item.messages, item.gold_turn.message))
        tools = [tool.to_openai() for tool in item.tools]
    else:
        messages, tools = [*plain_chat(item.messages), {"role": "assistant", "content": item.gold}], []
    for message in messages[:-1]:
        if message["role"] == "assistant":
            message["train"] = False
    return {"id": item.item_id, "messages": messages, "tools": json.dumps(tools, ensure_ascii=False)}


def prepare_step(home: Home, step: Step, trainer: Trainer) -> Run:
    """Write what a training needs into its folder; nothing is started.

    Raises:
        StoreError: there are no rows, or the disk is full.
    """
    if not step.rows:
        raise StoreError(f"{step.name} has no rows to train on")
    settings = step.configuration.model_dump(
        mode="json", exclude={"name", "description", "shape", "memory_gib"}
    )
    if step.base is not None:
        settings |= {"base": str(step.base), "tiny": None}
    lines = [json.dumps(row, ensure_ascii=False) for row in step.rows]
    known = settings | {"base": _base_name(home, settings["base"])}
    version = content_hash([step.script, lines, known, step.preference, trainer.version])
    name = f"{step.name}-{version[:12]}"
    work, published = home.models / "runs" / name, home.models / name
    order = work / "order.json"
    command = trainer.command(step.script, [str(order)], step.configuration.processes)
    run = Run(name, work, published, tuple(command), version)
    if run.is_done:
        return run
    with map_store_errors(f"the training {name}"):
        work.mkdir(parents=True, exist_ok=True)
        write_text(work / "train.jsonl", "".join(f"{line}\n" for line in lines))
        write_text(work / "validation.jsonl", "")
        write_text(order, json.dumps(_order(home, run, step, settings, trainer), indent=1))
    return run


def _base_name(home: Home, base: str | None) -> str | None:
    """Name what a training starts from: a model of this home by its name, wherever the home lies."""
    if base is not None and Path(base).parent == home.models:
        return Path(base).name
    return base


def _order(home: Home, run: Run, step: Step, settings: Mapping[str, Any], trainer: Trainer) -> dict[str, Any]:
    return {
        **settings,
        "preference": step.preference,
        "about": {
            "task": "policy",
            "recipe": step.name,
            "configuration": step.configuration.name,
            "version": run.version,
            "trainer": dict(trainer.versions),
        },
        **order_paths(home, run),
    }
