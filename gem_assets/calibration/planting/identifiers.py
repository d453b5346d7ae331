"""Defects of identifiers: one that nobody gave, one used before it exists.

Uses nothing of what finds defects.
"""

import json
import random

from gem_assets.calibration.planting.plain import (
    ID_LIKE,
    Json,
    Plain,
    Planted,
    put_argument,
    scalars,
    strange_id,
)


def _id_arguments(plain: Plain) -> list[tuple[int, dict[str, Json], tuple[Json, ...], str]]:
    found: list[tuple[int, dict[str, Json], tuple[Json, ...], str]] = []
    for index, call in plain.calls():
        for path, value in scalars(call["arguments"]):
            name = next((step for step in reversed(path) if isinstance(step, str)), "")
            named = isinstance(value, str) and ID_LIKE.search(name) and sum(map(str.isdigit, value)) >= 2
            if named and value in plain.text_before(index) and plain.ok(call):
                found.append((index, call, path, value))
    return found


def invented_id(plain: Plain, chance: random.Random) -> Planted | None:
    """Replace an identifier by one that stands nowhere, in the call and in its result."""
    places = _id_arguments(plain)
    if not places:
        return None
    _, call, path, value = chance.choice(places)
    new = strange_id(value, plain.text_before(len(plain.messages)), chance)
    put_argument(plain, call, path, value, new)
    return Planted(plain)


def early_id(plain: Plain, chance: random.Random) -> Planted | None:
    """Use the identifier of a record in a call before the one that creates it."""
    for _, maker in plain.calls():
        result = plain.result_of(maker)
        if plain.is_read(maker["name"]) or not plain.ok(maker) or result is None:
            continue
        for path, value in scalars(result[1]):
            if path and isinstance(path[-1], str) and ID_LIKE.search(path[-1]) and isinstance(value, str):
                fresh = value not in plain.text_before(result[0]) and value not in json.dumps(
                    maker["arguments"]
                )
                earlier = [place for place in _id_arguments(plain) if place[0] < result[0] - 1]
                same = [place for place in earlier if place[2][-1] == path[-1] or len(earlier) < 3]
                if fresh and same and sum(map(str.isdigit, value)) >= 2:
                    _, call, where, old = chance.choice(same)
                    put_argument(plain, call, where, old, value)
                    return Planted(plain)
    return None
