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


def own_price(settings: RoleSettings, model: str) -> Price | None:
    """The price the user gave for the role's model or its fallback; None where there is none."""
    is_fallback = model == settings.fallback
    pair = (
        (settings.fallback_input_price, settings.fallback_output_price)
        if is_fallback
        else (settings.input_price, settings.output_price)
    )
    return None if pair[0] is None or pair[1] is None else Price(pair[0], pair[1])


def known_price(settings: RoleSettings, model: str) -> Price | None:
    """The user's price, else the one in litellm's table; None is unknown."""
    own = own_price(settings, model)
    if own is not None:
        return own
    facts: ModelFacts = model_facts(model)
    if facts.input_price is None or facts.output_price is None:
        return None
    return Price(facts.input_price, facts.output_price)


async def find_price(settings: RoleSettings, model: str) -> Price | None:
    """Do as `known_price` without holding up the event loop."""
    own = own_price(settings, model)
    if own is None:
        await open_litellm()
    return own or known_price(settings, model)


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


def unknown_price_sentence(settings: RoleSettings, model: str, caps: Iterable[str]) -> str:
    """Say which variables make a budget possible."""
    prefix = "fallback_" if model == settings.fallback else ""
    names = [settings.variable(f"{prefix}{side}_price") for side in ("input", "output")]
    return (
        f"{' and '.join(caps)} cannot hold, because the price of {model} is not known: set {names[0]} and "
        f"{names[1]} in US dollars per million tokens (0 for a server of your own)"
    )
