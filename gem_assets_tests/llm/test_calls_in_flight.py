import asyncio

from gem_assets_tests.llm.rig import FakeTime, opened, request, rows
from gem_assets_tests.stub_server import (
    HANG,
    StubServer,
)


def test_never_has_more_calls_in_flight_than_allowed(tmp_path):
    async def run(server):
        async with opened(server, tmp_path, GEM_CONCURRENCY="3") as models:
            await asyncio.gather(*(models.filter.complete(request(f"{n}")) for n in range(12)))

    with StubServer(lambda _: "hello", latency=0.05) as server:
        asyncio.run(run(server))
    assert server.max_in_flight == 3


def test_the_same_question_at_the_same_time_is_sent_once(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            return await asyncio.gather(*(models.filter.complete(request("same")) for _ in range(5)))

    with StubServer(lambda _: "hello", latency=0.05) as server:
        assert len(set(asyncio.run(run(server)))) == 1
    assert len(server.requests) == 1


def test_a_cancelled_caller_takes_the_answer_from_nobody_else(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            first = asyncio.create_task(models.filter.complete(request("same")))
            second = asyncio.create_task(models.filter.complete(request("same")))
            while not server.requests:
                await asyncio.sleep(0.01)
            first.cancel()
            return (await second).text

    with StubServer(lambda _: "hello", latency=0.1) as server:
        assert asyncio.run(run(server)) == "hello"
    assert len(server.requests) == 1


def test_a_cancelled_call_leaves_no_claim_behind(tmp_path):
    async def run(server):
        async with opened(server, tmp_path) as models:
            asking = asyncio.create_task(models.filter.complete(request()))
            while not server.requests:
                await asyncio.sleep(0.01)
            asking.cancel()

    with StubServer(lambda _: HANG) as server:
        asyncio.run(run(server))
    assert rows(tmp_path) == []


def test_an_answer_under_way_is_journaled_although_the_run_was_stopped(tmp_path):
    async def run(server):
        pace = FakeTime().pace(grace_seconds=20)
        async with opened(server, tmp_path, pace=pace, GEM_CONCURRENCY="2") as models:
            asking = [asyncio.create_task(models.filter.complete(request(f"{n}"))) for n in range(4)]
            while len(server.requests) < 2:
                await asyncio.sleep(0.01)
            for task in asking:
                task.cancel()

    with StubServer(lambda _: "hello", latency=0.3) as server:
        asyncio.run(run(server))
    assert len(server.requests) == 2, "what stood in line is not sent"
    assert [status for (status,) in rows(tmp_path)] == ["done", "done"]
