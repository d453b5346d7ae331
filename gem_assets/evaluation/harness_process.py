"""Runs a harness's driver in its own Python: a scratch folder, no key, no environment of ours.

Does not belong here: what a driver does (`harness/`).
"""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.settings import CHECKOUT
from gem_assets.store.home import Home

DRIVERS = Path(__file__).with_name("harness")
POLL_SECONDS = 0.5
_LAST_WORDS = 400

Watch = Callable[[], Awaitable[str | None]]
"""Looked at twice a second while a harness runs; a sentence stops it."""


def find_python(named: Path | None, variable: str, folder: str) -> Path:
    """Find the Python of a harness: the one its variable names, else the environment `make` filled.

    Raises:
        EvaluationError: there is none.
    """
    candidates = (
        [named.expanduser()]
        if named is not None
        else [root / folder / "bin/python" for root in (CHECKOUT, Path.cwd())]
    )
    for path in candidates:
        if path.is_file():
            # Not resolved: the link's place is what makes it the environment's Python.
            return path.absolute()
    where = f"there is no {folder}" if named is None else f"{variable}={named} is no Python"
    raise EvaluationError(
        f"{where}: `make eval-env` installs the benchmarks into an environment of their own"
    )


@contextmanager
def scratch_folder(home: Home, what: str) -> Iterator[Path]:
    """Give a new folder to a harness and take it away again; after an error its log stays in GEM_HOME."""
    folder = home.root / "evaluations"
    (folder / "scratch").mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"{what}-", dir=folder / "scratch"))
    try:
        yield scratch
    except Exception:
        for log in scratch.glob("*.log"):
            shutil.copyfile(log, folder / f"{what}.log")
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


async def run_driver(
    python: Path,
    driver: str,
    job: Mapping[str, Any],
    scratch: Path,
    variables: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Hand a job to a driver and read its answer.

    Raises:
        EvaluationError: the driver gave none; holds its last words. `watch` said why it was stopped.
    """
    task = str(job["task"])
    order, out, log = (scratch / f"{task}.{kind}" for kind in ("job", "json", "log"))
    order.write_text(json.dumps({**job, "scratch": str(scratch), "out": str(out)}), "utf-8")
    with log.open("wb") as told:
        process = await asyncio.create_subprocess_exec(
            *(str(python), "-s", "-B", str(DRIVERS / driver), str(order)),
            stdin=asyncio.subprocess.PIPE,  # the driver ends when this does
            stdout=told,
            stderr=told,
            cwd=scratch,
            env=_environment(scratch) | dict(variables or {}),
        )
        try:
            stopped = await _wait(process, watch)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if stopped is not None:
        raise EvaluationError(stopped)
    if process.returncode != 0 or not out.is_file():
        raise EvaluationError(f"the harness ended with status {process.returncode}: {_last_words(log)}")
    return json.loads(out.read_text("utf-8"))


async def _wait(process: asyncio.subprocess.Process, watch: Watch | None) -> str | None:
    ended = asyncio.ensure_future(process.wait())
    while not ended.done():
        await asyncio.wait({ended}, timeout=POLL_SECONDS)
        stopped = await watch() if watch is not None else None
        if stopped is not None and not ended.done():
            return stopped
    return None


def _environment(scratch: Path) -> dict[str, str]:
    """Hold what a Python needs to run, and nothing that was given to us."""
    return {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "OPENAI_API_KEY": "none",
    }


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return " ".join(lines[-2:])[-_LAST_WORDS:] if lines else "it said nothing"
