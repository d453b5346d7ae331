import asyncio

import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets_tests.llm.rig import FakeTime, ask, in_turn, opened, request, rows
from gem_assets_tests.stub_server import (
    HANG,
    RESET,
    TRUNCATED,
    StubServer,
    drip,
    error,
    error_in_success,
    html_page,
    rate_limited,
)


@pytest.mark.parametrize(
    "fault",
    [
        error(500, "boom"),
        error(503, "overloaded"),
        html_page(502),
        error(529, "overloaded"),
        error_in_success(),
        RESET,
        TRUNCATED,
        rate_limited(),
        rate_limited("3"),
    ],
)
def test_asks_again_after_a_passing_fault(tmp_path, fault):
    time = FakeTime()
    with StubServer(in_turn("first", fault, "hello")) as server:
        assert ask(server, tmp_path, "before", "question", time=time).text == "hello"
    # litellm itself repeats once, unasked, when a connection breaks.
    assert len(server.requests) == 3
    assert sum(time.slept) == pytest.approx(3 if fault == rate_limited("3") else 0 if fault is RESET else 1)


def test_pauses_grow_and_end(tmp_path):
    time = FakeTime()
    with StubServer(lambda _: error(500, "boom")) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path, time=time)
    assert caught.value.reason == "server_error"
    assert time.slept == [1, 2, 4, 8, 16, 32]
    assert len(server.requests) == 7
    assert rows(tmp_path) == [], "a failure is not remembered"


def test_a_rate_limit_holds_back_every_call_of_the_role(tmp_path):
    time = FakeTime()
    answers = in_turn("first", rate_limited("30"), "hello")

    async def run(server):
        async with opened(server, tmp_path, time, GEM_CONCURRENCY="1") as models:
            return await asyncio.gather(*(models.filter.complete(request(f"{n}")) for n in range(3)))

    with StubServer(answers) as server:
        asyncio.run(run(server))
    assert time.slept == [30]


def test_gives_up_on_a_rate_limit_that_never_ends(tmp_path):
    with StubServer(lambda _: rate_limited("1")) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path)
    assert caught.value.reason == "rate_limited"
    assert len(server.requests) == 21


def test_does_not_wait_for_hours(tmp_path):
    with StubServer(lambda _: rate_limited("40000")) as server, pytest.raises(FailedError, match="40000 s"):
        ask(server, tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [HANG, drip(0.02)])
def test_cuts_an_answer_that_does_not_come_and_asks_once_more(tmp_path, fault):
    with StubServer(in_turn("first", fault)) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path, "before", "question", GEM_TIMEOUT_SECONDS="0.4")
    assert caught.value.reason == "timeout"
    assert len(server.requests) == 3


def test_a_cut_body_is_asked_for_once_more_only(tmp_path):
    with StubServer(lambda _: TRUNCATED) as server, pytest.raises(FailedError) as caught:
        ask(server, tmp_path)
    assert caught.value.reason == "server_error"
    assert len(server.requests) == 2


def test_a_page_instead_of_an_answer_is_retried_once_the_server_was_known(tmp_path):
    with StubServer(in_turn("first", html_page(), "hello")) as server:
        assert ask(server, tmp_path, "before", "question").text == "hello"
