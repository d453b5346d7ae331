"""Tell whoever started a training how far it is: lines in progress.jsonl, and Dagster's log where it listens.

Runs in the trainer's environment.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REFUSED, STOPPED = 2, 3
"""Exit status: bad input, told in one sentence; stopped on request, to be continued."""


class RefusedError(Exception):
    """The work cannot be done as asked; one sentence that says what to do."""


class Teller:
    """Writes one line per event, from the first process of several only."""

    def __init__(self, work: Path) -> None:
        self._path = work / "progress.jsonl"
        self._speaks = int(os.environ.get("RANK", "0")) == 0
        self._listener: Callable[[str], None] | None = None

    @contextmanager
    def to_dagster(self) -> Iterator[None]:
        """While it lasts, events also go to Dagster's log, where a run of Dagster started this process."""
        if not self._speaks or "DAGSTER_PIPES_CONTEXT" not in os.environ:
            yield
            return
        from dagster_pipes import open_dagster_pipes

        with open_dagster_pipes() as pipes:
            self._listener = pipes.log.info
            yield
            self._listener = None

    def tell(self, event: str, **values: Any) -> None:
        """Append an event; `values` have to be JSON."""
        if not self._speaks:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"event": event, "time": round(time.time(), 3), **values}) + "\n")
        if self._listener is not None:
            self._listener(" ".join([event, *(f"{name} {value}" for name, value in values.items())]))

    def seconds(self) -> float:
        """Add up how long every attempt at this work took, from its beginning to its last event."""
        total, began, last = 0.0, None, 0.0
        for line in self._path.read_text("utf-8").splitlines():
            event = json.loads(line)
            if event["event"] == "begin":
                total += last - began if began is not None else 0.0
                began = event["time"]
            last = event["time"]
        return total + (time.time() - began if began is not None else 0.0)


def run_told(work: Path, job: Callable[[Teller], int]) -> int:
    """Run a job; what a user can mend ends as one sentence and status 2, without a traceback."""
    teller = Teller(work)
    with teller.to_dagster():
        try:
            return job(teller)
        except Exception as error:
            sentence = _sentence(error)
            if sentence is None:
                raise
    sys.stderr.write(f"{sentence}\n")
    # The disk may be full, and then this line does not fit either.
    try:
        teller.tell("refused", sentence=sentence)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
    return REFUSED


def _sentence(error: Exception) -> str | None:
    if isinstance(error, RefusedError):
        return str(error)
    # The disk speaks through many libraries, each with an error of its own.
    full = ("No space left on device", "File too large", "Disk quota exceeded", "PytorchStreamWriter failed")
    if any(words in str(error) for words in full):
        return (
            "the disk is full: free some space and run this again, it goes on from the last checkpoint "
            f"({_first(error)})"
        )
    if type(error).__name__ == "OutOfMemoryError":
        return (
            f"the device has too little memory: use more devices, LoRA or a shorter context ({_first(error)})"
        )
    return None


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
