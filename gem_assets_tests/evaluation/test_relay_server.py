"""The door through which a harness asks: open to it alone."""

import asyncio
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from gem_assets.evaluation.relay_server import RelayServer, serving
from gem_assets_tests.llm.test_relay import BODY, CALL, relay
from gem_assets_tests.stub_server import Reply, StubServer, context_too_long


def post(server: RelayServer, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token or server.token}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{server.url('bfcl')}/chat/completions", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


async def refused(server: RelayServer, body: dict[str, Any], token: str | None = None) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        await asyncio.to_thread(post, server, body, token)
    return caught.value.code, json.load(caught.value)["error"]["message"]


def test_answers_are_counted_and_calls_that_nobody_parsed_too(tmp_path: Path):
    def answer(request: dict[str, Any]) -> Reply:
        if request.get("seed"):
            return Reply('<tool_call>{"name": "cd"}</tool_call>')
        return Reply(None, "tool_calls", tool_calls=[CALL])

    async def work(stub: StubServer) -> None:
        async with relay(stub, tmp_path) as opened, serving({"bfcl": opened}) as server:
            for body in (BODY, BODY, {**BODY, "seed": 1}):
                await asyncio.to_thread(post, server, body)
            tally = server.tallies["bfcl"]
            assert (tally.requests, tally.bought, tally.unparsed) == (3, 2, 1)
            assert (tally.input_tokens, tally.cost) == (30, None)

    with StubServer(answer) as stub:
        asyncio.run(work(stub))


def test_nobody_else_can_buy_through_it_and_statuses_are_none_that_clients_try_again(tmp_path: Path):
    async def work(stub: StubServer) -> None:
        async with relay(stub, tmp_path) as opened, serving({"bfcl": opened}) as server:
            assert await refused(server, BODY, "guessed") == (401, "gem_stopped: not for you")
            assert stub.requests == []
            status, message = await refused(server, BODY)
            assert (status, message.partition(":")[0]) == (400, "gem_refused bfcl")
            assert server.tallies["bfcl"].refused == 1
            assert (await refused(server, {**BODY, "stream": True}))[0] == 400

    with StubServer(lambda request: context_too_long()) as stub:
        asyncio.run(work(stub))
