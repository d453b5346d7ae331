"""Reads a raw chat completion: text apart from reasoning, why it ended, what it used.

Pure, over the JSON that the journal keeps. Does not belong here: parsing the text (each stage's own matter).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reading:
    """What an answer holds. `text` is free of reasoning; `refusal` is the model's own words of declining."""

    has_choice: bool
    text: str = ""
    reasoning: str | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0


def read_answer(response: Mapping[str, Any]) -> Reading:
    """Read the first choice of a completion; missing parts are empty, never an error."""
    usage = response.get("usage") or {}
    choices = response.get("choices") or []
    choice = choices[0] if choices else {}
    message = choice.get("message") or {}
    text, inline = split_reasoning(message.get("content") or "")
    return Reading(
        has_choice=bool(choices),
        text=text,
        reasoning=_joined(message.get("reasoning_content"), inline),
        finish_reason=choice.get("finish_reason"),
        refusal=message.get("refusal") or (message.get("provider_specific_fields") or {}).get("refusal"),
        model=response.get("model"),
        input_tokens=usage.get("prompt_tokens") or 0,
        output_tokens=usage.get("completion_tokens") or 0,
    )


def split_reasoning(content: str) -> tuple[str, str | None]:
    """Cut a leading think block off an answer: (answer, reasoning or None).

    Some chat templates open the block inside the prompt, so that only its end shows; a block that never ends
    was cut off, and nothing of the answer had come yet. A think tag further inside belongs to the answer.
    """
    start = content.lstrip()
    opened = re.match(r"<think(?:ing)?>", start)
    if opened:
        inside, closed, answer = _at_closing(start[opened.end() :])
        return (answer.lstrip(), inside.strip()) if closed else ("", inside.strip())
    before, closed, answer = _at_closing(start)
    if closed and not start.startswith(("<", "{", "[", "`")):
        return answer.lstrip(), before.strip()
    return content.strip("\n"), None


def _at_closing(text: str) -> tuple[str, bool, str]:
    found = re.search(r"</think(?:ing)?>", text)
    return (text[: found.start()], True, text[found.end() :]) if found else (text, False, "")


def _joined(*parts: str | None) -> str | None:
    present = [part.strip() for part in parts if part and part.strip()]
    return "\n".join(present) or None
