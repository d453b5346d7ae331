"""What a call costs, and what it may cost at most: the user's prices, else litellm's table, else unknown.

Does not belong here: budgets (`budget.py`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gem_assets.llm.answers import Reading
from gem_assets.llm.provider import ModelFacts, model_facts, open_litellm
from gem_assets.llm.roles import RoleSettings

# Fewer bytes than any tokenizer makes a token of on average, in any language or markup that we met.
BYTES_PER_TOKEN = 2.5


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """Price so many tokens."""
        return (input_tokens * self.input + output_tokens * self.output) / 1e6


def own_price(settings: RoleSettings, model: str, *, batch: bool = False) -> Price | None:
    """The price the user gave for the role's model or its fallback; None where there is none."""
    pair = [getattr(settings, name) for name in _fields(settings, model, batch)]
    return None if None in pair else Price(pair[0], pair[1])


def known_price(settings: RoleSettings, model: str, *, batch: bool = False) -> Price | None:
    """The user's price, else the one in litellm's table; None is unknown."""
    own = own_price(settings, model, batch=batch)
    if own is not None:
        return own
    facts: ModelFacts = model_facts(model)
    pair = (
        (facts.batch_input_price, facts.batch_output_price)
        if batch
        else (facts.input_price, facts.output_price)
    )
    return None if pair[0] is None or pair[1] is None else Price(pair[0], pair[1])


async def find_price(settings: RoleSettings, model: str, *, batch: bool = False) -> Price | None:
    """Do as `known_price` without holding up the event loop."""
    own = own_price(settings, model, batch=batch)
    if own is None:
        await open_litellm()
    return own or known_price(settings, model, batch=batch)


def cost_of(settings: RoleSettings, model: str, reading: Reading, said: float | None) -> float | None:
    """What an answer cost: by the user's price, else as litellm `said`."""
    own = own_price(settings, model)
    return own.of(reading.input_tokens, reading.output_tokens) if own else said


def at_most(price: Price, messages: Iterable[Mapping[str, Any]], allowance: int) -> float:
    """What a request may cost at most."""
    return price.of(most_input_tokens(messages), allowance)


def most_input_tokens(messages: Iterable[Mapping[str, Any]]) -> float:
    """The tokens a prompt has at most."""
    return sum(map(byte_count, messages)) / BYTES_PER_TOKEN + 100


def byte_count(message: Mapping[str, Any]) -> int:
    """Count the bytes of a message that the model reads: its text, or all of it where there is more."""
    if message.keys() <= {"role", "content"} and isinstance(message["content"], str):
        return len(message["content"].encode())
    return len(json.dumps(message, default=str))


def unknown_price_sentence(
    settings: RoleSettings, model: str, caps: Iterable[str], *, batch: bool = False
) -> str:
    """Say which variables make a budget possible."""
    names = [settings.variable(name) for name in _fields(settings, model, batch)]
    asked = "the batch price" if batch else "the price"
    return (
        f"{' and '.join(caps)} cannot hold, because {asked} of {model} is not known: set {names[0]} and "
        f"{names[1]} in US dollars per million tokens (0 for a server of your own)"
    )


def _fields(settings: RoleSettings, model: str, batch: bool) -> tuple[str, str]:
    """Name the two settings that hold a model's price."""
    prefix = ("fallback_" if model == settings.fallback else "") + ("batch_" if batch else "")
    return f"{prefix}input_price", f"{prefix}output_price"
