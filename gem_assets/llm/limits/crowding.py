"""Learns how many calls a model takes at once: more while answers come as fast, fewer when they come slower.

A server of one's own never says 429; it answers ever more slowly, and beyond some number of calls serves no
more of them. What is compared are samples of answers sent at one number of calls and at another, by ranks: as
long as nothing changes both are drawn from the same distribution, and however heavy its tail is, a difference
shows no more often than the test allows. Pure. Does not belong here: the state processes share (`places.py`).
"""

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gem_assets.llm.limits.places import Window

# Half as slow again at twice the calls means a third more answers in all: not worth going on beyond.
SLOWER = 1.5
# Standard errors of the rank sum. 3: one false alarm in 700 samples, and those heal; 2 for having helped.
SURE, LIKELY = 3.0, 2.0
SMALLEST_SAMPLE, HELD_SAMPLE = 8, 48
SHRINK_SLOW, SHRINK_REFUSED = 0.6, 0.5
# Growth per sample, before and after the model was first found crowded.
CLIMB, PROBE = 2.0, 1.125
# Answers let pass after a change, in times that one takes.
SETTLING = 3
# An answer's length explains most of its time; so many tokens' worth is what none is faster than.
BASE_TOKENS = 100


@dataclass(frozen=True)
class Level:
    """How slow answers were, with so many calls in flight."""

    places: float
    slowness: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the sample, which a tail does not move."""
        return max(statistics.median(self.slowness), 1e-9)


class Crowding:
    """What one process has seen of one model. Its advice is followed only where nobody came before.

    Right after a change the quick answers come first, so two kinds of samples are kept apart: the earliest
    answers, which are compared with the earliest of the level before while climbing, and those that came
    when the change had settled, which are compared with each other from then on.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._version = -1
        self._sample: list[float] = []
        self._recent: deque[float] = deque(maxlen=SMALLEST_SAMPLE)
        self._settled_at = 0.0
        self._climbing = True
        self._in_doubt = False
        """The climb ended on few answers; calls sent in one moment hold one another up: look again."""
        self._calm: Level | None = None
        """The level that others are measured by."""
        self._left: Level | None = None
        """The crowded level that was just left."""

    def answered(self, window: Window, in_flight: int, seconds: float, output_tokens: int) -> float | None:
        """Take an answer in, sent under this window; returns another number of places, or None."""
        self._recent.append(seconds)
        if not self._is_current(window) or in_flight < window.places / 2 or self._clock() < self._settled_at:
            return None
        self._sample.append(seconds / (BASE_TOKENS + output_tokens))
        enough = (
            max(SMALLEST_SAMPLE, window.places / 4) if self._climbing else max(HELD_SAMPLE, window.places)
        )
        if len(self._sample) < enough:
            return None
        level = Level(window.places, tuple(self._sample))
        self._sample = []
        return self._changed(window, self._climb(window, level) if self._climbing else self._hold(level))

    def turned_away(self, window: Window) -> float | None:
        """The model said that it is too much; returns another number of places, or None."""
        if not self._is_current(window):
            return None
        self._end_climb()
        return self._changed(window, window.places * SHRINK_REFUSED)

    def _is_current(self, window: Window) -> bool:
        if window.version > self._version:
            self._version, self._sample = window.version, []
            self._wait_to_settle()
        return window.version == self._version

    def _changed(self, window: Window, places: float) -> float | None:
        places = min(float(self._most), max(1.0, places))
        if places == window.places:
            return None
        self._version += 1  # what is still to come was sent before the change
        self._sample = []
        self._wait_to_settle()
        return places

    def _climb(self, window: Window, level: Level) -> float:
        calm, self._calm = self._calm, level
        if calm is None and window.version > 0:
            return (
                level.places
            )  # another process climbs already; from here this one can tell whether it helps
        if calm is not None and _is_slower(level, calm):
            self._end_climb()
            self._in_doubt = True
            return level.places / CLIMB
        if level.places >= self._most:
            self._end_climb()
        return level.places * CLIMB

    def _end_climb(self) -> None:
        self._climbing, self._calm, self._left = False, None, None
        self._wait_to_settle()

    def _wait_to_settle(self) -> None:
        if not self._climbing and self._recent:
            self._settled_at = self._clock() + SETTLING * statistics.median(self._recent)

    def _hold(self, level: Level) -> float:
        calm = self._calm or level
        left, self._left = self._left, None
        if left is not None and rank_difference(left.slowness, level.slowness) < LIKELY:
            # Fewer calls made no answer faster: the server has changed, not the crowd.
            calm = level
        elif _is_slower(level, calm):
            self._left = level
            return level.places * SHRINK_SLOW
        if level.places >= CLIMB * calm.places or rank_difference(calm.slowness, level.slowness) > LIKELY:
            calm = level
        self._calm = calm
        if self._in_doubt:
            self._in_doubt = False
            return level.places * CLIMB
        return max(level.places + 1, level.places * PROBE)


def _is_slower(level: Level, calm: Level) -> bool:
    return level.median > SLOWER * calm.median and rank_difference(level.slowness, calm.slowness) > SURE


def rank_difference(first: Sequence[float], second: Sequence[float]) -> float:
    """How many standard errors the first sample's rank sum is above what equal distributions give."""
    ranked = sorted((*first, *second))
    ranks = _middle_ranks(ranked)
    n, m = len(first), len(second)
    expected = n * (n + m + 1) / 2
    deviation = (n * m * (n + m + 1) / 12) ** 0.5
    return (sum(ranks[value] for value in first) - expected) / deviation


def _middle_ranks(ranked: Sequence[float]) -> dict[float, float]:
    """Rank values from 1; equal ones share the middle of their ranks."""
    first: dict[float, int] = {}
    last: dict[float, int] = {}
    for rank, value in enumerate(ranked, 1):
        first.setdefault(value, rank)
        last[value] = rank
    return {value: (first[value] + last[value]) / 2 for value in first}
