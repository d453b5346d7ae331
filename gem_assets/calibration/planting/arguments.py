"""Defects of other argument values: names, numbers, dates and texts that nobody gave.

Uses nothing of what finds defects.
"""

import random
import re
from collections.abc import Callable

from gem_assets.calibration.planting.plain import ID_LIKE, Json, Plain, Planted, put_argument, scalars


def _changed_argument(
    plain: Plain, chance: random.Random, wanted: Callable[[str, Json], bool], make: Callable[[Json], Json]
) -> Planted | None:
    places = []
    for _, call in plain.calls():
        for path, value in scalars(call["arguments"]):
            name = next((step for step in reversed(path) if isinstance(step, str)), "")
            if plain.ok(call) and not ID_LIKE.search(name) and wanted(name, value):
                places.append((call, path, value))
    if not places:
        return None
    call, path, value = chance.choice(places)
    put_argument(plain, call, path, value, make(value))
    return Planted(plain)


def invented_name(plain: Plain, chance: random.Random) -> Planted | None:
    """Replace a name by one that nobody gave."""
    made = chance.choice(["Zelda Quimby", "Ottokar Brandl", "Ines Falkenrath"])
    return _changed_argument(
        plain,
        chance,
        lambda name, value: (
            isinstance(value, str) and bool(re.search(r"name|guest|person|contact|recipient|owner", name))
        ),
        lambda _: made,
    )


def invented_number(plain: Plain, chance: random.Random) -> Planted | None:
    """Replace a number by one that nobody gave."""
    return _changed_argument(
        plain,
        chance,
        lambda _, value: isinstance(value, int | float) and not isinstance(value, bool),
        lambda value: 7919 if isinstance(value, int) else 7919.37,
    )


def invented_date(plain: Plain, chance: random.Random) -> Planted | None:
    """Replace a date by one that nobody gave."""
    return _changed_argument(
        plain,
        chance,
        lambda _, value: isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)),
        lambda _: "2031-08-27",
    )


def invented_id_in_text(plain: Plain, chance: random.Random) -> Planted | None:
    """Let a text name an identifier that nobody gave."""
    return _changed_argument(
        plain,
        chance,
        lambda name, value: (
            isinstance(value, str)
            and bool(re.search(r"note|message|comment|description|reason|text|body", name))
        ),
        lambda value: f"{value} See case XQ-88317.",
    )
