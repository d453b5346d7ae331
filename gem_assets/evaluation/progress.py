"""How far an evaluation is: entries, time left, requests, tokens, cost, as one line.

Does not belong here: who reads it (`orchestration/resources/progress.py`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from gem_assets.display import figures
from gem_assets.evaluation.relay_server import Tally


@dataclass(frozen=True)
class Tell:
    """Entries that are done, of how many, and the rest in words."""

    done: int
    total: int
    note: str


class Telling:
    """Turns counts into what is told, once for each change."""

    def __init__(self, what: str, total: int, tell: Callable[[Tell], None]) -> None:
        self._what = what
        self._total = total
        self._tell = tell
        self._began = time.monotonic()
        self._told: Tell | None = None

    def tell(self, done: int, *tallies: Tally) -> None:
        """Tell how far it is."""
        spent = time.monotonic() - self._began
        left = spent / done * (self._total - done) if done else None
        costs = [tally.cost for tally in tallies]
        cost = None if None in costs else sum(cost for cost in costs if cost is not None)
        parts = [
            f"{figures.count(sum(tally.requests for tally in tallies))} requests",
            f"{figures.count(sum(tally.bought for tally in tallies))} new",
            f"{figures.compact(sum(t.input_tokens + t.output_tokens for t in tallies))} tokens",
            f"cost {figures.money(cost)}",
            f"{figures.duration(left)} left" if left is not None else "time left not known yet",
        ]
        told = Tell(done, self._total, ", ".join(parts))
        if told != self._told:
            self._told = told
            self._tell(told)
