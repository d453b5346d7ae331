"""Start `writer_process.py` in a role, and end what a test leaves running."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from gem_assets.store.home import Home

CHECKOUT = Path(__file__).parents[2]

Process = subprocess.Popen[str]


@contextmanager
def started(home: Home, *roles: str) -> Generator[list[Process]]:
    """Start a process per role; those that are left at the end are killed."""
    processes = [_start(home, role) for role in roles]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def first_line(process: Process) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def let_go(processes: list[Process]) -> list[str]:
    """End the input of all of them at once; gives what each says then. Raises where one failed."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    said: list[str] = []
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        said.append(out)
    return said


def _start(home: Home, role: str) -> Process:
    return subprocess.Popen(
        [sys.executable, "-m", "gem_assets_tests.store.writer_process", role, str(home.root)],
        cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
