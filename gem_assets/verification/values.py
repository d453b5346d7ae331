"""JSON values as rules look at them: their leaves, their flaws, and how evidence quotes them.

Does not belong here: what a schema says about a value (`argument_schema`), what a result means (`results`).
"""

import json
import math
from collections.abc import Iterator, Sequence

from pydantic import JsonValue

MAX_DEPTH = 64
"""Levels of nesting a schema or an argument may have. Real ones stay below ten; each level costs a few of the
thousand stack frames there are."""
MAX_CONTAINERS = 5_000
"""Objects and lists in one value."""
MAX_BITS = 1_000
"""Size of an integer: beyond it (about 300 digits) it is no JSON number that anyone else can read."""
QUOTE_LENGTH = 120

Scalar = str | int | float | bool | None


def quote(value: object) -> str:
    """Write a value as JSON for an evidence sentence: 120 characters at most, and always storable."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    if len(text) > QUOTE_LENGTH:
        text = text[: QUOTE_LENGTH - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode()


def path_of(steps: Sequence[str | int]) -> str:
    """Write the way to a value as `$.items[2].sku`."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


def leaves(value: JsonValue) -> Iterator[tuple[str, Scalar]]:
    """Walk the values that are no object and no list, in order, each with its path."""
    stack: list[tuple[str, JsonValue]] = [("$", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            stack.extend([(f"{path}.{key}", item[key]) for key in reversed(item)])
        elif isinstance(item, list):
            stack.extend([(f"{path}[{place}]", item[place]) for place in reversed(range(len(item)))])
        else:
            yield path, item


def flaw(value: JsonValue) -> str | None:
    """Say why a value is no JSON of bearable size, None when it is one. Safe on values of any depth."""
    level: list[JsonValue] = [value]
    containers = 0
    for _ in range(MAX_DEPTH):
        problem = next((found for item in level if (found := _own_flaw(item))), None)
        if problem:
            return problem
        level = [child for item in level for child in _children(item)]
        containers += sum(isinstance(child, dict | list) for child in level)
        if containers > MAX_CONTAINERS:
            return f"it holds more than {MAX_CONTAINERS} objects and lists"
        if not level:
            return None
    return f"it is nested deeper than {MAX_DEPTH} levels"


def _children(item: JsonValue) -> list[JsonValue]:
    if isinstance(item, dict):
        return list(item.values())
    return item if isinstance(item, list) else []


def _own_flaw(item: JsonValue) -> str | None:
    if isinstance(item, dict):
        odd = next((key for key in item if not isinstance(key, str)), None)  # pyright: ignore[reportUnnecessaryIsInstance]
        return None if odd is None else f"its key {quote(odd)} is no text"
    if item is None or isinstance(item, str | bool | list):
        return None
    if isinstance(item, int):
        return "it holds a number of more than 300 digits" if item.bit_length() > MAX_BITS else None
    if isinstance(item, float):  # pyright: ignore[reportUnnecessaryIsInstance]
        return None if math.isfinite(item) else f"it holds {item}, which JSON does not have"
    return f"it holds a {type(item).__name__}, which JSON does not have"
