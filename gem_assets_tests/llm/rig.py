"""What the tests of the model layer share: requests, time that costs none, a role at a stub server."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gem_assets.llm.configuration import read_models
from gem_assets.llm.journal.calls import Asked, Call, Question
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.limits.pacing import Pace
from gem_assets.llm.models import Models, open_models
from gem_assets.llm.protocol import ChatMessage, Completion, Request
from gem_assets.llm.provider import Send, Sent
from gem_assets.llm.sampling import Sampling
from gem_assets_tests.stub_server import Answer, Fault, Reply, StubServer

KEY = "sk-planted-0123456789abcdef"
THREADS = ThreadPoolExecutor(max_workers=64)
PROCESS = Path(__file__).with_name("asking_process.py")


SAMPLING = Sampling(temperature=0.2, max_tokens=4096)


def request(text: str = "How do I return a parcel?", **fields: Any) -> Request:
    asked = {"task": "filter_document", "prompt_version": "filter_document@0", "sampling": SAMPLING}
    values = asked | fields
    return Request(messages=(ChatMessage(role="user", content=text),), **values)


async def claim(
    journal: Journal, question: Question, request: Mapping[str, Any] | None = None, before: Call | None = None
) -> str:
    """Claim one question where there is no limit; returns how that ended."""
    (claimed,) = await journal.claim([Asked(question, request or {}, before)])
    return claimed.state


@dataclass
class FakeTime:
    """A clock that only sleeping moves, and the pauses that were slept."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def pace(self, **fields: Any) -> Pace:
        fields = {"grace_seconds": 0.2, **fields}
        return Pace(sleep=self.sleep, clock=lambda: self.now, random=lambda: 0.0, **fields)


def in_turn(*answers: str | Reply | Fault) -> Answer:
    """Give one answer after another, the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@asynccontextmanager
async def opened(
    server: StubServer, home: Path, time: FakeTime | None = None, pace: Pace | None = None, **variables: str
) -> AsyncIterator[Models]:
    """Open all roles at a stub server."""
    environment = {"GEM_MODEL": "stub-model", "GEM_BASE_URL": server.url, "GEM_API_KEY": KEY, **variables}
    async with open_models(
        read_models(environment), home, "run-1", pace or (time or FakeTime()).pace()
    ) as models:
        yield models


def ask(
    server: StubServer, home: Path, *texts: str, time: FakeTime | None = None, **variables: str
) -> Completion:
    """Ask in order within one run; returns the last completion or raises what it raised."""

    async def run():
        async with opened(server, home, time, None, **variables) as models:
            for text in texts[:-1]:
                await models.filter.complete(request(text))
            return await models.filter.complete(request(texts[-1] if texts else "a question"))

    return asyncio.run(run())


def rows(home: Path, columns: str = "status", table: str = "calls") -> list[tuple[Any, ...]]:
    """Read the journal with a connection of one's own, in the order in which rows were written."""
    connection = sqlite3.connect(home / "journal.db")
    try:
        order = "started_at" if table == "calls" else "rowid"
        return connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}").fetchall()
    finally:
        connection.close()


def plain_sender(url: str) -> Send:
    """Send without litellm, whose import takes seconds, for processes that the tests start."""

    def post(parameters: Mapping[str, Any]) -> Sent:
        body = json.dumps(dict(parameters)).encode()
        call = urllib.request.Request(f"{url}/chat/completions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(call) as reply:
            return Sent(json.load(reply), None)

    async def send(parameters: Mapping[str, Any]) -> Sent:
        # A pool of its own: asyncio's has too few threads for that many calls in flight.
        return await asyncio.get_running_loop().run_in_executor(THREADS, post, parameters)

    return send


def start(
    server: StubServer,
    home: Path,
    questions: int,
    concurrency: int,
    prefix: str = "question",
    **environment: str,
) -> subprocess.Popen[str]:
    """Start a process that asks; it waits for `go`."""
    command = [sys.executable, str(PROCESS), server.url, str(home), str(questions), str(concurrency), prefix]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, **environment}, **pipes)


def go(*processes: subprocess.Popen[str]) -> None:
    """Let processes begin, once all of them are ready."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def said(process: subprocess.Popen[str]) -> list[str]:
    """Wait for a process to end and give what it wrote."""
    return process.communicate()[0].splitlines()


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for what another process is going to do; fails after a minute."""

    async def poll() -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.01)

    asyncio.run(poll())
