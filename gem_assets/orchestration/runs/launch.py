"""Runs without a daemon, for commands: N worker processes, one order at a time each, its steps in order.

Imports no Dagster: the workers do. A worker that is killed costs its shard of the moment; another takes
its place, and running again continues.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.resources.progress import Progress


@dataclass(frozen=True)
class Order:
    """A shard and the assets to materialise of it, or the tables over all shards."""

    shard: str | None
    assets: tuple[str, ...] = ()
    limit: int | None = None
    """Only so many of the shard's documents."""

    @property
    def name(self) -> str:
        """What it is about, for a line of progress."""
        return self.shard or "tables"

    def to_line(self) -> str:
        """Write the order as a worker reads it."""
        told: dict[str, Any] = {"tables": True}
        if self.shard:
            told = {"shard": self.shard, "assets": self.assets}
        if self.limit is not None:
            told["options"] = {"limit": self.limit}
        return json.dumps(told) + "\n"


@dataclass(frozen=True)
class JobOrder(Order):
    """A job over one partition, which may have several dimensions; `assets` are those of it, none is all."""

    job: str = ""
    partition: str | Mapping[str, str] = ""
    partitions: str | None = None
    """The dynamic partitions that the partition is added to, where it may be new."""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What is chosen of the job, as its launchpad takes it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """What it is about."""
        keys = [self.partition] if isinstance(self.partition, str) else self.partition.values()
        return " ".join([self.job, *keys])

    def to_line(self) -> str:
        """Write the order as a worker reads it."""
        told = asdict(self)
        del told["shard"], told["limit"]
        return json.dumps(told) + "\n"


@dataclass(frozen=True)
class Done:
    """How an order ended. `stops`: no other order would fare better until a setting is changed."""

    order: Order
    ok: bool
    problem: str | None
    run_id: str | None = None
    stops: bool = False
    made: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Numbers and texts of the metadata of each asset that was materialised."""


class Launcher:
    """Worker processes that can be stopped together."""

    def __init__(self, configuration: RunConfiguration) -> None:
        self._environment = configuration.child_environment
        self._log = configuration.home.dagster / "worker.log"
        self._workers: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def execute(
        self,
        orders: Sequence[Order],
        workers: int,
        done: Callable[[Done], None],
        underway: Callable[[Progress], None] = lambda progress: None,
        printed: Callable[[str], None] = lambda line: None,
    ) -> list[Done]:
        """Execute orders; returns every result.

        Calls `done` after each, `underway` now and then, `printed` with each line of text. After one that
        `stops` the others are not begun.
        """
        waiting = iter(orders)
        results: list[Done] = []

        def next_order() -> Order | None:
            with self._lock:
                in_vain = self._stopped or any(result.stops for result in results)
                return None if in_vain else next(waiting, None)

        def finished(result: Done) -> None:
            with self._lock:
                results.append(result)
                done(result)

        threads = [
            threading.Thread(
                target=self._work, args=(next_order, finished, _Listener(underway, printed)), daemon=True
            )
            for _ in range(min(workers, len(orders)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def stop(self) -> None:
        """Interrupt every worker: running calls end or are journaled, no shard is left half written."""
        self._stopped = True
        with self._lock:
            for worker in self._workers:
                if worker.poll() is None:
                    os.killpg(worker.pid, signal.SIGTERM)

    def _work(
        self,
        next_order: Callable[[], Order | None],
        done: Callable[[Done], None],
        listener: "_Listener",
    ) -> None:
        worker: subprocess.Popen[str] | None = None
        while (order := next_order()) is not None:
            if worker is None or worker.poll() is not None:
                worker = self._start()
            done(_hand_over(worker, order, listener))
        if worker is not None:
            self._finish(worker)

    def _start(self) -> subprocess.Popen[str]:
        # A session of its own: Ctrl-C reaches the command only, which then stops the workers in order.
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "gem_assets.orchestration.runs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                text=True,
                start_new_session=True,
            )
        with self._lock:
            self._workers.add(worker)
        return worker

    def _finish(self, worker: subprocess.Popen[str]) -> None:
        if worker.stdin is not None and worker.poll() is None:
            worker.stdin.close()
        worker.wait()
        with self._lock:
            self._workers.discard(worker)


def orders_for(
    pieces: Sequence[tuple[str, str]], limits: Mapping[str, int | None] | None = None
) -> list[Order]:
    """Gather pairs of asset and shard into one order per shard, in the order of the shards."""
    shards: dict[str, list[str]] = {}
    for asset, shard in pieces:
        shards.setdefault(shard, []).append(asset)
    return [Order(shard, tuple(assets), (limits or {}).get(shard)) for shard, assets in shards.items()]


@dataclass(frozen=True)
class _Listener:
    """Whom a run's reports go to."""

    underway: Callable[[Progress], None]
    printed: Callable[[str], None]

    def hear(self, told: Mapping[str, Any]) -> bool:
        """Hand a report on; False where it is none but the answer."""
        if "progress" in told:
            self.underway(Progress(**told["progress"]))
        elif "line" in told:
            self.printed(told["line"])
        else:
            return False
        return True


def _hand_over(worker: subprocess.Popen[str], order: Order, listener: _Listener) -> Done:
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(order.to_line())
        worker.stdin.flush()
        line = worker.stdout.readline()
        while line and listener.hear(json.loads(line)):
            line = worker.stdout.readline()
    except OSError:
        line = ""
    if not line:
        worker.wait()
        return Done(
            order, False, f"its process ended with signal or status {worker.returncode}; run it again"
        )
    answer: dict[str, Any] = json.loads(line)
    return Done(
        order,
        answer["ok"],
        answer["problem"],
        answer.get("run_id"),
        answer.get("stops", False),
        answer.get("made", {}),
    )
