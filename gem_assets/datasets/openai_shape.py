"""Messages and tools in the OpenAI shape, written from records and read back into the same records."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.verification.results import is_error_result


def to_openai(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Write messages: arguments as JSON text, content never null, results with their tool's name."""
    names = {call.call_id: call.name for message in messages for call in message.tool_calls}
    return [_message(message, names) for message in messages]


def from_openai(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Read messages that `to_openai` wrote; the same records come back.

    Raises:
        ValueError: a call's arguments are no JSON object.
    """
    return tuple(
        Message(
            role=message["role"],
            content=message.get("content") or "",
            tool_calls=tuple(_read_call(call) for call in message.get("tool_calls") or ()),
            call_id=message.get("tool_call_id"),
        )
        for message in messages
    )


def tools_from_openai(tools: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Read tools in the OpenAI shape."""
    return tuple(Tool.model_validate(tool["function"]) for tool in tools)


def find_repaired_calls(messages: Sequence[Message]) -> tuple[int, ...]:
    """Find the messages whose call failed and was made again, with success, before the dialogue ended.

    A policy that learns from the repair need not learn the mistake: trainers can leave these without loss.
    """
    results = {message.call_id: message.content for message in messages if message.role == "tool"}
    repaired: list[int] = []
    succeeded_later: set[str] = set()
    for number in range(len(messages) - 1, -1, -1):
        calls = messages[number].tool_calls
        failed = [call for call in calls if is_error_result(results.get(call.call_id, ""))]
        if calls and len(failed) == len(calls) and all(call.name in succeeded_later for call in calls):
            repaired.append(number)
        succeeded_later |= {call.name for call in calls if call not in failed}
    return tuple(sorted(repaired))


def _message(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    shape: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        shape["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.role == "tool":
        shape |= {"tool_call_id": message.call_id or "", "name": names.get(message.call_id or "", "")}
    return shape


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _read_call(call: Mapping[str, Any]) -> ToolCall:
    called = call["function"]
    arguments = called["arguments"]
    value = json.loads(arguments) if isinstance(arguments, str) else arguments
    if not isinstance(value, dict):
        raise ValueError(f"the arguments of {called['name']} are no JSON object")
    return ToolCall(call_id=call["id"], name=called["name"], arguments=value)
