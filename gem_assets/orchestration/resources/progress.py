"""Report, from within a run, how far it has come, to whoever started the process.

`gem run` names a file descriptor in GEM_PROGRESS_FD; under Dagster's own daemon nobody does, and nothing
is told.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

VARIABLE = "GEM_PROGRESS_FD"
INTERVAL_SECONDS = 1.0


@dataclass(frozen=True)
class Progress:
    """Inputs judged so far by a stage over a shard."""

    asset: str
    shard: str
    done: int
    total: int
    note: str = ""
    """What else there is to say: requests, cost, time left."""

    def to_line(self) -> str:
        """Write it as one line."""
        return json.dumps({"progress": vars(self)}) + "\n"


def progress_teller(asset: str, shard: str) -> Callable[..., None]:
    """Make the function to call with inputs done, all inputs and a note; it tells at most once a second."""
    descriptor = os.environ.get(VARIABLE)
    last = time.monotonic()

    def tell(done: int, total: int, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if descriptor is None or now - last < INTERVAL_SECONDS:
            return
        last = now
        os.write(int(descriptor), Progress(asset, shard, done, total, note).to_line().encode())

    return tell


def report_line(line: str) -> None:
    """Hand a line of text on, for a command to print as it stands."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor is not None:
        os.write(int(descriptor), (json.dumps({"line": line}) + "\n").encode())
