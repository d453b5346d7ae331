"""JSON inside tags, read as it stands and written so that it closes none; tools and calls in it.

Does not belong here: whether a tool's parameters are a JSON Schema or a call fits its tool (`verification/`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from pydantic import JsonValue

from gem_assets.llm.asking import AnswerError
from gem_assets.records.tool import Tool
from gem_assets.stages.answers.tags import BLANK, shorten, strip_fence
from gem_assets.verification.values import flaw

_SCHEMA_KEYS = ("inputSchema", "input_schema", "parameters")
_ARGUMENT_KEYS = ("arguments", "parameters")
_CALL_WRAPPERS = ("function", "tool_call", "call")
_CALL_EXTRAS = frozenset(("id", "type", "call_id"))
_SAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True)
class Call:
    """A call as an answer writes it, before it has an id."""

    name: str
    arguments: dict[str, Any]


def read_json(raw: str, where: str) -> object:
    """Read the JSON value in `raw`, which may stand in a Markdown fence.

    Raises:
        AnswerError: names `where` and the place at which it stops being JSON.
    """
    text = strip_fence(raw).strip(BLANK)
    if not text:
        raise AnswerError(f"{where} is empty; it has to hold JSON.")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        near = shorten(text[max(0, error.pos - 20) : error.pos + 20])
        raise AnswerError(
            f"{where} does not hold valid JSON: {error.msg} at line {error.lineno}, column {error.colno}, "
            f"near {near}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"{where} does not hold JSON that can be stored: {shorten(str(error))}.") from error
    problem = flaw(cast(JsonValue, value))
    if problem is not None:
        raise AnswerError(f"{where} does not hold JSON that can be stored: {problem}.")
    return value


def read_objects(raw: str, where: str) -> tuple[dict[str, Any], ...]:
    """Read a JSON list of objects; a single object is a list of one, a wrapping object is taken off."""
    value = read_json(raw, where)
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        wrapped = next(iter(fields.values())) if len(fields) == 1 else None
        value = cast(list[Any], wrapped) if isinstance(wrapped, list) else [fields]
    if not isinstance(value, list):
        raise AnswerError(f"{where} has to hold a JSON list of objects.")
    entries = cast(list[Any], value)
    for position, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise AnswerError(f"Entry {position} of {where} is not a JSON object.")
    return tuple(cast(list[dict[str, Any]], entries))


def read_tools(raw: str, where: str) -> tuple[Tool, ...]:
    """Read tool definitions, with the schema under `inputSchema` or, as elsewhere, `parameters`."""
    entries = read_objects(raw, where)
    return tuple(_tool(entry, f"Tool {position} of {where}") for position, entry in enumerate(entries, 1))


def read_call(raw: str, where: str) -> Call:
    """Read one call: a name with an object of arguments."""
    value = read_json(raw, where)
    if not isinstance(value, dict):
        raise AnswerError(f'{where} has to hold one JSON object with "name" and "arguments".')
    return as_call(cast(dict[str, Any], value), where)


def as_call(entry: dict[str, Any], where: str) -> Call:
    """Check that a JSON object is a call; raises AnswerError naming `where` and what the call lacks."""
    call = _unwrap(entry, _CALL_WRAPPERS)
    name = required_text(call, "name", where)
    where = f'{where} ("{name}")'
    key = next((key for key in _ARGUMENT_KEYS if key in call), None)
    if key is None:
        raise AnswerError(f'{where} has no "arguments"; a call without arguments says "arguments": {{}}.')
    stray = sorted(set(call) - _CALL_EXTRAS - {"name", key})
    if stray:
        raise AnswerError(f'{where} has {", ".join(stray)} beside "arguments"; put arguments inside it.')
    arguments = call[key]
    if isinstance(arguments, str):  # as the OpenAI interface writes them
        arguments = read_json(arguments, f'"arguments" of {where}')
    if not isinstance(arguments, dict):
        raise AnswerError(f'"arguments" of {where} has to be a JSON object.')
    return Call(name, cast(dict[str, Any], arguments))


def required_text(entry: dict[str, Any], key: str, where: str) -> str:
    """Take a string that is not blank out of an object; raises AnswerError when there is none."""
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise AnswerError(f'{where} has no "{key}"; it has to be a text.')
    return value.strip()


def render_json(value: object, indent: int | None = None) -> str:
    """Write JSON that can stand in any tag: `<`, `>` and `&` only ever occur in strings, and are escaped."""
    return json.dumps(value, ensure_ascii=False, indent=indent).translate(_SAFE)


def _tool(entry: dict[str, Any], where: str) -> Tool:
    fields = _unwrap(entry, ("function", "tool"))
    name = required_text(fields, "name", where)
    where = f'{where} ("{name}")'
    schema = next((fields[key] for key in _SCHEMA_KEYS if key in fields), None)
    if not isinstance(schema, dict):
        raise AnswerError(f'{where} has no "inputSchema"; it has to be a JSON Schema of type object.')
    return Tool(
        name=name,
        description=required_text(fields, "description", where),
        parameters=cast(dict[str, Any], schema),
    )


def _unwrap(entry: dict[str, Any], wrappers: Sequence[str]) -> dict[str, Any]:
    if "name" in entry:
        return entry
    for wrapper in wrappers:
        inner = entry.get(wrapper)
        if isinstance(inner, dict):
            return cast(dict[str, Any], inner)
    return entry


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
