"""litellm hands nothing of what gem_assets asks to whoever listens to its log; it would by itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets.llm.provider import load_litellm
from gem_assets_tests.llm.rig import ask
from gem_assets_tests.stub_server import StubServer, error


@pytest.fixture
def heard():
    """What a listener that somebody hung into litellm for this process hears of."""
    litellm = load_litellm()
    from litellm.integrations.custom_logger import CustomLogger

    said: list[str] = []

    class Listener(CustomLogger):
        async def async_log_success_event(self, *_: Any, **__: Any):
            said.append("success")

        async def async_log_failure_event(self, *_: Any, **__: Any):
            said.append("failure")

    before, litellm.callbacks = litellm.callbacks, [Listener()]
    yield said
    litellm.callbacks = before
    for outcome in ("success", "failure"):
        for name in (f"{outcome}_callback", f"_async_{outcome}_callback"):
            kept = [each for each in getattr(litellm, name) if not isinstance(each, Listener)]
            setattr(litellm, name, kept)


def by_itself(server: StubServer, heard: list[str]) -> None:
    async def call():
        try:
            await load_litellm().acompletion(
                model="hosted_vllm/stub",
                api_base=server.url,
                messages=[{"role": "user", "content": "hello"}],
                max_retries=0,
            )
        finally:
            for _ in range(1000):  # it logs some time after the answer
                if heard:
                    break
                await asyncio.sleep(0.01)

    asyncio.run(call())


def test_an_answer_is_not_logged(heard: list[str], tmp_path: Path):
    with StubServer(lambda _: "yes") as server:
        assert ask(server, tmp_path).text == "yes"
        assert heard == []
        by_itself(server, heard)
    assert heard == ["success"]


def test_a_failure_is_not_logged(heard: list[str], tmp_path: Path):
    with StubServer(lambda _: error(500, "internal error")) as server:
        with pytest.raises(FailedError):
            ask(server, tmp_path)
        assert heard == []
        with pytest.raises(load_litellm().InternalServerError):
            by_itself(server, heard)
    assert heard == ["failure"]
