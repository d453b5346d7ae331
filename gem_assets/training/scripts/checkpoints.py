"""Where a training goes on after it was killed, when it stops, and how a model is put in place whole.

Runs in the trainer's environment.
"""

import fcntl
import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from telling import RefusedError, Teller, run_told

_WHOLE = "whole"
"""A file in a checkpoint that is written last: without it, it is half a checkpoint."""


def is_first() -> bool:
    """Say whether this is the first of the processes that train together."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def only_trainer(lock: Path) -> Iterator[None]:
    """Hold the machine's trainer lock; the kernel frees it when this process dies."""
    if not is_first():
        yield
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError("another training is running: wait for it, or stop it") from error
        yield


def carry_out(path: str, train: Callable[[dict[str, Any], Teller], int]) -> int:
    """Read the order that lies there and carry it out as the machine's only training; the exit status."""
    order = json.loads(Path(path).read_text("utf-8"))

    def job(teller: Teller) -> int:
        with only_trainer(Path(order["lock"])):
            return train(order, teller)

    return run_told(Path(order["work"]), job)


def last_checkpoint(folder: Path) -> Path | None:
    """Find the newest whole checkpoint; the first process removes half ones that a kill left."""
    found: dict[int, Path] = {}
    for path in folder.glob("checkpoint-*"):
        if (path / _WHOLE).is_file():
            found[int(path.name.removeprefix("checkpoint-"))] = path
        elif is_first():
            shutil.rmtree(path, ignore_errors=True)
    return found[max(found)] if found else None


class Watcher(TrainerCallback):
    """Tells each step, marks whole checkpoints, and ends the training when asked to or orphaned."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._parent = os.getppid()
        self.asked = False
        # Several processes would stop at different steps; those die at once and go on from a checkpoint.
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._ask)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **rest: Any) -> None:
        """Tell what the trainer logs of a step."""
        if logs and "loss" in logs:
            self._teller.tell(
                "step",
                step=state.global_step,
                of=state.max_steps,
                loss=logs["loss"],
                learning_rate=logs.get("learning_rate"),
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **rest: Any) -> Any:
        """Save and stop where someone asked for it, or where nobody is left to answer to."""
        orphaned = os.getppid() != self._parent
        if (self.asked or orphaned) and state.global_step < state.max_steps:
            self.asked = control.should_save = control.should_training_stop = True
        return control

    def on_save(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Mark a checkpoint as whole."""
        if is_first():
            (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _WHOLE).touch()
            self._teller.tell("checkpoint", step=state.global_step)


def publish(made: Path, place: Path) -> None:
    """Put a finished folder in its place by one rename."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for path in made.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    made.rename(place)
