import asyncio

import pytest

from gem_assets.llm.journal.flights import Flights


def test_one_flight_serves_all_who_wait_and_the_next_starts_anew():
    started = []

    async def work():
        started.append(1)
        await asyncio.sleep(0)
        return len(started)

    async def run():
        flights = Flights()
        together = await asyncio.gather(*(flights.join("a", work) for _ in range(3)))
        return together, await flights.join("a", work)

    assert asyncio.run(run()) == ([1, 1, 1], 2)


def test_all_who_wait_learn_of_a_failure():
    async def work():
        raise ValueError("broken")

    async def run():
        flights = Flights()
        return await asyncio.gather(*(flights.join("a", work) for _ in range(2)), return_exceptions=True)

    assert [str(error) for error in asyncio.run(run())] == ["broken", "broken"]


def test_work_nobody_waits_for_is_cancelled_and_cleans_up():
    cleaned = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            cleaned.append(True)

    async def run():
        flights = Flights()
        waiting = asyncio.create_task(flights.join("a", work))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await flights.drain()

    asyncio.run(run())
    assert cleaned == [True]
