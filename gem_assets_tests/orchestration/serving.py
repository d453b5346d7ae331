"""`make ui` as a process group of its own, on free ports, with a home of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.store.home import Home

CHECKOUT = Path(__file__).parents[2]
CORPUS = CHECKOUT / "gem_assets" / "sample_corpus"
PATIENCE = 240
GEM = [sys.executable, "-m", "gem_assets.cli"]
# As a user types it, but that no environment is made or changed.
MAKE_UI = ["make", "ui", f"BIN={Path(sys.executable).parent}", "-o", ".venv/.ready"]
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName tags { key value } } } } }"


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for opened in sockets:
        opened.bind(("127.0.0.1", 0))
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def wait_for(true: Callable[[], Any], what: str) -> Any:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError(f"waited {PATIENCE} s in vain for {what}")


class Served:
    """A home and the `make ui` that serves it."""

    def __init__(self, root: Path, **variables: str) -> None:
        # Neither settings nor the job server of a `make -j` that runs these tests.
        foreign = ("GEM_", "DAGSTER_", "MAKE", "MFLAGS")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        ui_port, report_port = free_ports(2)
        self.home = Home(root)
        self.addresses = Addresses(ui_port, report_port)
        ports = {"GEM_UI_PORT": str(ui_port), "GEM_REPORT_PORT": str(report_port)}
        self.environment = kept | ports | {"GEM_HOME": str(root), **variables}
        self.log = root.with_name(f"{root.name}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def gem(self, *arguments: str) -> str:
        done = subprocess.run([*GEM, *arguments], env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ingest(self, names: list[str], shard_size: int) -> None:
        paths = [str(CORPUS / f"{name}.md") for name in names]
        self.gem("ingest", *paths, "--corpus", "demo", "--shard-size", str(shard_size))

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                MAKE_UI,
                cwd=CHECKOUT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._is_up, f"Dagster to answer (its log: {self.log})")

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.addresses.graphql, body, headers)
        with urllib.request.urlopen(request, timeout=60) as reply:
            answer = json.load(reply)
        assert not answer.get("errors"), answer
        return answer["data"]

    def runs(self, *statuses: str) -> list[dict[str, Any]]:
        found = self.ask(RUNS)["runsOrError"]["results"]
        return [run for run in found if not statuses or run["status"] in statuses]

    def processes(self) -> list[int]:
        """Every process that works in this home: they all have it in their environment."""
        mark = f"GEM_HOME={self.home.root}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
        return found

    def stop(self) -> int:
        """Ask the whole of it to end, as whoever ends a service does; returns how make ended."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE)

    def interrupt(self) -> int:
        """Press Ctrl-C: a terminal sends it to every process of the group; returns how make ended."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=PATIENCE)

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            loaded = self.ask("{ repositoriesOrError { __typename } }")
        except OSError:
            return False
        return loaded["repositoriesOrError"]["__typename"] == "RepositoryConnection"


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    served.start()
    try:
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.stop()
        for process in served.processes():
            os.kill(process, signal.SIGKILL)
