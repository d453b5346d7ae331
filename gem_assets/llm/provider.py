"""The one place where litellm is imported: sending a request, prices, closing its sessions.

Importing takes seconds, so it happens at the first request. Does not belong here: retries and journal
(`client.py`), the meaning of exceptions (`symptoms.py`).
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gem_assets.llm.roles import RoleSettings


@dataclass(frozen=True)
class Sent:
    """A response as litellm hands it over, and its price in US dollars; None where the price is unknown."""

    response: dict[str, Any]
    cost: float | None


Send = Callable[[Mapping[str, Any]], Awaitable[Sent]]
"""Puts one request (model, messages, sampling …) to a server.

Raises what litellm raises, and TimeoutError when the whole answer takes longer than the role's timeout.
"""


@dataclass(frozen=True)
class ModelFacts:
    """What litellm's table says: US dollars per million tokens, tokens of context; None is unknown."""

    input_price: float | None = None
    output_price: float | None = None
    context_size: int | None = None


def litellm_sender(settings: RoleSettings) -> Send:
    """Make the function that sends to a role's server, with its key. One request, no retries."""
    key = settings.api_key.get_secret_value() if settings.api_key else None

    async def send(parameters: Mapping[str, Any]) -> Sent:
        litellm = await asyncio.to_thread(load_litellm)
        # litellm's own timeout starts anew with every byte that arrives.
        async with asyncio.timeout(settings.timeout_seconds):
            response = await litellm.acompletion(
                **parameters,
                api_base=settings.base_url,
                api_key=key,
                max_retries=0,
                timeout=settings.timeout_seconds,
            )
        price = response._hidden_params.get("response_cost") if _is_priced(settings.model) else None
        return Sent(response.model_dump(mode="json"), price)

    return send


@cache
def load_litellm() -> Any:  # noqa: ANN401 - a module
    """Import litellm, which then neither fetches price tables and tokenizers nor writes to logs."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    litellm.disable_hf_tokenizer_download = True
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


@cache
def model_facts(model: str) -> ModelFacts:
    """Look a model up in the table that litellm brings along."""
    try:
        info = load_litellm().get_model_info(model)
    except Exception:  # litellm raises a bare Exception for a model that it does not know
        return ModelFacts()
    # A price of zero stands in the table where nobody filled one in.
    return ModelFacts(
        input_price=(info.get("input_cost_per_token") or 0) * 1e6 or None,
        output_price=(info.get("output_cost_per_token") or 0) * 1e6 or None,
        context_size=info.get("max_input_tokens"),
    )


def _is_priced(model: str) -> bool:
    facts = model_facts(model)
    return facts.input_price is not None and facts.output_price is not None


async def close_sessions() -> None:
    """Close the connections litellm keeps open for this event loop."""
    if "litellm" in sys.modules:
        await load_litellm().close_litellm_async_clients()
