"""The OpenAI interface on 127.0.0.1 behind which a harness finds its model, while it runs.

So the harness knows neither address nor key, and its requests are journaled, limited, priced and tried again
like all others. Does not belong here: what happens to a request (`llm/relay.py`).
"""

import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from gem_assets.llm.protocol import FailedError, RefusedError, StopRunError
from gem_assets.llm.relay import ChatRelay, Relayed

LARGEST_REQUEST = 256 * 2**20
REFUSED, FAILED, STOPPED = "gem_refused", "gem_failed", "gem_stopped"
"""Codes by which the cause of a harness's error is told apart in what it wrote down."""

CALL_MARKS = ("<tool_call>", "<|tool_call", "[TOOL_CALLS]", "<function=", "<|python_tag|>")
"""How models write calls where nobody parses them."""


@dataclass
class Tally:
    """What went through. `bought` requests were paid now, the others came from the journal."""

    requests: int = 0
    bought: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0
    """US dollars, also of what came from the journal; None once a price is unknown."""
    failed: int = 0
    refused: int = 0
    unparsed: int = 0
    """Answers without a call whose text holds the marks of one: the server parses none."""
    stopped: str | None = None
    """Why no request can succeed."""

    def add(self, relayed: Relayed, offered_tools: bool) -> None:
        """Count an answer."""
        self.requests += 1
        self.bought += relayed.bought
        self.input_tokens += relayed.input_tokens
        self.output_tokens += relayed.output_tokens
        self.cost = None if self.cost is None or relayed.cost is None else self.cost + relayed.cost
        message = relayed.body["choices"][0]["message"]
        text = message.get("content") or ""
        self.unparsed += (
            offered_tools and not message.get("tool_calls") and any(m in text for m in CALL_MARKS)
        )


@dataclass(frozen=True)
class RelayServer:
    """Where the relays are found: `http://127.0.0.1:PORT/TASK/v1`, with this token as the key."""

    port: int
    token: str
    tallies: Mapping[str, Tally]

    def url(self, task: str) -> str:
        """Address one relay."""
        return f"http://127.0.0.1:{self.port}/{task}/v1"

    @property
    def stopped(self) -> str | None:
        """Why no request of any relay can succeed; None while they can."""
        return next((tally.stopped for tally in self.tallies.values() if tally.stopped), None)


@asynccontextmanager
async def serving(relays: Mapping[str, ChatRelay]) -> AsyncIterator[RelayServer]:
    """Serve relays on a free port of the loopback until the block is left."""
    token = secrets.token_urlsafe(24)
    tallies = {task: Tally() for task in relays}

    async def chat(request: web.Request) -> web.Response:
        task = request.match_info["task"]
        if not hmac.compare_digest(request.headers.get("Authorization", ""), f"Bearer {token}"):
            return _error(401, "not for you", STOPPED)
        if task not in relays:
            return _error(404, f"there is no relay {task}", STOPPED)
        return await _answer(task, relays[task], tallies[task], await request.json())

    application = web.Application(client_max_size=LARGEST_REQUEST)
    application.router.add_post("/{task}/v1/chat/completions", chat)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield RelayServer(runner.addresses[0][1], token, tallies)
    finally:
        await runner.cleanup()


async def _answer(task: str, relay: ChatRelay, tally: Tally, body: Mapping[str, object]) -> web.Response:
    if body.get("stream"):
        return _error(400, "the relay does not stream", FAILED)
    try:
        relayed = await relay.answer(body)
    except RefusedError as error:
        tally.refused += 1
        return _error(400, str(error), f"{REFUSED} {task}")
    except FailedError as error:
        tally.failed += 1
        return _error(424, str(error), FAILED)
    except StopRunError as error:
        tally.stopped = tally.stopped or str(error)
        return _error(424, str(error), STOPPED)
    tally.add(relayed, bool(body.get("tools")))
    return web.json_response(relayed.body)


def _error(status: int, message: str, code: str) -> web.Response:
    # Statuses that no client tries again: what was worth another try was tried here.
    # The code stands in the message too: of some errors clients pass on that alone.
    body = {"error": {"message": f"{code}: {message}", "type": "relay", "param": None, "code": code}}
    return web.json_response(body, status=status, headers={"x-should-retry": "false"})
