"""Defects of limits and order: accepted beyond a limit, refused within it, called what it is not.

Uses nothing of what finds defects.
"""

import random
import re

from gem_assets.calibration.planting.plain import (
    Json,
    Plain,
    Planted,
    add_words,
    objects,
    own_id,
    pick_reply,
    put_argument,
    scalars,
)
from gem_assets.calibration.planting.records import writes_between

_SIMPLE = re.compile(r"\s*args\.(\w+)\s*(<=|>=)\s*(\d+)\s*")
_STATE = re.compile(r"\s*state\.(\w+)\s*(==|<=)\s*(\"[^\"]+\"|\d+)\s*")


def accepted_beyond_limit(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a call succeed with an argument that breaks a rule of the source."""
    places = []
    for constraint in plain.constraints:
        simple = _SIMPLE.fullmatch(constraint.get("predicate") or "")
        for _, call in plain.calls():
            if (
                simple
                and call["name"] == constraint["tool"]
                and plain.ok(call)
                and simple[1] in call["arguments"]
            ):
                places.append((call, simple))
    if not places:
        return None
    call, simple = chance.choice(places)
    beyond = int(simple[3]) + 3 if simple[2] == "<=" else int(simple[3]) - 3
    put_argument(plain, call, (simple[1],), call["arguments"][simple[1]], beyond)
    acts = not plain.is_read(call["name"]) or call["name"].startswith("check")
    return Planted(plain, acts)


def accepted_in_wrong_state(plain: Plain, chance: random.Random) -> Planted | None:
    """Give the record of a successful call a state that forbids it, in everything shown before."""
    for constraint in plain.constraints:
        simple = _STATE.fullmatch(constraint.get("predicate") or "")
        for index, call in plain.calls():
            if (
                not simple
                or call["name"] != constraint["tool"]
                or not plain.ok(call)
                or plain.is_read(call["name"])
            ):
                continue
            bad: Json = (
                "void_" + simple[3].strip('"')
                if simple[2] == "==" and simple[3].startswith('"')
                else int(simple[3].strip('"')) + 5
            )
            ids = {value for _, value in scalars(call["arguments"])}
            touched = _spoil(plain, index, simple[1], ids, bad)
            if touched is not None:
                return Planted(plain, not writes_between(plain, touched, index))
    return None


def _spoil(plain: Plain, before: int, field: str, ids: set[Json], bad: Json) -> int | None:
    touched = None
    for index, value in list(plain.results()):
        for _, item in objects(value):
            identity = own_id(item)
            if index < before and identity and identity[1] in ids and field in item:
                item[field] = bad
                plain.put(index, value)
                touched = index
    return touched


def refused_within_limit(plain: Plain, chance: random.Random) -> Planted | None:
    """Turn the success of a call within the limits into a refusal for one of them."""
    places = []
    for constraint in plain.constraints:
        simple = _SIMPLE.fullmatch(constraint.get("predicate") or "")
        same = [
            other
            for other in plain.constraints
            if other["tool"] == constraint["tool"] and other is not constraint
        ]
        for _, call in plain.calls():
            if not simple or call["name"] != constraint["tool"] or simple[1] not in call["arguments"]:
                continue
            if plain.ok(call) and not any(re.search(rf"\b{simple[3]}\b", other["rule"]) for other in same):
                places.append((call, simple))
    if not places:
        return None
    call, simple = chance.choice(places)
    found = plain.result_of(call)
    if found is None:
        return None
    what, side = (
        simple[1].replace("_", " "),
        "exceeds the maximum of" if simple[2] == "<=" else "is below the minimum of",
    )
    plain.put(found[0], {"error": f"{what} {side} {simple[3]}"})
    return Planted(plain)


def called_within(plain: Plain, chance: random.Random) -> Planted | None:
    """Let the assistant call an excess within its limit."""
    index = pick_reply(plain, chance)
    if index is None:
        return None
    limit = chance.randint(20, 90)
    unit = chance.choice(["cm", "kg", "days", "%", ""])
    template = chance.choice(
        [
            "The {a} {u} is within the limit of {b} {u}.",
            "At {a} {u} it is under the maximum of {b} {u}.",
            "Your {a} {u} stays within the {b} {u} limit.",
        ]
    )
    return add_words(
        plain, index, template.format(a=limit + chance.randint(1, 9), b=limit, u=unit).replace(" .", ".")
    )


def called_over(plain: Plain, chance: random.Random) -> Planted | None:
    """Let the assistant call a permitted amount over its limit."""
    index = pick_reply(plain, chance)
    if index is None:
        return None
    limit = chance.randint(20, 90)
    template = chance.choice(
        ["{a} kg exceeds the limit of {b} kg.", "The {a} cm is above the maximum of {b} cm."]
    )
    return add_words(plain, index, template.format(a=limit - chance.randint(1, 9), b=limit))


def late_sign_in(plain: Plain, chance: random.Random) -> Planted | None:
    """Move the sign-in behind the first change that follows it."""
    calls = plain.calls()
    system = plain.messages[0]["content"].casefold()
    demanded = re.search(
        r"(?:authenticat|verif|log in|sign in)[^.\n]*(?:before|first)|before[^.\n]*(?:authenticat|identity|"
        r"log in|sign in)",
        system,
    )
    entering = next(
        (
            at
            for at, (_, call) in enumerate(calls)
            if re.match(
                r"authenticate|log_?in|sign_?in|verify_(?:user|customer|identity|member)", call["name"]
            )
        ),
        None,
    )
    writer = next(
        (
            at
            for at, (_, call) in enumerate(calls)
            if entering is not None and at > entering and not plain.is_read(call["name"]) and plain.ok(call)
        ),
        None,
    )
    if not demanded or entering is None or writer is None or not plain.ok(calls[entering][1]):
        return None
    first, second = calls[entering][0], calls[writer][0]
    pair = plain.messages[first : first + 2]
    rest = plain.messages[first + 2 : second + 2]
    plain.messages[first : second + 2] = [*rest, *pair]
    return Planted(plain)
