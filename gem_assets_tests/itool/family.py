"""A family of small tasks in ToolACE's form, made by a seed: a request, and a call with the values in it.

    {"system": "… reserve(place, day, people) …",
     "conversations": [{"from": "user", "value": "Order 4 red lamp."},
                       {"from": "assistant", "value": "[order(item=\\"lamp\\", colour=\\"red\\", count=4)]"}]}

Some requests lack a value, and the right turn asks for it instead of calling.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PLACES = ("Luna", "Orion", "Harbor", "Cedar", "Mosaic", "Bistro", "Garden", "Anchor")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ITEMS = ("lamp", "chair", "desk", "shelf", "sofa", "carpet", "mirror", "clock")
COLOURS = ("red", "blue", "green", "white", "black", "grey")
PEOPLE = ("Ada", "Ben", "Cleo", "Dina", "Egon", "Fay", "Gus", "Hana")
TOPICS = ("rent", "lunch", "keys", "train", "budget", "party")

TOOLS = (
    ("reserve", ("place", "day", "people")),
    ("order", ("item", "colour", "count")),
    ("remind", ("person", "topic", "day")),
)
FORMS = {
    "reserve": (
        "Reserve a table at {place} on {day} for {people}.",
        "On {day} we are {people}, book {place}.",
        "{people} seats at {place}, {day} please.",
    ),
    "order": (
        "Order {count} {colour} {item}.",
        "I need {item} in {colour}, {count} of them.",
        "{colour} {item} times {count} please.",
    ),
    "remind": (
        "Remind {person} of {topic} on {day}.",
        "On {day} tell {person} about {topic}.",
        "{topic}, {day}, for {person}.",
    ),
}


def system() -> str:
    told = "; ".join(f"{name}({', '.join(keys)})" for name, keys in TOOLS)
    return f"Call a tool or ask for what is missing. {told}."


def make_tasks(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Make tasks; those of another seed are others."""
    dice, known = random.Random(seed), set[str]()
    while len(known) < count:
        asked, answered = _task(dice)
        if asked in known:
            continue
        known.add(asked)
        said = [{"from": "user", "value": asked}, {"from": "assistant", "value": answered}]
        yield {"system": system(), "conversations": said}


def write_tasks(path: Path, count: int, seed: int) -> Path:
    path.write_text("\n".join(json.dumps(task) for task in make_tasks(count, seed)), "utf-8")
    return path


def _task(dice: random.Random) -> tuple[str, str]:
    name, keys = dice.choice(TOOLS)
    values = {key: _value(key, dice) for key in keys}
    form = dice.choice(FORMS[name])
    if dice.random() < 0.1:
        lacking = dice.choice(list(keys))
        return form.format(**{**values, lacking: "some"}), f"Which {lacking}?"
    call = ", ".join(f"{key}={json.dumps(value)}" for key, value in values.items())
    return form.format(**values), f"[{name}({call})]"


def _value(key: str, dice: random.Random) -> str | int:
    sets = {"place": PLACES, "day": DAYS, "item": ITEMS, "colour": COLOURS, "person": PEOPLE, "topic": TOPICS}
    return dice.choice(sets[key]) if key in sets else dice.randint(2, 9)
