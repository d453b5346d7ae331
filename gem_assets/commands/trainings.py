"""`gem train`: have a model trained, following what the trainer reports, or say what that would take."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.commands.running import Echo, all_done, materialise
from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.exports.rows import Task
from gem_assets.datasets.recipes import load_recipe
from gem_assets.orchestration.runs.launch import JobOrder
from gem_assets.training.configurations import Configuration, choose_configuration
from gem_assets.training.curve import sparkline
from gem_assets.training.launching import STOPPED, followed
from gem_assets.training.memory import GIB, device_memory, disk_needed
from gem_assets.training.runs import Run, prepare_run, read_training
from gem_assets.training.trainer import find_trainer


@dataclass(frozen=True)
class Wanted:
    """What to train, on what and how."""

    task: Task
    recipe: str
    configuration: str
    base: str | None = None
    """A model to start from instead of the configuration's."""
    dry_run: bool = False


def run_train(configuration: RunConfiguration, wanted: Wanted, echo: Echo) -> int:
    """Train a model on a recipe's rows; returns the exit code, raises StoreError on bad input."""
    home = configuration.home
    chosen = choose_configuration(home, wanted.configuration, wanted.base)
    recipe = load_recipe(wanted.recipe, home).name
    trainer = find_trainer(configuration)
    if wanted.dry_run:
        run = prepare_run(home, wanted.task, recipe, chosen, trainer, lambda path: sys.maxsize)
        for line in _planned(run, chosen):
            echo(line)
        return 0
    run = prepare_run(home, wanted.task, recipe, chosen, trainer)
    if run.is_done:
        echo("trained already, on the same rows with the same configuration")
    order = _order(wanted, recipe)
    with followed(run, lambda event: _tell(event, echo)):
        results = materialise(configuration, [order], echo)
    if not all_done([order], results):
        return 1
    for line in _result(run.published):
        echo(line)
    return 0


def _order(wanted: Wanted, recipe: str) -> JobOrder:
    """Write the order for the model of one task; a configuration's file is named wherever a worker runs."""
    named = wanted.configuration
    named = str(Path(named).expanduser().absolute()) if named.endswith(".toml") else named
    model = f"{wanted.task}_model"
    config = {"ops": {model: {"config": {"configuration": named, "base": wanted.base}}}}
    return JobOrder(None, assets=(model,), job="train", partition=recipe, partitions="recipes", config=config)


def _planned(run: Run, configuration: Configuration) -> Iterator[str]:
    memory = device_memory(configuration)
    told = "fits anywhere" if memory is None else f"{memory:.0f} GiB, calculated, not measured"
    yield configuration.description
    yield f"model     {configuration.base or 'made for the data'}"
    yield f"devices   {configuration.processes}, memory of each: {told}"
    yield f"disk      about {disk_needed(configuration) / GIB:.1f} GiB"
    yield f"folder    {run.published}"
    yield f"command   {shlex.join(run.command)}"


def _tell(event: Mapping[str, Any], echo: Echo) -> None:
    kind = event["event"]
    if kind == "begin":
        left_out = event["too_long"] + event["with_control_tokens"]
        echo(
            f"{event['rows']} rows, {event['tokens']:,} tokens, {event['learnt_tokens']:,} of them learnt; "
            f"{left_out} rows left out ({event['too_long']} too long); on {event['device']}"
        )
        if event["resumed_from"]:
            echo(f"goes on from {event['resumed_from']}")
    elif kind == "stopped":
        echo(STOPPED)
    elif kind == "step":
        echo(f"step {event['step']} of {event['of']}  loss {float(event['loss']):.4f}")


def _result(published: Path) -> Iterator[str]:
    found = read_training(published)
    losses = [loss for _, loss in found["curve"]]
    yield f"loss      {losses[0]:.3f} → {losses[-1]:.3f}  {sparkline(losses)}"
    if "validation_loss" in found:
        yield f"held out  {found['validation_loss']:.3f} over {found['validation_rows']} rows"
    yield f"steps     {found['steps']} in {found['seconds']:.0f} s on {found['device']}"
    yield f"model     {published}"
