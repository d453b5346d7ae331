"""How long to ask: pauses between tries, and when to give up on a server.

One set per role and process. Does not belong here: what a fault means (`faults.py`), how many calls there may
be at once (`limits.py`).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Pauses double from `first_pause` to `longest_pause` seconds, each made longer at random, up to twice.

    A provider's own wish is followed up to `longest_wish` seconds. After `tries` requests the call has
    failed. `dead_after` transport faults in a row, over `dead_seconds` and with no answer in between, stop
    the run; before the first answer of a run their number alone does. When a run is stopped, calls in flight
    have `grace_seconds` to come home.
    """

    tries: int = 7
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_wish: float = 900.0
    dead_after: int = 10
    dead_seconds: float = 60.0
    poll_seconds: float = 0.2
    grace_seconds: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def pause(self, failures: int) -> float:
        """Seconds to wait after the `failures`-th failure of a call."""
        pause = self.first_pause * 2 ** (failures - 1) * (1 + self.random())
        return min(self.longest_pause, pause)


class Breaker:
    """Counts transport faults in a row and says when a server must be taken for dead."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._failures = 0
        self._since = 0.0
        self.answered = False
        """Whether any request of this run was answered."""

    def success(self) -> None:
        """Note an answer."""
        self.answered = True
        self._failures = 0

    def alive(self) -> None:
        """Note that the server said no: it is there."""
        self._failures = 0

    def failure(self) -> str | None:
        """Note a transport fault; returns the arithmetic when it was one too many, else None."""
        if not self._failures:
            self._since = self._pace.clock()
        self._failures += 1
        lasted = self._pace.clock() - self._since
        if self._failures < self._pace.dead_after or (self.answered and lasted < self._pace.dead_seconds):
            return None
        return f"{self._failures} requests in a row failed within {lasted:.0f} s"


class Gate:
    """Lets no request through while a provider has asked for a pause."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._closed_until = 0.0

    async def wait(self) -> None:
        """Wait until no pause is on; called before each request."""
        while (left := self._closed_until - self._pace.clock()) > 0:
            await self._pace.sleep(left)

    def close_for(self, seconds: float) -> None:
        """Hold back every request of the role for so long: a rate limit is not one call's matter."""
        self._closed_until = max(self._closed_until, self._pace.clock() + seconds)
