"""Read an assistant turn, whole or only begun: what it says, which calls it makes, what is broken.

Does not belong here: whether the calls are right (`comparing`, `faults`).
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from gem_assets.itool.turns.brackets import BracketError, closers, read_brackets
from gem_assets.itool.turns.scanner import CLOSING, OPENING, Syntax, walk_to_end
from gem_assets.records.message import Message
from gem_assets.records.tool import ToolCall

PENDING = "\x00pending"
"""Stands, in a turn that was only begun, for a value that is still to come."""

# A literal of JSON and of Python both.
_PENDING_LITERAL = json.dumps(PENDING)
_BLOCK = re.compile(rf"{OPENING}(.*?){CLOSING}", re.DOTALL)


@dataclass(frozen=True)
class Turn:
    """An assistant turn: text, calls, and what cannot be read of them."""

    said: str
    calls: tuple[ToolCall, ...] = ()
    broken: str | None = None

    @property
    def message(self) -> Message:
        """The turn as a message."""
        return Message(role="assistant", content=self.said, tool_calls=self.calls)


def read_turn(text: str, syntax: Syntax) -> Turn:
    """Read a finished turn; a call that breaks the syntax is no error but is told in `broken`."""
    return _read_hermes(text) if syntax == "hermes" else _read_brackets(text)


def read_begun(text: str, syntax: Syntax) -> Turn:
    """Read a turn that ends between two fragments: open calls are closed, a value to come is PENDING."""
    walk = walk_to_end(text, syntax)
    if not walk.in_call:
        return read_turn(text, syntax)
    begun = text.rstrip()
    if begun.endswith((":", "=")):
        begun += _PENDING_LITERAL
    if begun.endswith(","):
        begun = begun[:-1]
    if syntax == "bracket":
        return read_turn(begun + closers(begun), syntax)
    return read_turn(begun + "".join(reversed(walk.stack)) + CLOSING, syntax)


def _read_hermes(text: str) -> Turn:
    calls: list[ToolCall] = []
    for block in _BLOCK.finditer(text):
        try:
            name, arguments = _read_call(block[1])
        except ValueError as error:
            return Turn(_BLOCK.sub("", text).strip(), tuple(calls), f"call {len(calls) + 1}: {error}")
        calls.append(_call(len(calls), name, arguments))
    said = _BLOCK.sub("", text)
    stray = next((tag for tag in (OPENING, CLOSING) if tag in said), None)
    broken = f"{stray} without its counterpart" if stray else None
    return Turn(said.strip(), tuple(calls), broken)


def _read_call(block: str) -> tuple[str, dict[str, Any]]:
    value = json.loads(block, parse_constant=_refuse)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise ValueError("it is no object with a name")
    arguments = value.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ValueError("its arguments are no object")
    extra = sorted(set(value) - {"name", "arguments"})
    if extra:
        raise ValueError(f"{extra[0]!r} is neither name nor arguments")
    return value["name"], arguments


def _read_brackets(text: str) -> Turn:
    if not text.lstrip().startswith("["):
        return Turn(text.strip())
    try:
        found, rest = read_brackets(text)
    except BracketError as error:
        return Turn("", (), str(error))
    return Turn(rest.strip(), tuple(_call(place, *call) for place, call in enumerate(found)))


def _call(place: int, name: str, arguments: dict[str, Any]) -> ToolCall:
    return ToolCall(call_id=f"call_{place}", name=name, arguments=arguments)


def _refuse(constant: str) -> Any:  # noqa: ANN401 - never returns
    raise ValueError(f"{constant} is not JSON")
