"""The one place where litellm is imported: sending a request, prices, closing its sessions.

Importing takes seconds, so it happens at the first request. Does not belong here: retries and journal
(`client.py`), the meaning of exceptions (`symptoms.py`).
"""

import asyncio
import atexit
import gc
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from gem_assets.llm.roles import RoleSettings


@dataclass(frozen=True)
class Sent:
    """A response as litellm hands it over, and its price in US dollars; None where the price is unknown."""

    response: dict[str, Any]
    cost: float | None


OWN_SERVER = "hosted_vllm/"

Send = Callable[[Mapping[str, Any]], Awaitable[Sent]]
"""Puts one request (model, messages, sampling …) to a server.

Raises what litellm raises, and TimeoutError when the whole answer takes longer than the role's timeout.
"""


@dataclass(frozen=True)
class ModelFacts:
    """What litellm's table says: US dollars per million tokens, tokens of context; None is unknown."""

    input_price: float | None = None
    output_price: float | None = None
    batch_input_price: float | None = None
    batch_output_price: float | None = None
    context_size: int | None = None


def litellm_sender(settings: RoleSettings) -> Send:
    """Make the function that sends to a role's server, with its key. One request, no retries."""
    key = settings.api_key.get_secret_value() if settings.api_key else None

    async def send(parameters: Mapping[str, Any]) -> Sent:
        litellm = await open_litellm()
        priced = _is_priced(str(parameters["model"]))
        # litellm's own timeout starts anew with every byte that arrives.
        async with asyncio.timeout(settings.timeout_seconds):
            with _unlogged(litellm):
                response = await litellm.acompletion(
                    **parameters,
                    api_base=settings.base_url,
                    api_key=key,
                    max_retries=0,
                    timeout=settings.timeout_seconds,
                )
        price = response._hidden_params.get("response_cost") if priced else None
        return Sent(response.model_dump(mode="json"), price)

    return send


@dataclass(frozen=True)
class BatchDoor:
    """A provider's batch interface, as OpenAI defined it."""

    settings: RoleSettings

    async def submit(self, name: str, lines: Sequence[Mapping[str, Any]]) -> str:
        """Upload requests and have them done within a day; returns the provider's id."""
        litellm = await open_litellm()
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        file = await litellm.acreate_file(file=(f"{name}.jsonl", content), purpose="batch", **self._where())
        batch = await litellm.acreate_batch(
            completion_window="24h",
            endpoint="/v1/chat/completions",
            input_file_id=file.id,
            metadata={"gem_batch": name},
            **self._where(),
        )
        return batch.id

    async def find(self, name: str) -> str | None:
        """Find a batch that was submitted under this name."""
        litellm = await open_litellm()
        after: str | None = None
        while True:
            page = await litellm.alist_batches(after=after, limit=100, **self._where())
            for batch in page.data:
                if (batch.metadata or {}).get("gem_batch") == name:
                    return batch.id
            if not page.has_more or not page.data:
                return None
            after = page.data[-1].id

    async def read(self, provider_id: str) -> tuple[str, list[dict[str, Any]], str | None]:
        """Read a batch: its status, and once it has ended its lines and what went wrong with it."""
        litellm = await open_litellm()
        batch = await litellm.aretrieve_batch(batch_id=provider_id, **self._where())
        lines: list[dict[str, Any]] = []
        for file in (batch.output_file_id, batch.error_file_id):
            if file:
                content = await litellm.afile_content(file_id=file, **self._where())
                lines += [json.loads(line) for line in content.text.splitlines() if line.strip()]
        return batch.status, lines, None if batch.status == "completed" else f"the batch {batch.status}"

    def _where(self) -> dict[str, Any]:
        key = self.settings.api_key
        return {
            "custom_llm_provider": self.settings.model.partition("/")[0],
            "api_base": self.settings.base_url,
            "api_key": key.get_secret_value() if key else None,
        }


@contextmanager
def _unlogged(litellm: Any) -> Iterator[None]:  # noqa: ANN401 - a module
    """Keep what is asked within from litellm's own logging, a tenth of its work: the journal is ours."""
    is_internal_call = litellm._internal_context.is_internal_call
    before = is_internal_call.set(True)
    try:
        yield
    finally:
        is_internal_call.reset(before)


@cache
def load_litellm() -> Any:  # noqa: ANN401 - a module
    """Import litellm, which then neither fetches price tables and tokenizers nor writes to logs."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # What it made is there to stay; to look through it for garbage would hold calls up for 0.3 s each time.
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # at its end the interpreter tidies up, and complains of what it may not
    return litellm


async def open_litellm() -> Any:  # noqa: ANN401 - a module
    """Import litellm without holding up the event loop."""
    if load_litellm.cache_info().currsize:
        return load_litellm()
    return await asyncio.to_thread(load_litellm)


@cache
def model_facts(model: str) -> ModelFacts:
    """Look a model up in the table that litellm brings along."""
    try:
        info = load_litellm().get_model_info(model)
    except Exception:  # litellm raises a bare Exception for a model that it does not know
        if model.startswith(OWN_SERVER):
            _spare_the_search(model)
        return ModelFacts()

    def per_million(name: str) -> float | None:
        # A price of zero stands in the table where nobody filled one in.
        return (info.get(name) or 0) * 1e6 or None

    return ModelFacts(
        input_price=per_million("input_cost_per_token"),
        output_price=per_million("output_cost_per_token"),
        batch_input_price=per_million("input_cost_per_token_batches"),
        batch_output_price=per_million("output_cost_per_token_batches"),
        context_size=info.get("max_input_tokens"),
    )


def _spare_the_search(model: str) -> None:
    """Tell litellm that a model is free: else it looks for its price anew, in vain, after every answer."""
    entry = {"litellm_provider": OWN_SERVER.rstrip("/"), "mode": "chat"}
    load_litellm().register_model(
        {model: {**entry, "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}}
    )


def _is_priced(model: str) -> bool:
    facts = model_facts(model)
    return facts.input_price is not None and facts.output_price is not None


async def close_sessions() -> None:
    """Close the connections litellm keeps open for this event loop."""
    if "litellm" in sys.modules:
        await load_litellm().close_litellm_async_clients()
