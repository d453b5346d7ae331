"""Turns as others write them, turned into our messages.

OpenAI and TRL: roles with `tool_calls`; ShareGPT and LLaMA-Factory: `from` and `value`, calls in turns of
their own; Hermes: calls and results as tags in the text. Does not belong here: files (`foreign`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

from gem_assets.records.message import Message, Role
from gem_assets.records.tool import ToolCall

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_RESPONSE = re.compile(r"<tool_response>\s*(.*?)\s*</tool_response>", re.DOTALL)
_TOOLS = re.compile(r"<tools>\s*(.*?)\s*</tools>", re.DOTALL)
_ROLES: dict[str, Role] = {
    "system": "system", "developer": "system", "human": "user", "user": "user", "gpt": "assistant",
    "assistant": "assistant", "model": "assistant", "tool": "tool", "function": "tool", "observation": "tool",
    "function_response": "tool", "tool_response": "tool", "ipython": "tool",
}  # fmt: skip


def read_messages(turns: Sequence[dict[str, Any]], system: str = "") -> tuple[Message, ...]:
    """Read turns with roles, calls beside the text or as Hermes tags in it.

    Raises:
        ValueError: a role is unknown.
    """
    messages = [Message(role="system", content=system)] if system else []
    waiting: list[str] = []
    for turn in turns:
        role = _role(turn.get("role"))
        text = _text(turn.get("content"))
        if role == "assistant":
            message = _assistant(turn, text, _count(messages))
            waiting = [call.call_id for call in message.tool_calls]
            messages.append(message)
        elif role == "tool" or (role == "user" and text.lstrip().startswith("<tool_response>")):
            for result, call_id in _results(turn, text, waiting):
                messages.append(Message(role="tool", content=result, call_id=call_id))
        else:
            messages.append(Message(role=role, content=text))
    return tuple(messages)


def read_conversations(turns: Sequence[dict[str, Any]], system: str = "") -> tuple[Message, ...]:
    """Read ShareGPT turns; a `function_call` turn becomes the call of an assistant message."""
    plain: list[dict[str, Any]] = []
    for turn in turns:
        speaker, value = str(turn.get("from")), turn.get("value")
        if speaker in ("function_call", "tool_call"):
            calls = json.loads(value) if isinstance(value, str) else value
            rows = cast(list[Any], calls) if isinstance(calls, list) else [calls]
            previous = plain[-1] if plain else None
            if previous and previous["role"] in ("gpt", "assistant") and not previous.get("tool_calls"):
                previous["tool_calls"] = rows
            else:
                plain.append({"role": "assistant", "content": "", "tool_calls": rows})
        else:
            plain.append({"role": speaker, "content": value})
    return read_messages(plain, system)


def hermes_tools(messages: Sequence[Message]) -> list[Any]:
    """Take the tools out of a Hermes system message: a JSON list, or one object per line."""
    for message in messages[:1]:
        found = _TOOLS.search(message.content)
        if not found:
            continue
        try:
            whole = json.loads(found[1])
        except ValueError:
            return [json.loads(line) for line in found[1].splitlines() if line.strip()]
        return cast(list[Any], whole) if isinstance(whole, list) else [whole]
    return []


def _role(role: object) -> Role:
    known = _ROLES.get(str(role))
    if known is None:
        raise ValueError(f"the role {role!r} is none of {', '.join(_ROLES)}")
    return known


def _count(messages: Sequence[Message]) -> int:
    return sum(len(message.tool_calls) for message in messages)


def _text(content: object) -> str:
    """Read the text of a turn: text, nothing, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = cast(list[Any], content)
        return "\n".join(str(part.get("text", "")) if isinstance(part, dict) else str(part) for part in parts)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return "" if content is None else json.dumps(content, ensure_ascii=False)


def _assistant(turn: dict[str, Any], text: str, number: int) -> Message:
    rows = list(cast(list[Any], turn.get("tool_calls") or []))
    if turn.get("function_call"):
        rows.append(turn["function_call"])
    rows.extend(_tagged(text))
    calls = tuple(_call(row, number + place) for place, row in enumerate(rows))
    return Message(role="assistant", content=_CALL.sub("", text).strip() if rows else text, tool_calls=calls)


def _tagged(text: str) -> Iterator[Any]:
    for found in _CALL.finditer(text):
        try:
            yield json.loads(found[1])
        except ValueError:
            yield {"malformed": found[1]}


def _call(row: Any, number: int) -> ToolCall:  # noqa: ANN401 - any JSON value
    fields = cast(dict[str, Any], row) if isinstance(row, dict) else {"malformed": str(row)}
    call_id = str(fields.get("id") or fields.get("call_id") or f"call_{number}")
    inner = fields.get("function")
    inner = cast(dict[str, Any], inner) if isinstance(inner, dict) else fields
    name = inner.get("name")
    arguments: Any = inner.get("arguments", inner.get("parameters"))
    arguments = {} if arguments is None else arguments
    if isinstance(arguments, str):
        with suppress(ValueError):  # what cannot be read stays text, which is malformed below
            arguments = json.loads(arguments or "{}")
    if isinstance(name, str) and isinstance(arguments, dict):
        return ToolCall(call_id=call_id, name=name, arguments=cast(dict[str, Any], arguments))
    raw = json.dumps(fields, ensure_ascii=False)[:500]
    return ToolCall(call_id=call_id, name=name if isinstance(name, str) else "", arguments={}, malformed=raw)


def _results(turn: dict[str, Any], text: str, waiting: list[str]) -> Iterator[tuple[str, str | None]]:
    """Give each result with the call it answers: the one it names, else the next that waits."""
    parts = _RESPONSE.findall(text) or [text]
    for part in parts:
        named = turn.get("tool_call_id") or turn.get("call_id")
        if named is not None and len(parts) == 1:
            if str(named) in waiting:
                waiting.remove(str(named))
            yield part, str(named)
        else:
            yield _unwrapped(part), waiting.pop(0) if waiting else None


def _unwrapped(part: str) -> str:
    """Take the content out of Hermes's `{"name": …, "content": …}`."""
    try:
        value = json.loads(part)
    except ValueError:
        return part
    if isinstance(value, dict) and set(cast(dict[str, Any], value)) == {"name", "content"}:
        content = cast(dict[str, Any], value)["content"]
        return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    return part
