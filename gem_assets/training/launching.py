"""Start a prepared training as a process of its own, follow it, stop it, and say how it ended.

Used by the steps of a campaign; a model's asset starts the same command by Dagster's Pipes
(`orchestration/assets/models.py`).
"""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from gem_assets.store.files import append_line
from gem_assets.training.runs import Run
from gem_assets.training.trainer import TrainerError, clean

INTERVAL_SECONDS = 0.2
STOPPED = "stopped: run this again to continue from where it was"


class StoppedError(Exception):
    """The training was stopped on request; it goes on when it is started again."""


def launch(run: Run, environment: Mapping[str, str], told: Callable[[dict[str, Any]], None]) -> None:
    """Run a training to its end in this terminal, handing on its events.

    Raises:
        TrainerError: it refused or broke; the sentence says why.
        StoppedError: it was stopped.
    """
    begin(run)
    events = _Follower(run.progress)
    with run.log.open("ab") as log:
        # A session of its own: Ctrl-C reaches this process only, which then stops the training in order.
        child = subprocess.Popen(
            run.command, stdout=log, stderr=log, env=clean(environment), start_new_session=True
        )
    with _PassingOn(child):
        while child.poll() is None:
            _each(events, told)
            time.sleep(INTERVAL_SECONDS)
    _each(events, told)
    check_end(run, child.returncode)


@contextmanager
def followed(run: Run, told: Callable[[dict[str, Any]], None]) -> Generator[None]:
    """Hand the events of a training on while the block runs, whichever process it runs in."""
    events, ended = _Follower(run.progress), threading.Event()

    def follow() -> None:
        while not ended.wait(INTERVAL_SECONDS):
            _each(events, told)
        _each(events, told)

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        ended.set()
        follower.join()


def begin(run: Run) -> None:
    """Note that an attempt starts, so that nothing an earlier one told is taken for its."""
    append_line(run.progress, json.dumps({"event": "started", "time": time.time()}))


def check_end(run: Run, status: int | None = None) -> None:
    """Say how an attempt ended, by its exit status where that is known; returns where the model is there.

    Raises:
        TrainerError, StoppedError: as `launch`.
    """
    last = last_event(run)
    if last.get("event") == "stopped":
        raise StoppedError(STOPPED)
    if last.get("event") == "refused":
        raise TrainerError(last["sentence"])
    if status in (0, None) and run.is_done:
        return
    how = "" if status is None else f" with signal {-status}" if status < 0 else f" with status {status}"
    raise TrainerError(
        f"the training ended{how}; {run.log} says why, and running this again continues from the last "
        "checkpoint"
    )


def last_event(run: Run) -> dict[str, Any]:
    """Read the last thing a training told; empty where it told nothing."""
    lines = run.progress.read_text("utf-8").splitlines() if run.progress.is_file() else []
    return json.loads(lines[-1]) if lines else {}


class _Follower:
    """Reads whole lines of a file that grows, from where it ends now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = path.stat().st_size if path.is_file() else 0

    def lines(self) -> Iterator[str]:
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if line.endswith(b"\n"):
                    self._read += len(line)
                    yield line.decode()


def _each(events: _Follower, told: Callable[[dict[str, Any]], None]) -> None:
    for line in events.lines():
        told(json.loads(line))


class _PassingOn:
    """Hand a signal to stop on to the training, and wait for it to save."""

    def __init__(self, child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._pass)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _pass(self, number: int, frame: FrameType | None) -> None:
        if self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGTERM)
