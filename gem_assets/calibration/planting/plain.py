"""A trajectory as plain JSON, so that planting a defect uses nothing of what finds it.

Does not belong here: the defects, and anything of `gem_assets.verification`.
"""

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Any JSON value, to be changed in place."""

ID_LIKE = re.compile(
    r"^(?!.*(?:house|phone|street|zip|postal|room|seat|card)).*(?:(?:^|_)(?:id|ids|number|code|ref|sku|"
    r"reference)|[a-z]Ids?)$"
)


@dataclass
class Plain:
    """Tools, messages, constraints and source, all mutable."""

    name: str
    tools: list[dict[str, Json]]
    messages: list[dict[str, Json]]
    constraints: list[dict[str, Json]]
    source: str

    def copy(self) -> "Plain":
        """Copy it whole."""
        return copy.deepcopy(self)

    def results(self) -> Iterator[tuple[int, Json]]:
        """Walk the results that are JSON, each with the index of its message."""
        for index, message in enumerate(self.messages):
            if message["role"] == "tool":
                try:
                    yield index, json.loads(message["content"])
                except ValueError:
                    continue

    def calls(self) -> list[tuple[int, dict[str, Json]]]:
        """List the calls, each with the index of its message."""
        return [
            (index, call) for index, message in enumerate(self.messages) for call in message["tool_calls"]
        ]

    def result_of(self, call: dict[str, Json]) -> tuple[int, Json] | None:
        """Find the result of a call where it is JSON, with the index of its message."""
        for index, message in enumerate(self.messages):
            if message["role"] == "tool" and message["call_id"] == call["call_id"]:
                try:
                    return index, json.loads(message["content"])
                except ValueError:
                    return None
        return None

    def put(self, index: int, value: Json) -> None:
        """Replace the content of a result."""
        self.messages[index]["content"] = json.dumps(value, ensure_ascii=False)

    def text_before(self, index: int) -> str:
        """Give all that stands before a message."""
        return "\n".join(message["content"] for message in self.messages[:index])

    def is_read(self, name: str) -> bool:
        """Tell from its name whether a tool only reads."""
        verb = r"(?:get|list|search|find|read|check|look|show|view|fetch|query)"
        return bool(
            re.match(rf"{verb}|(?:jobs|boat|holds|cards|orders|accounts|cart|permits)$", name, re.IGNORECASE)
        )

    def ok(self, call: dict[str, Json]) -> bool:
        """Tell whether the result of a call says neither error nor no."""
        found = self.result_of(call)
        if found is None or not isinstance(found[1], dict):
            return found is not None
        value = found[1]
        return not (
            value.get("error")
            or value.get("success") is False
            or value.get("status") in ("error", "failed", "rejected", "denied")
            or any(value.get(flag) is False for flag in ("valid", "allowed", "eligible", "ok"))
        )


def scalars(value: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[tuple[Json, ...], Json]]:
    """Walk the values that are neither object nor list, each with its path."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from scalars(child, (*path, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from scalars(child, (*path, place))
    else:
        yield path, value


def assign(value: Json, path: tuple[Json, ...], new: Json) -> None:
    """Put a value at a path."""
    for step in path[:-1]:
        value = value[step]
    value[path[-1]] = new


def replace_everywhere(value: Json, old: Json, new: Json) -> Json:
    """Replace a value wherever it stands in another."""
    if isinstance(value, dict):
        return {key: replace_everywhere(child, old, new) for key, child in value.items()}
    if isinstance(value, list):
        return [replace_everywhere(child, old, new) for child in value]
    return new if value == old and type(value) is type(old) else value


def objects(value: Json, path: tuple[Json, ...] = ()) -> Iterator[tuple[tuple[Json, ...], dict[str, Json]]]:
    """Walk the objects in a value, each with its path."""
    if isinstance(value, dict):
        yield path, value
        for key, child in value.items():
            yield from objects(child, (*path, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from objects(child, (*path, place))


def own_id(item: dict[str, Json]) -> tuple[str, Json] | None:
    """Find the key and value that identify an object."""
    return next(
        ((key, value) for key, value in item.items() if ID_LIKE.search(key) and isinstance(value, str | int)),
        None,
    )


def strange_id(old: str, known: str, chance: random.Random) -> str:
    """Make another identifier of the same shape that stands nowhere in a text."""
    while True:
        new = "".join(str(chance.randint(0, 9)) if letter.isdigit() else letter for letter in old)
        if sum(letter.isdigit() for letter in old) < 3:
            new += str(chance.randint(100, 999))
        runs = re.findall(r"\d+", new)
        if (
            new != old
            and new not in known
            and not any(run.lstrip("0") in known for run in runs if len(run) > 1)
        ):
            return new


def other_value(old: Json, chance: random.Random) -> Json:
    """Make another value of the same kind."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return old + chance.choice([1, 2, 3, 7, 11])
    if isinstance(old, float):
        return round(old + chance.choice([1.5, 2.25, 10.0]), 2)
    day = re.fullmatch(r"(\d{4}-\d{2}-)(\d{2})(.*)", old)
    if day:
        return f"{day[1]}{(int(day[2]) + 3) % 27 + 1:02}{day[3]}"
    return chance.choice(["Harrow Lane 3", "velvet", "Oslo", "Marius Quint", "teal"])


@dataclass(frozen=True)
class Planted:
    """A trajectory with a defect, and whether the dialogue holds what shows it."""

    plain: Plain
    detectable: bool = True


Plant = Callable[[Plain, random.Random], Planted | None]
"""Plants one kind of defect into a copy of a clean trajectory; None where there is no place for it."""


def put_argument(plain: Plain, call: dict[str, Json], path: tuple[Json, ...], old: Json, new: Json) -> None:
    """Replace an argument, and what the result of its call repeats of it."""
    assign(call["arguments"], path, new)
    found = plain.result_of(call)
    if found:
        plain.put(found[0], replace_everywhere(found[1], old, new))


def pick_reply(plain: Plain, chance: random.Random) -> int | None:
    """Pick an assistant message without a call."""
    replies = [
        index
        for index, message in enumerate(plain.messages)
        if message["role"] == "assistant" and not message["tool_calls"]
    ]
    return chance.choice(replies) if replies else None


def add_words(plain: Plain, index: int, text: str) -> Planted:
    """Add words to the end of a message."""
    plain.messages[index]["content"] = f"{plain.messages[index]['content']} {text}".strip()
    return Planted(plain)
