import asyncio

from gem_assets.llm.limits.pacing import Breaker, Gate, Pace
from gem_assets_tests.llm.rig import FakeTime


def test_pauses_double_up_to_the_longest():
    pace = Pace(random=lambda: 0.0)
    assert [pace.pause(failures) for failures in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_lengthens_a_pause_at_most_twice():
    assert Pace(random=lambda: 0.999).pause(1) < 2
    assert Pace(random=lambda: 0.999).pause(20) == 60


def test_a_server_never_heard_of_is_dead_by_number_alone():
    breaker = Breaker(FakeTime().pace(dead_after=3))
    assert [breaker.failure() is None for _ in range(3)] == [True, True, False]


def test_a_server_that_answered_must_be_silent_for_a_while_as_well():
    time = FakeTime()
    breaker = Breaker(time.pace(dead_after=3, dead_seconds=60))
    breaker.success()
    assert [breaker.failure() for _ in range(9)] == [None] * 9
    time.now = 61
    assert breaker.failure() == "10 requests in a row failed within 61 s"


def test_any_answer_starts_the_count_anew():
    breaker = Breaker(FakeTime().pace(dead_after=2))
    for _ in range(3):
        assert breaker.failure() is None
        breaker.alive()
    assert not breaker.answered


def test_a_closed_gate_opens_after_the_longest_wish():
    time = FakeTime()

    async def run():
        gate = Gate(time.pace())
        gate.close_for(5)
        gate.close_for(3)
        await gate.wait()

    asyncio.run(run())
    assert time.now == 5
