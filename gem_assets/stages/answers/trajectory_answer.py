"""A dialogue in tags, read and written: what generation and refinement answer, and what the judge is shown.

Does not belong here: turn order, and whether calls fit their tools (`verification/`); any legal or illegal
sequence of messages is read as it stands.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

from gem_assets.llm.asking import AnswerError
from gem_assets.records.message import Message, Role
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.stages.answers.tagged_json import Call, read_call, read_tools, render_json
from gem_assets.stages.answers.tags import (
    BLANK,
    Element,
    find_elements,
    find_one,
    missing_tag,
    protect,
    read_answer,
    shorten,
    strip_fence,
    text_of,
)

_ROLES = ("system", "user", "assistant", "tool")
_OPENING_FENCE = re.compile(r"^```")


@dataclass(frozen=True)
class RefinedAnswer:
    """What refinement answers: every tool on offer, old and new, and the rewritten dialogue."""

    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]


def parse_trajectory(text: str) -> tuple[Message, ...]:
    """Read the messages of a dialogue; calls are numbered call_1, call_2 … and results name their call.

    Raises:
        AnswerError: names the tag that is missing, broken or empty, or holds a call that cannot be read.
    """
    answer = read_answer(text)
    return _number_calls(_turns(answer))


def parse_refined_trajectory(text: str) -> RefinedAnswer:
    """Read the tools and messages of a refined dialogue; raises AnswerError as `parse_trajectory` does."""
    answer = read_answer(text)
    toolsets = find_one(answer, "toolsets")
    tools = read_tools(toolsets.inner, "<toolsets>")
    dialogue = f"{answer[: toolsets.start]}\n{answer[toolsets.end :]}"
    return RefinedAnswer(tools, _number_calls(_turns(dialogue)))


def render_trajectory(messages: Sequence[Message]) -> str:
    """Write messages in the tags that `parse_trajectory` reads; it returns the same messages."""
    return "\n".join(f"<{message.role}>{_render_inner(message)}</{message.role}>" for message in messages)


@dataclass(frozen=True)
class _Turn:
    role: Role
    content: str
    calls: tuple[Call, ...] = ()


def _turns(answer: str) -> list[_Turn]:
    elements = find_elements(answer, _ROLES, "the dialogue")
    if not elements:
        raise missing_tag("system", answer)
    for before, after in pairwise(elements):
        between = answer[before.end : after.start].strip()
        if between:
            raise AnswerError(
                f"The text {shorten(between)} stands between </{before.name}> and <{after.name}>; every text "
                "of the dialogue belongs inside a message's tags."
            )
    return [_turn(element, index) for index, element in enumerate(elements)]


def _turn(element: Element, index: int) -> _Turn:
    where = f"<{element.name}> at message {index}"
    if element.name == "assistant" and element.inner.strip(BLANK):
        content, calls = _assistant(element.inner, where)
        return _Turn("assistant", content, calls)
    raw = strip_fence(element.inner) if element.name == "tool" else element.inner
    if not raw.strip(BLANK):
        raise AnswerError(f"{where} is empty (the system message is message 0).")
    return _Turn(cast(Role, element.name), text_of(raw))


def _assistant(inner: str, where: str) -> tuple[str, tuple[Call, ...]]:
    elements = find_elements(inner, ("func",), where)
    ends = [0, *(element.end for element in elements)]
    starts = [*(element.start for element in elements), len(inner)]
    pieces = [text_of(inner[end:start]) for end, start in zip(ends, starts, strict=True)]
    calls = tuple(read_call(element.inner, f"<func> in {where}") for element in elements)
    return "\n".join(piece for piece in pieces if piece), calls


def _number_calls(turns: Sequence[_Turn]) -> tuple[Message, ...]:
    messages: list[Message] = []
    waiting: list[str] = []
    count = 0
    for turn in turns:
        if turn.role == "tool":
            call_id = waiting.pop(0) if waiting else None
            messages.append(Message(role="tool", content=turn.content, call_id=call_id))
            continue
        ids = [f"call_{count + offset}" for offset in range(1, len(turn.calls) + 1)]
        count, waiting = count + len(ids), list(ids)
        messages.append(_message(turn, ids))
    return tuple(messages)


def _message(turn: _Turn, ids: Sequence[str]) -> Message:
    calls = tuple(
        ToolCall(call_id=call_id, name=call.name, arguments=call.arguments)
        for call_id, call in zip(ids, turn.calls, strict=True)
    )
    return Message(role=turn.role, content=turn.content, tool_calls=calls)


def _render_inner(message: Message) -> str:
    content = protect(message.content)
    if message.role == "tool":  # a fence around a whole result is taken off when read
        content = _OPENING_FENCE.sub("&#96;``", content)
    calls = [f"<func>{_render_call(call)}</func>" for call in message.tool_calls]
    return "\n".join(part for part in (content, *calls) if part)


def _render_call(call: ToolCall) -> str:
    if call.malformed is not None:
        return protect(call.malformed)
    return render_json({"name": call.name, "arguments": call.arguments})
