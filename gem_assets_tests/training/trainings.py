"""Start trainings in tests as `gem train` does, or as a process to be killed."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from gem_assets.configuration import read_configuration
from gem_assets.datasets.exports.rows import Task
from gem_assets.store.home import Home
from gem_assets.training.configurations import load_configuration
from gem_assets.training.launching import begin, launch
from gem_assets.training.runs import Run, prepare_run
from gem_assets.training.trainer import clean, find_trainer

PATIENCE_SECONDS = 300
BEGINNING = 9


def prepared(home: Home, task: Task = "policy", **changed: Any) -> Run:
    """A training of the recipe `all` with the quick configuration, on the beginnings of its dialogues."""
    configuration = load_configuration("quick", home)
    training = configuration.training.model_copy(update=changed.pop("training", {}))
    configuration = configuration.model_copy(update={"training": training, **changed})
    run = prepare_run(home, task, "all", configuration, find_trainer(read_configuration({})))
    if not run.is_done:
        rows = [json.loads(line) for line in (run.work / "train.jsonl").read_text("utf-8").splitlines()]
        for row in rows:
            row["messages"] = row["messages"][:BEGINNING]
        (run.work / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return run


def trained(run: Run) -> list[dict[str, Any]]:
    """Run it to its end; gives what it told."""
    told: list[dict[str, Any]] = []
    launch(run, os.environ, told.append)
    return told


def started(run: Run, **options: Any) -> "subprocess.Popen[bytes]":
    begin(run)
    with run.log.open("ab") as log:
        return subprocess.Popen(run.command, stdout=log, stderr=log, env=clean(os.environ), **options)


def events(run: Run, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in run.progress.read_text("utf-8").splitlines()]
    return [line for line in lines if line["event"] == kind]


def wait_for(run: Run, kind: str, count: int, child: "subprocess.Popen[bytes]") -> None:
    """Wait until it told so many events of a kind; fails where it ended first."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(events(run, kind)) < count:
        assert child.poll() is None, run.log.read_text("utf-8")[-2000:]
        assert time.monotonic() < end
        time.sleep(0.02)


def killed(run: Run, after_checkpoints: int) -> None:
    """Kill it, process and all, after so many checkpoints."""
    child = started(run)
    wait_for(run, "checkpoint", after_checkpoints, child)
    child.send_signal(signal.SIGKILL)
    child.wait()


def weights(run: Run) -> bytes:
    return (run.published / "model.safetensors").read_bytes()


def figures(run: Run) -> dict[str, Any]:
    return json.loads((run.published / "training.json").read_text("utf-8"))


def left_over(run: Run) -> list[Path]:
    """Unfinished things among the models."""
    return [path for path in run.published.parent.rglob("*.tmp")]
