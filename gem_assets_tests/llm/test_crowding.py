"""How the number of calls follows a server, by simulation: no time passes and nothing is sent."""

import heapq
import random
from collections.abc import Callable

import pytest

from gem_assets.llm.limits.crowding import Crowding, rank_difference
from gem_assets.llm.limits.places import FIRST_PLACES, Window

Latency = Callable[[float, int], float]
"""Seconds an answer takes, given the time and how many calls are in flight."""


def simulate(latency: Latency, calls: int, most: int = 64, refuse: int | None = None, processes: int = 1):
    """Send `calls` calls as fast as the window lets; returns the window after each answer."""
    clock = 0.0
    minds = [Crowding(most, lambda: clock) for _ in range(processes)]
    window, windows = Window(min(most, FIRST_PLACES), 0), []
    flying: list[tuple[float, int, Window, int, float]] = []
    sent = 0
    while sent < calls or flying:
        while sent < calls and len(flying) < max(1, int(window.places)):
            seconds = latency(clock, len(flying) + 1)
            heapq.heappush(flying, (clock + seconds, sent, window, len(flying) + 1, seconds))
            sent += 1
        clock, number, seen, in_flight, seconds = heapq.heappop(flying)
        mind = minds[number % processes]
        if refuse is not None and in_flight > refuse:
            advice = mind.turned_away(seen)
        else:
            advice = mind.answered(seen, in_flight, seconds, 0)
        if advice is not None and seen.version == window.version:
            window = Window(advice, window.version + 1)
        windows.append(window.places)
    return windows


@pytest.mark.parametrize("seed", range(5))
def test_grows_to_the_most_while_latency_holds(seed):
    windows = simulate(lambda now, n: random.Random(seed).uniform(0.8, 1.2), 300)
    assert windows[-1] == 64


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(
    "draw",
    [
        lambda chance: 6.0 if chance.random() < 0.1 else 1.0,
        lambda chance: chance.lognormvariate(0, 1),
        lambda chance: chance.paretovariate(1.2),
    ],
    ids=["a tenth six times slower", "log-normal", "pareto"],
)
def test_a_heavy_tail_that_stays_the_same_is_no_reason_to_shrink(draw, seed):
    chance = random.Random(seed)
    windows = simulate(lambda now, n: draw(chance), 6000)[1000:]
    assert sum(windows) / len(windows) > 0.9 * 64


# Four processes learn apart from one another, a quarter of the answers each, so they find the edge less well.
@pytest.mark.parametrize(("processes", "beyond"), [(1, 2.6), (4, 7.2)])
@pytest.mark.parametrize("capacity", [8, 20, 40])
@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_saturates_is_kept_busy_and_not_buried(capacity, seed, processes, beyond):
    chance = random.Random(seed)

    def latency(now: float, in_flight: int) -> float:
        return chance.lognormvariate(0, 0.4) * max(1.0, in_flight / capacity)

    windows = simulate(latency, 8000, most=256, processes=processes)[2000:]
    mean = sum(windows) / len(windows)
    assert 0.7 * capacity < mean < beyond * max(capacity, FIRST_PLACES)


@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_gets_slower_is_asked_less_and_more_again_later(seed):
    chance = random.Random(seed)

    def latency(now: float, in_flight: int) -> float:
        capacity = 16 if 100 < now < 400 else 64
        return chance.lognormvariate(0, 0.4) * max(1.0, in_flight / capacity)

    windows = simulate(latency, 24000)
    assert min(windows) < 32
    assert max(windows[-3000:]) == 64


def test_a_server_that_is_slower_whatever_is_asked_is_asked_as_much():
    chance = random.Random(0)
    windows = simulate(lambda now, n: chance.lognormvariate(0, 0.5) * (4 if now > 60 else 1), 12000)
    assert sum(windows[-4000:]) / 4000 > 0.8 * 64


def test_halves_on_a_refusal_once_for_all_calls_of_a_moment():
    mind = Crowding(64)
    window = Window(40, 3)
    assert mind.turned_away(window) == 20
    assert mind.turned_away(Window(20, 4)) == 10
    assert mind.turned_away(window) is None, "sent before the window had changed"


def test_settles_below_what_is_refused():
    windows = simulate(lambda now, n: 1.0, 4000, refuse=24)[500:]
    assert 12 <= sum(windows) / len(windows) <= 26


def test_does_not_grow_for_calls_that_nobody_waits_for():
    mind = Crowding(64)
    assert {mind.answered(Window(16, 0), 3, 1.0, 10) for _ in range(500)} == {None}


def test_long_answers_are_not_slow_ones():
    mind, chance = Crowding(64), random.Random(0)
    window = Window(64, 0)
    short = [mind.answered(window, 64, 1.0 * chance.uniform(0.9, 1.1), 0) for _ in range(64)]
    long = [mind.answered(window, 64, 21.0 * chance.uniform(0.9, 1.1), 2000) for _ in range(64)]
    assert {*short, *long} == {None}


def test_ranks_tell_higher_from_lower_and_equal_from_both():
    assert rank_difference([5, 6, 7, 8], [1, 2, 3, 4]) > 2
    assert rank_difference([1, 1, 1], [1, 1, 1]) == 0
    assert rank_difference([1, 2, 3, 4], [5, 6, 7, 8]) < -2
