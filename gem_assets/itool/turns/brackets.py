"""Read calls in bracket syntax: `[Get Weather(city="Oslo", days=3), ping()]`, as ToolACE and BFCL write them.

Names may hold spaces; values are JSON or Python literals. Does not belong here: the other syntax, comparing.
"""

import ast
import json
from typing import Any

from gem_assets.itool.turns.scanner import walk_to_end


class BracketError(ValueError):
    """The text is no list of calls; says where it stops being one."""


_NO_NAME = set("()[]{}=,\"'\n")


def read_brackets(text: str) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """Read a turn that begins with `[`; gives name and arguments of each call, and the text after them.

    Raises:
        BracketError: the syntax is broken.
    """
    position = text.index("[") + 1
    calls: list[tuple[str, dict[str, Any]]] = []
    while True:
        name, position = _upto(text, position, "(")
        arguments, position = _arguments(text, position)
        calls.append((name, arguments))
        position = _blank(text, position)
        following = text[position : position + 1]
        if following == "]":
            return calls, text[position + 1 :]
        if following != ",":
            raise BracketError(f"after {name}(…) there is neither a comma nor the end of the list")
        position += 1


def _arguments(text: str, position: int) -> tuple[dict[str, Any], int]:
    found: dict[str, Any] = {}
    position = _blank(text, position)
    if text[position : position + 1] == ")":
        return found, position + 1
    while True:
        key, position = _upto(text, position, "=")
        end = _end_of_value(text, position)
        if key in found:
            raise BracketError(f"the argument {key} is given twice")
        found[key] = read_literal(text[position:end])
        if text[end] == ")":
            return found, end + 1
        position = end + 1


def _upto(text: str, position: int, mark: str) -> tuple[str, int]:
    end = text.find(mark, position)
    name = text[position:end].strip() if end >= 0 else ""
    if not name or _NO_NAME & set(name):
        raise BracketError(f"no name before {mark!r} at character {position}")
    return name, end + 1


def _end_of_value(text: str, position: int) -> int:
    """Find the comma or bracket that ends a value, outside of strings and inner brackets."""
    depth, string, place = 0, "", position
    while place < len(text):
        character = text[place]
        if string:
            place += character == "\\"
            string = "" if character == string else string
        elif character in "\"'":
            string = character
        elif depth == 0 and character in ",)":
            return place
        else:
            depth += (character in "([{") - (character in ")]}")
        place += 1
    raise BracketError(f"the value at character {position} does not end")


def read_literal(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read a value written as JSON or as a Python literal; raises BracketError where it is neither."""
    text = text.strip()
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        pass  # not JSON: it may be Python
    try:
        return json.loads(json.dumps(ast.literal_eval(text), allow_nan=False))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise BracketError(f"{text[:60]!r} is no value") from error


def _refuse(constant: str) -> Any:  # noqa: ANN401
    raise ValueError(f"{constant} is not JSON")


def _blank(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def closers(text: str) -> str:
    """Give the brackets that close a turn which ends between two fragments."""
    return "".join(reversed(walk_to_end(text, "bracket").stack))
