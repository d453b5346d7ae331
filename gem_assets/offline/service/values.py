"""Plausible values for parameters and record fields, drawn from a seeded generator.

Does not belong here: when a value is said or stored (`dialogue.py`, `simulator.py`).
"""

import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from gem_assets.offline.text.lexicon import read_table

_KINDS = (
    r"(?:format|mode|type|style|kind|level|class|band|setting|layout|quality|category|option|theme|"
    r"preference|property|profile|control)$"
)
FIRST_DAY = date(2026, 3, 2)


def draw(group: str, rng: random.Random) -> str:
    """Draw a word, or a phrase where the group separates by |."""
    text = read_table("values.toml")[group].replace("\n", " ")
    return rng.choice([item.strip() for item in (text.split("|") if "|" in text else text.split())])


def make_value(name: str, schema: dict[str, Any], rng: random.Random) -> Any:  # noqa: ANN401 - any JSON value
    """Make a value that fits the schema and suits the name."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema.get("type", "string")
    if kind == "object":
        wanted = schema.get("required") or list(schema.get("properties", {}))
        return {
            key: make_value(key, schema["properties"][key], rng)
            for key in wanted
            if key in schema.get("properties", {})
        }
    if kind == "array":
        count = max(schema.get("minItems", 1), min(2, schema.get("maxItems", 2)))
        found = [make_value(name, schema.get("items", {}), rng) for _ in range(count)]
        return list(dict.fromkeys(found)) if all(isinstance(v, str) for v in found) else found
    if kind in ("integer", "number"):
        return _number(name, schema, kind, rng)
    if kind == "boolean":
        return True
    return _text(name, schema, rng)


def _number(name: str, schema: dict[str, Any], kind: str, rng: random.Random) -> int | float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 1))
    high = schema.get("maximum", schema.get("exclusiveMaximum", max(low * 4, low + 40)))
    low, high = (
        (low + 1 if "exclusiveMinimum" in schema else low),
        (high - 1 if "exclusiveMaximum" in schema else high),
    )
    if high - low < 2:
        return int(low) if kind == "integer" or low == int(low) else low
    lower, upper = (
        int(low + (high - low) * 0.2) + (0 if low == int(low) else 1),
        int(low + (high - low) * 0.8),
    )
    step = max(1, schema.get("multipleOf", 1))
    value = rng.randint(max(lower, int(low + 0.999)), max(upper, lower, int(low + 0.999)))
    return int(value - value % step) if value - value % step >= low else int(value)


def _text(name: str, schema: dict[str, Any], rng: random.Random) -> str:
    pattern = schema.get("pattern", "")
    if pattern.startswith(r"^\d{4}-"):
        return (FIRST_DAY + timedelta(days=rng.randint(3, 120))).isoformat()
    if pattern.startswith(r"^\d{2}:"):
        return f"{rng.randint(7, 19):02d}:{rng.choice((0, 15, 30, 45)):02d}"
    value = _by_name(name, rng)
    low, high = schema.get("minLength", 0), schema.get("maxLength", 4000)
    while len(value) < low:
        value = f"{value}. {draw('notes', rng)}" if low > 20 else f"{value}{rng.randint(0, 9)}"
    return value[:high].rstrip()


def _digits(rng: random.Random, count: int) -> str:
    return "".join(str(rng.randint(1 if i == 0 else 0, 9)) for i in range(count))


def _plate(rng: random.Random) -> str:
    letters = [rng.choice(group) for group in ("ABKLT", "CDEFX", "HJM", "NPV", "KLT")]
    return f"{''.join(letters[:2])}{_digits(rng, 2)} {''.join(letters[2:])}"


def _code(rng: random.Random) -> str:
    return f"{rng.choice('ABCDEFGHKLM')}{rng.choice('NPRSTVX')}-{_digits(rng, 5)}"


_MAKERS: tuple[tuple[str, Callable[[random.Random], str]], ...] = (
    (r"mail", lambda r: f"{draw('given', r).lower()}.{draw('surnames', r).lower()}@example.com"),
    (r"phone|telephone|mobile|fax", lambda r: f"+44 20 7946 {_digits(r, 4)}"),
    (r"iban", lambda r: f"DE{_digits(r, 20)}"),
    (r"isbn", lambda r: f"978-{_digits(r, 10)}"),
    (r"url|link|website|address_bar", lambda r: f"https://{draw('places', r).lower()}.example.com"),
    (r"ip_address", lambda r: f"192.0.2.{r.randint(2, 250)}"),
    (r"pin$|passcode|password|six_digit", lambda r: _digits(r, 6)),
    (r"plate|registration_number", lambda r: _plate(r)),
    (r"(?:number|code|reference|serial|barcode|badge)$", lambda r: _code(r)),
    (r"surname|last_name|family_name", lambda r: draw("surnames", r)),
    (r"given|first_name", lambda r: draw("given", r)),
    (r"holder|person|owner|author|customer|passenger|witness|contact|recipient|member|student|patient|driver|guest|player|keeper",
     lambda r: f"{draw('given', r)} {draw('surnames', r)}"),
    (r"reason|note|comment|message|remark|description|explanation|text|purpose|instruction|symptom|cause|detail|summary|statement",
     lambda r: draw("notes", r)),
    (r"street|address", lambda r: f"{r.randint(2, 88)} {draw('streets', r)}"),
    (r"city|town|village|venue|destination|location|port|country|branch$", lambda r: draw("cities", r)),
    (r"colou?r", lambda r: draw("colours", r)),
    (r"language", lambda r: draw("languages", r)),
    (r"currency", lambda r: draw("currencies", r)),
    (r"path|folder|directory", lambda r: f"/home/{draw('given', r).lower()}/{draw('places', r).lower()}"),
    (r"file|document|scan|attachment|photo|picture|image|record$|receipt|portrait",
     lambda r: f"{draw('places', r).lower()}-{_digits(r, 3)}.{r.choice(('pdf', 'jpg', 'png'))}"),
    (r"month$", lambda r: r.choice(("April", "May", "June", "July", "September", "October"))),
    (r"year$", lambda r: str(r.randint(2019, 2026))),
    (r"weekday", lambda r: r.choice(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"))),
    (r"day|date", lambda r: (FIRST_DAY + timedelta(days=r.randint(3, 120))).isoformat()),
    (r"hour|time|clock", lambda r: f"{r.randint(7, 19):02d}:{r.choice((0, 15, 30, 45)):02d}"),
    (r"duration|length", lambda r: f"{r.randint(2, 50)} minutes"),
)  # fmt: skip


def _by_name(name: str, rng: random.Random) -> str:
    for pattern, make in _MAKERS:
        if re.search(pattern, name):
            return make(rng)
    if name.endswith("name"):
        return f"{draw('places', rng)} {rng.choice(('One', 'Two', 'North', 'South', 'East', 'West'))}"
    if re.search(_KINDS, name):
        return draw("kinds", rng)
    return draw("places", rng) if len(name) % 2 else f"{rng.choice('ABCDEFHK')}-{_digits(rng, 2)}"
