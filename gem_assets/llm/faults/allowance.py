"""Reads out of a provider's complaint how many tokens an answer may have. Pure.

Does not belong here: what is then done (`faults.py`, `buying.py`).
"""

import re
from dataclasses import dataclass

# Below this there is no room for an answer: then the prompt is what is too long.
SMALLEST = 64

_ABOUT = r"max_?(completion_|new_|output)?tokens|in the completion|output tokens"
# The model answers with so many tokens at most, as OpenAI, Groq, Anthropic, DeepSeek and Gemini say it.
_MODEL_LIMITS = (
    r"supports? at most (\d+)",
    r"less than or equal to [`'\"]?(\d+)",
    r"> (\d+), which is the maximum",
    r"range of max_tokens is \[\d+, ?(\d+)\]",
    r"supported range is from 1 \(inclusive\) to (\d+)",
)
# Prompt and answer share so many tokens: OpenAI and vLLM in its versions, text-generation-inference.
_CONTEXT = r"context length (?:is|of)(?: only)? (\d+)|must be <= (\d+)"
_PROMPT = r"(\d+) (?:in the messages|input tokens|prompt tokens|`inputs` tokens)"
# vLLM stops counting a prompt one token past what would have fitted, and says how far it got.
_UNCOUNTED = r"at least \d+ input tokens|resulting in a maximum input length"


@dataclass(frozen=True)
class Room:
    """Tokens an answer may have; not `exact` where the provider did not count the prompt to its end."""

    tokens: int
    exact: bool = True


def room_for_answer(text: str) -> Room | None:
    """Find the room; None where the complaint is about something else, or leaves none."""
    if not re.search(_ABOUT, text, re.I):
        return None
    for wording in _MODEL_LIMITS:
        found = re.search(wording, text)
        if found:
            return _room(int(found[1]), exact=True)
    context, prompt = re.search(_CONTEXT, text), re.search(_PROMPT, text)
    if context is None or prompt is None:
        return None
    left = int(context[1] or context[2]) - int(prompt[1])
    return _room(left, exact=not re.search(_UNCOUNTED, text))


def _room(tokens: int, *, exact: bool) -> Room | None:
    return Room(tokens, exact) if tokens >= SMALLEST else None
