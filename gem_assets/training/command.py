"""`gem train` as a function that says what it does; the command is in `commands/training.py`."""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.exports.rows import Task
from gem_assets.datasets.recipes import load_recipe
from gem_assets.store.home import Home
from gem_assets.training.configurations import Configuration, load_configuration
from gem_assets.training.curve import sparkline
from gem_assets.training.launching import StoppedError, launch
from gem_assets.training.memory import GIB, device_memory, disk_needed
from gem_assets.training.runs import Run, prepare_run, read_training
from gem_assets.training.trainer import find_trainer

Echo = Callable[[str], None]


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
    chosen = choose_configuration(home, wanted)
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
    else:
        try:
            launch(run, configuration.child_environment, lambda event: _tell(event, echo))
        except StoppedError as stopped:
            echo(str(stopped))
            return 1
    for line in _result(run.published):
        echo(line)
    return 0


def choose_configuration(home: Home, wanted: Wanted) -> Configuration:
    """Read the configuration, with another model to start from where one is named."""
    configuration = load_configuration(wanted.configuration, home)
    if wanted.base is None:
        return configuration
    return configuration.model_copy(update={"base": wanted.base, "tiny": None})


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
