"""Requests of a harness go on as they came, and what comes back is journaled and plain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gem_assets.llm.configuration import read_models
from gem_assets.llm.protocol import FailedError, RefusedError, StopRunError
from gem_assets.llm.relay import ChatRelay, Thinking, open_relays
from gem_assets.llm.roles import read_role
from gem_assets_tests.llm.rig import KEY, FakeTime, in_turn, rows
from gem_assets_tests.stub_server import (
    NO_CHOICES,
    TRUNCATED,
    Reply,
    StubServer,
    context_too_long,
    error,
)

TOOL = {
    "type": "function",
    "function": {"name": "cd", "parameters": {"type": "object"}, "response": {"type": "dict"}},
}
BODY = {
    "model": "whatever",
    "messages": [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "cd", "arguments": "{}"}}]},
        {"role": "tool", "content": "None", "tool_call_id": "a"},
    ],
    "tools": [TOOL],
    "temperature": 0.001,
    "store": False,
    "user": "someone",
}  # fmt: skip
CALL = {"id": "c1", "type": "function", "function": {"name": "cd", "arguments": '{"folder": "x"}'}}


@asynccontextmanager
async def relay(
    server: StubServer, home: Path, thinking: Thinking = "default", **variables: str
) -> AsyncIterator[ChatRelay]:
    environment = {"GEM_POLICY_MODEL": "m", "GEM_POLICY_BASE_URL": server.url, "GEM_POLICY_API_KEY": KEY}
    environment |= variables
    role = read_role("policy", environment)
    roles = [("bfcl", role, thinking)]
    async with open_relays(
        roles, read_models(environment).budget("run-1"), home, "run-1", "bfcl@1", FakeTime().pace()
    ) as relays:
        yield relays["bfcl"]


def ask(server: StubServer, home: Path, *bodies: dict[str, Any], **options: Any) -> list[Any]:
    async def work() -> list[Any]:
        async with relay(server, home, **options) as opened:
            return [await opened.answer(body) for body in bodies]

    return asyncio.run(work())


def test_tools_and_history_arrive_as_they_were_sent_and_nothing_else_does(tmp_path: Path):
    with StubServer(lambda request: Reply(None, "tool_calls", tool_calls=[CALL])) as server:
        [first] = ask(server, tmp_path, BODY)
    [sent] = server.requests
    # A content of null is left out on the way, which says the same.
    given = [{k: v for k, v in message.items() if v is not None} for message in BODY["messages"]]
    assert sent["messages"] == given
    assert sent["tools"] == BODY["tools"]
    assert sent["model"] == "m"
    assert sent["temperature"] == 0.001
    assert not sent.keys() & {"store", "user", "max_tokens", "top_p"}
    assert first.body["choices"][0]["message"]["tool_calls"] == [CALL]
    assert first.body["choices"][0]["message"]["content"] is None
    assert first.body["usage"]["total_tokens"] == 15


def test_the_roles_own_settings_come_first(tmp_path: Path):
    variables = {"GEM_POLICY_TEMPERATURE": "0.6", "GEM_POLICY_MAX_TOKENS": "512", "GEM_POLICY_TOP_P": "0.9"}
    with StubServer(lambda request: "done") as server:
        ask(server, tmp_path, BODY, thinking="on", **variables)
    [sent] = server.requests
    assert (sent["temperature"], sent["max_tokens"], sent["top_p"]) == (0.6, 512, 0.9)
    assert sent["chat_template_kwargs"] == {"enable_thinking": True}


def test_a_question_is_bought_once_and_another_seed_or_thinking_is_another_question(tmp_path: Path):
    with StubServer(lambda request: "done") as server:
        first, again, other = ask(server, tmp_path, BODY, BODY, {**BODY, "seed": 7})
        [later] = ask(server, tmp_path, BODY)
        [thinking] = ask(server, tmp_path, BODY, thinking="off")
        assert [one.bought for one in (first, again, other, later, thinking)] == [
            True, False, True, False, True,
        ]  # fmt: skip
        assert len(server.requests) == 3
    assert first.body == again.body == later.body
    assert set(rows(tmp_path, "task, role, prompt_version")) == {("bfcl", "policy", "bfcl@1")}


@pytest.mark.parametrize(
    "reply", [Reply("<think>hm</think>\nyes"), Reply("yes", reasoning="hm")], ids=["inline", "apart"]
)
def test_reasoning_stays_in_the_journal(tmp_path: Path, reply: Reply):
    with StubServer(lambda request: reply) as server:
        [found] = ask(server, tmp_path, BODY)
    assert found.body["choices"][0]["message"] == {"role": "assistant", "content": "yes"}


def test_what_the_model_says_is_the_answer_though_cut_off_or_empty(tmp_path: Path):
    answers = in_turn(Reply("half a sen", "length"), Reply(""))
    with StubServer(answers) as server:
        cut, empty = ask(server, tmp_path, BODY, {**BODY, "seed": 1})
        assert len(server.requests) == 2
    assert cut.body["choices"][0]["finish_reason"] == "length"
    assert empty.body["choices"][0]["message"]["content"] == ""


def test_a_price_is_summed_and_a_budget_holds(tmp_path: Path):
    prices = {"GEM_POLICY_INPUT_PRICE": "1", "GEM_POLICY_OUTPUT_PRICE": "2", "GEM_POLICY_MAX_TOKENS": "10"}
    with StubServer(lambda request: "done") as server:
        [found] = ask(server, tmp_path, BODY, **prices)
        assert found.cost == pytest.approx((10 * 1 + 5 * 2) / 1e6)
        with pytest.raises(StopRunError, match="GEM_MAX_COST"):
            ask(server, tmp_path, {**BODY, "seed": 1}, **prices, GEM_MAX_COST="0.00002")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "raised"),
    [
        (context_too_long(), RefusedError),
        (NO_CHOICES, RefusedError),
        (TRUNCATED, FailedError),
        (error(401, "bad key"), StopRunError),
    ],
    ids=["too long", "no choice", "cut off", "key"],
)
def test_each_fault_is_told_apart_and_a_refusal_is_remembered(
    tmp_path: Path, reply: Any, raised: type[Exception]
):
    with StubServer(lambda request: reply) as server:
        with pytest.raises(raised):
            ask(server, tmp_path, BODY)
        asked = len(server.requests)
        with pytest.raises(raised):
            ask(server, tmp_path, BODY)
        assert (len(server.requests) == asked) == (raised is RefusedError)
