"""Defects of records: reads and writes that do not fit together, results that answer something else.

Uses nothing of what finds defects.
"""

import random
import re

from gem_assets.calibration.planting.plain import (
    ID_LIKE,
    Json,
    Plain,
    Planted,
    objects,
    other_value,
    own_id,
    strange_id,
)


def writes_between(plain: Plain, first: int, last: int) -> bool:
    """Tell whether a successful change stands between two messages."""
    return any(
        first < index < last and not plain.is_read(call["name"]) and plain.ok(call)
        for index, call in plain.calls()
    )


def contradictory_read(plain: Plain, chance: random.Random) -> Planted | None:
    """Change a field of a record that a read shows."""
    reads = [
        (plain.result_of(call), call)
        for _, call in plain.calls()
        if plain.is_read(call["name"]) and plain.ok(call)
    ]
    places: list[tuple[int, Json, tuple[Json, ...], str, bool]] = []
    for found, _ in reads:
        if found is None:
            continue
        for path, item in objects(found[1]):
            identity = own_id(item)
            for key, value in item.items():
                scalar = isinstance(value, str | int | float) and not ID_LIKE.search(key)
                if (
                    identity
                    and key != identity[0]
                    and scalar
                    and not re.search(r"temp|time|message|note|updated", key)
                ):
                    again = _shown_before(plain, found[0], identity, key, set(item))
                    places.append((found[0], found[1], path, key, again))
    if not places:
        return None
    index, value, path, key, again = chance.choice([place for place in places if place[4]] or places)
    item = value
    for step in path:
        item = item[step]
    item[key] = other_value(item[key], chance)
    plain.put(index, value)
    return Planted(plain, again)


def _shown_before(plain: Plain, index: int, identity: tuple[str, Json], key: str, keys: set[str]) -> bool:
    for earlier, value in plain.results():
        if earlier < index and not writes_between(plain, earlier, index):
            for _, item in objects(value):
                if own_id(item) == identity and key in item and len(keys & set(item)) >= 4:
                    return True
    return False


def lost_write(plain: Plain, chance: random.Random) -> Planted | None:
    """Give a read after a write the value from before it."""
    for _, writer in reversed(plain.calls()):
        written = plain.result_of(writer)
        if plain.is_read(writer["name"]) or not plain.ok(writer) or written is None:
            continue
        for _, new in objects(written[1]):
            identity = own_id(new)
            before = _last_shown(plain, written[0], identity) if identity else None
            changed = [key for key in new if before and key in before and before[key] != new[key]]
            changed = [key for key in changed if isinstance(new[key], str | int | float)]
            if before and changed and _put_back(plain, written[0], identity, changed[0], before):
                return Planted(plain)
    return None


def _put_back(plain: Plain, written: int, identity: Json, key: str, before: dict[str, Json]) -> bool:
    for index, reader in plain.calls():
        found = plain.result_of(reader)
        if found is None or index < written or not plain.is_read(reader["name"]):
            continue
        if writes_between(plain, written, index):
            continue
        for _, item in objects(found[1]):
            if own_id(item) == identity and key in item:
                item[key] = before[key]
                plain.put(found[0], found[1])
                return True
    return False


def _last_shown(plain: Plain, index: int, identity: tuple[str, Json]) -> dict[str, Json] | None:
    shown = [
        item
        for earlier, value in plain.results()
        if earlier < index
        for _, item in objects(value)
        if own_id(item) == identity
    ]
    return shown[-1] if shown else None


def other_id_answered(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a result name another record than its call asked for."""
    places = []
    for _, call in plain.calls():
        found = plain.result_of(call)
        if found and isinstance(found[1], dict) and plain.ok(call):
            for key, value in call["arguments"].items():
                digits = isinstance(value, str) and sum(map(str.isdigit, value)) >= 2
                if (
                    ID_LIKE.search(key)
                    and digits
                    and found[1].get(key) == value
                    and not re.search("copy|transfer|replace|swap", call["name"])
                ):
                    places.append((found, key, value))
    if not places:
        return None
    found, key, value = chance.choice(places)
    found[1][key] = strange_id(value, plain.text_before(len(plain.messages)), chance)
    plain.put(found[0], found[1])
    return Planted(plain)


def other_amount_answered(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a result say another number or date than its call set."""
    places = []
    for _, call in plain.calls():
        found = plain.result_of(call)
        if found and isinstance(found[1], dict) and plain.ok(call):
            for key, value in call["arguments"].items():
                number = isinstance(value, int | float) and not isinstance(value, bool)
                date = isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)
                if (
                    (number or date)
                    and found[1].get(key) == value
                    and not re.search(r"max|min|limit|amount|from|to_|start|end|page|size", key)
                ):
                    places.append((found, key, value))
    if not places:
        return None
    found, key, value = chance.choice(places)
    found[1][key] = other_value(value, chance)
    plain.put(found[0], found[1])
    return Planted(plain)


def omitted_from_list(plain: Plain, chance: random.Random) -> Planted | None:
    """Take a created record out of a list that showed it."""
    for index, call in plain.calls():
        found = plain.result_of(call)
        if (
            plain.is_read(call["name"])
            or found is None
            or not plain.ok(call)
            or not isinstance(found[1], dict)
        ):
            continue
        made = own_id(found[1])
        if made and str(made[1]) not in plain.text_before(found[0]) and _take_out(plain, index, made[1]):
            return Planted(plain)
    return None


def _take_out(plain: Plain, after: int, identifier: Json) -> bool:
    for later, reader in plain.calls():
        shown = plain.result_of(reader)
        if later <= after or shown is None or plain.is_read(reader["name"]) is False:
            continue
        for rows in [value for value in _lists(shown[1]) if len(value) > 1]:
            kept = [row for row in rows if not (isinstance(row, dict) and _is(row, identifier))]
            if kept and len(kept) < len(rows):
                rows[:] = kept
                plain.put(shown[0], shown[1])
                return True
    return False


def _is(row: dict[str, Json], identifier: Json) -> bool:
    identity = own_id(row)
    return identity is not None and identity[1] == identifier


def _lists(value: Json) -> list[list[Json]]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if isinstance(value, list) else []) + [
        found for child in inner for found in _lists(child)
    ]


def wrong_total(plain: Plain, chance: random.Random) -> Planted | None:
    """Change a total beside its parts."""
    for index, value in plain.results():
        for _, item in objects(value):
            if isinstance(item.get("total"), int | float) and any(
                isinstance(rows, list)
                and rows
                and isinstance(rows[0], dict)
                and {"price", "amount", "unit_price", "line_total", "subtotal"} & set(rows[0])
                for rows in item.values()
            ):
                item["total"] = round(item["total"] + 13.37, 2)
                plain.put(index, value)
                return Planted(plain)
    return None
