"""The clients whose CPU `bench_llm.py` compares, each in a process of its own.

python -m gem_assets_tests.benches.llm_clients NAME: for each line `[url, calls, in_flight]` on its input it
asks so many questions and writes `[CPU milliseconds a call, seconds a call]`, all threads counted.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from gem_assets.llm.configuration import read_models
from gem_assets.llm.models import open_models
from gem_assets.llm.provider import litellm_sender, load_litellm
from gem_assets.llm.roles import read_role
from gem_assets_tests.llm.rig import request

PROMPT = "Read the text and say what it describes. " * 100  # 4 KB
Asking = Callable[[str, list[str], int], Coroutine[Any, Any, None]]


async def crowd(prompts: list[str], ask: Callable[[str], Awaitable[object]], in_flight: int) -> None:
    """Ask all, `in_flight` at a time."""
    waiting = iter(prompts)

    async def work() -> None:
        for prompt in waiting:
            await ask(prompt)

    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(work())


async def by_aiohttp(url: str, prompts: list[str], in_flight: int) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight)) as session:

        async def ask(prompt: str) -> object:
            body = {"model": "stub", "messages": [{"role": "user", "content": prompt}], "max_tokens": 4096}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                return (await reply.json())["choices"][0]["message"]["content"]

        await crowd(prompts, ask, in_flight)


async def by_litellm(url: str, prompts: list[str], in_flight: int) -> None:
    litellm = load_litellm()  # with its own price table, so that it fetches none

    async def ask(prompt: str) -> object:
        return await litellm.acompletion(
            model="hosted_vllm/stub", messages=[{"role": "user", "content": prompt}], api_base=url,
            temperature=0.2, top_p=0.95, max_tokens=4096, max_retries=0, timeout=600,
        )  # fmt: skip

    await crowd(prompts, ask, in_flight)


async def by_gem(url: str, prompts: list[str], in_flight: int) -> None:
    environment = {"GEM_MODEL": "stub", "GEM_BASE_URL": url, "GEM_CONCURRENCY": str(in_flight)}
    with tempfile.TemporaryDirectory() as home:
        async with open_models(read_models(environment), Path(home), "bench") as models:

            async def ask(prompt: str) -> object:
                completion = await models.filter.complete(request(prompt))
                await models.filter.record_parse(completion, "ok")
                return completion

            await crowd(prompts, ask, in_flight)


async def by_sender(url: str, prompts: list[str], in_flight: int) -> None:
    """What gem_assets sends, without journal and limits."""
    settings = read_role("filter", {"GEM_MODEL": "stub", "GEM_BASE_URL": url})
    send = litellm_sender(settings)

    async def ask(prompt: str) -> object:
        messages = [{"role": "user", "content": prompt}]
        sampling = {"temperature": 0.2, "top_p": 0.95, "max_tokens": 4096}
        return await send({"model": settings.model, "messages": messages, **sampling})

    await crowd(prompts, ask, in_flight)


CLIENTS: dict[str, Asking] = {
    "raw aiohttp": by_aiohttp,
    "bare litellm.acompletion": by_litellm,
    "litellm as gem_assets calls it": by_sender,
    "gem_assets": by_gem,
}


def main() -> None:
    """Ask as often as the input has lines."""
    client = CLIENTS[sys.argv[1]]
    for number, line in enumerate(sys.stdin):
        url, calls, in_flight = json.loads(line)
        prompts = [f"{number} {sys.argv[1]} {call} {PROMPT}" for call in range(calls)]
        cpu, wall = time.process_time(), time.perf_counter()
        asyncio.run(client(url, prompts, in_flight))
        took = (time.process_time() - cpu) / calls * 1e3, (time.perf_counter() - wall) / calls
        sys.stdout.write(json.dumps(took) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
