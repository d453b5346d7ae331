"""Items out of ToolACE's files: `system` with the tools in its text, `conversations` of `from` and `value`.

Calls are written in brackets, `[name(key=value)]`. Does not belong here: reading the brackets (`turns`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from gem_assets.datasets.chat_template import render_chat
from gem_assets.itool.items.item import Item, Split
from gem_assets.itool.turns.reading import read_turn
from gem_assets.records.base import Record, make_id
from gem_assets.records.message import Message, Role
from gem_assets.records.tool import Tool
from gem_assets.store.home import StoreError

_ROLES: dict[str, Role] = {
    "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "tool": "tool",
    "observation": "tool", "function_response": "tool",
}  # fmt: skip
# Python's names of types, as ToolACE writes them, in JSON Schema's.
_TYPES = {"dict": "object", "float": "number", "int": "integer", "list": "array", "str": "string",
          "tuple": "array", "bool": "boolean"}  # fmt: skip


class _Said(Record):
    speaker: str = Field(alias="from")
    value: str


class _Row(Record):
    model_config = ConfigDict(frozen=True, extra="ignore")

    system: str
    conversations: tuple[_Said, ...] = Field(min_length=2)


def read_toolace(path: Path, held_out: float = 0.1) -> list[Item]:
    """Read the items of a JSON list or JSON lines; about `held_out` of them, by hash, for testing.

    Raises:
        StoreError: the file is missing, or a record is not of this form; names the place and the form.
    """
    return [item for place, row in _rows(path) for item in _items(path, place, row, held_out)]


def read_tools(system: str) -> tuple[Tool, ...]:
    """Take the tools out of a system text: the first JSON list in it whose members have names."""
    decoder = json.JSONDecoder()
    for start, character in enumerate(system):
        if character != "[":
            continue
        with suppress(ValueError, RecursionError):  # a bracket that begins no JSON is prose
            found, _ = decoder.raw_decode(system, start)
            tools = _tools(found)
            if tools:
                return tools
    return ()


def plain_chat(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Write messages of such a file as a chat: calls stand in the text as they were written."""
    return [{"role": message.role, "content": message.content} for message in messages]


def _rows(path: Path) -> Iterator[tuple[str, _Row]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): give a JSON or JSONL file in UTF-8") from error
    for place, record in _records(path, text):
        try:
            yield place, _Row.model_validate(record)
        except ValidationError as error:
            problem = error.errors()[0]
            field = ".".join(str(part) for part in problem["loc"]) or "the record"
            raise StoreError(
                f"{path}, {place}: {field}: {problem['msg']}; "
                'expected {"system": text, "conversations": [{"from", "value"}, …]}'
            ) from error


def _records(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise StoreError(f"{path} is no JSON: {error}") from error
        yield from ((f"record {number}", record) for number, record in enumerate(listed, 1))
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except ValueError as error:
                raise StoreError(f"{path}, line {number} is no JSON: {error}") from error


def _items(path: Path, place: str, row: _Row, held_out: float) -> Iterator[Item]:
    tools, split = read_tools(row.system), _split(row, held_out)
    messages = [Message(role="system", content=row.system)]
    waiting: list[str] = []
    for said in row.conversations:
        role = _ROLES.get(said.speaker)
        if role is None:
            raise StoreError(f"{path}, {place}: {said.speaker!r} is none of {', '.join(_ROLES)}")
        if role == "assistant":
            yield Item(
                item_id=make_id("itool_item", f"{path.name}/{place}", len(messages)),
                source=f"{path.name}, {place}",
                turn=len(messages),
                split=split,
                syntax="bracket",
                prompt=render_chat(plain_chat(messages), open_turn=True),
                gold=said.value,
                tools=tools,
                messages=tuple(messages),
            )
        message = _message(role, said.value, waiting, len(messages))
        waiting = [call.call_id for call in message.tool_calls] if role == "assistant" else waiting[1:]
        messages.append(message)


def _message(role: Role, value: str, waiting: list[str], place: int) -> Message:
    if role == "tool":
        return Message(role=role, content=value, call_id=waiting[0] if waiting else None)
    if role != "assistant":
        return Message(role=role, content=value)
    turn = read_turn(value, "bracket")
    calls = tuple(
        call.model_copy(update={"call_id": f"call_{place}_{number}"})
        for number, call in enumerate(turn.calls)
    )
    return Message(role=role, content=value, tool_calls=calls)


def _tools(found: Any) -> tuple[Tool, ...]:  # noqa: ANN401 - any JSON value
    if not isinstance(found, list) or not found:
        return ()
    if not all(isinstance(tool, dict) and isinstance(tool.get("name"), str) for tool in found):
        return ()
    return tuple(
        Tool(
            name=tool["name"],
            description=str(tool.get("description") or ""),
            parameters=_schema(tool.get("parameters") or {"type": "object", "properties": {}}),
        )
        for tool in found
    )


def _schema(schema: Any) -> Any:  # noqa: ANN401
    """Write Python's names of types as JSON Schema's, at every depth."""
    if isinstance(schema, list):
        return [_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _TYPES.get(part, part) if key == "type" and isinstance(part, str) else _schema(part)
        for key, part in schema.items()
    }


def _split(row: _Row, held_out: float) -> Split:
    digest = hashlib.sha256(row.model_dump_json().encode("utf-8", "replace")).digest()
    return "test" if int.from_bytes(digest[:4], "big") < held_out * 2**32 else "train"
