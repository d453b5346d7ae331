"""What an operation needs to know: fields, options, ranges with units, read out of the instruction's words.

Does not belong here: which tool takes them (`actions.py`, `tools.py`), or values for them (`values.py`).
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from gem_assets.offline.text.lexicon import in_group, singular
from gem_assets.offline.text.nouns import name_of, plural_name, words_of

MAX_OPTIONS = 12
MAX_FIELDS = 8

_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
        ]
    )
} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100}
NUMBER = r"(?:\d[\d,]*(?:\.\d+)?|" + "|".join(_NUMBER_WORDS) + r")"
UNIT = r"(?P<unit>%|°C|°|[A-Za-z]+(?:/s)?)?"
_RANGE = re.compile(
    rf"\b(?:from |between |of )?(?P<low>{NUMBER})\s*(?:to|and|–|-)\s*(?P<high>{NUMBER})\s*{UNIT}", re.I
)
_MAXIMUM = re.compile(
    rf"\b(?:up to|at most|no more than|not more than|no longer than|not exceed|maximum of|limited to|a "
    rf"limit of|as many as|"
    rf"not be more than|no larger than|may be up to|cannot exceed|must not "
    rf"exceed)\s+(?P<high>{NUMBER})\s*{UNIT}",
    re.IGNORECASE,
)
_MINIMUM = re.compile(
    rf"\b(?:at least|no less than|no fewer than|minimum of|not less than)\s+(?P<low>{NUMBER})\s*{UNIT}", re.I
)
_COUNTED = re.compile(
    rf"^(?P<sign>up to|at most|as many as|no more than|"
    rf"at least) (?P<n>{NUMBER}) (?P<things>[a-z][a-z -]*s)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:for example|e\.g\.|such as|for instance|including|like|usually|normally|about|roughly|recommended|"
    r"ideally|typically|optional|if|unless|depending|per|before|after|other|another|your own)\b",
    re.IGNORECASE,
)
_PAREN = re.compile(r"\(([^()]{2,140})\)")
_SPLIT = re.compile(r",\s*(?:and |or |then )?|\s+and\s+|\s+or\s+|;\s*")
_OR_LIST = re.compile(r"^[^.;]{1,160}\s(?:or|and)\s[^.;,]{1,40}$|^[^.;]{1,60}(?:,\s[^.;,]{1,40}){2,}$")
_MONEY = ("amount", "price", "fee", "cost", "budget", "total", "rent", "charge", "deposit")
_NOT_FIELDS = frozenset(["it", "them", "this", "that", "one", "both", "all", "none", "so", "then"])
_CHARACTERS = frozenset(["character", "characters", "letters", "letter", "digits", "digit"])


@dataclass(frozen=True)
class Bounds:
    """Lowest and highest value with their unit, where the text gives them."""

    low: float | None = None
    high: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class Parameter:
    """One thing an operation must be told. `options` and `bounds` come from the text."""

    name: str
    phrase: str
    options: tuple[str, ...] = ()
    bounds: Bounds = Bounds()
    many: bool = False


def to_number(text: str) -> float:
    """Read `1,500`, `2.5` or `twelve`."""
    lower = text.lower()
    return (
        float(_NUMBER_WORDS[lower]) if lower in _NUMBER_WORDS else float(lower.replace(",", "").rstrip("."))
    )


def read_bounds(text: str) -> Bounds:
    """Read the first range or limit a text states."""
    match = _RANGE.search(text)
    if match and to_number(match["low"]) < to_number(match["high"]):
        return Bounds(to_number(match["low"]), to_number(match["high"]), _unit(match["unit"]))
    low, high = _MINIMUM.search(text), _MAXIMUM.search(text)
    if low and high:
        return Bounds(to_number(low["low"]), to_number(high["high"]), _unit(high["unit"]))
    if high:
        return Bounds(None, to_number(high["high"]), _unit(high["unit"]))
    return Bounds(to_number(low["low"]), None, _unit(low["unit"])) if low else Bounds()


def _unit(unit: str | None) -> str:
    return (unit or "").lower() if unit not in ("°C", "MB", "GB", "KB") else str(unit)


def read_options(text: str) -> tuple[str, ...]:
    """Read an enumeration: `Inpatient, Day surgery or Emergency`; empty when the text is none."""
    text = text.replace("⟦", "").replace("⟧", "").strip(" .;:*")
    if not _OR_LIST.match(text) or (_RANGE.search(text) and "," not in text):
        return ()
    pieces = [_option(piece) for piece in _SPLIT.split(text)]
    options = tuple(dict.fromkeys(piece for piece in pieces if piece))
    if (
        len(options) < 2
        or len(options) > MAX_OPTIONS
        or any(len(o.split()) > 5 or len(o) > 40 for o in options)
    ):
        return ()
    return options


def _option(piece: str) -> str:
    piece = re.sub(r"^(?:the|a|an|either|or|and|one of|it is)\s+", "", piece.strip(" .;:'\""), flags=re.I)
    return piece if re.match(r"^[\w“\"]", piece) and "<" not in piece else ""


def read_fields(text: str) -> tuple[Parameter, ...]:
    """Read a list of fields: `the name (at most 16 letters), the date of birth and the weight`."""
    masked, inner = _mask(text)
    fields: list[Parameter] = []
    for piece in _SPLIT.split(masked.rstrip(" .")):
        note = re.search(r"@(\d+)@", piece)
        phrase = re.sub(r"\s*@\d+@\s*", " ", piece).strip()
        name, things = name_of(phrase), counted_things(phrase)
        if things:
            fields.append(things)
        elif (
            name
            and len(phrase.split()) <= 8
            and phrase.lower() not in _NOT_FIELDS
            and not re.match(r"(?:if|when|which|who|that|so|because|it|you)\b", phrase, re.I)
        ):
            fields.append(
                qualify(Parameter(name, clean_phrase(phrase)), inner[int(note[1])] if note else phrase)
            )
    unique = {field.name: field for field in fields}
    return tuple(unique.values())[:MAX_FIELDS]


def counted_things(phrase: str) -> Parameter | None:
    """Read `up to ten photos` as a list of photos, `up to 14 extra nights` as a number of them."""
    match = _COUNTED.match(phrase)
    if not match or _OPEN.search(phrase) or re.search(r"\bor\b", phrase):
        return None
    name = plural_name(name_of(match["things"]))
    last = name.rsplit("_", 1)[-1]
    if not name_of(match["things"]) or (in_group("units", last) and "_" not in name and last != "nights"):
        return None
    number = to_number(match["n"])
    low, high = (number, None) if match["sign"].lower() == "at least" else (None, number)
    bounds = Bounds(low, high)
    return Parameter(name, clean_phrase(match["things"]), bounds=bounds, many=not in_group("units", last))


def _mask(text: str) -> tuple[str, list[str]]:
    """Replace parentheses by @n@, so that their commas separate nothing."""
    inner: list[str] = []

    def take(match: re.Match[str]) -> str:
        inner.append(match[1])
        return f" @{len(inner) - 1}@ "

    return _PAREN.sub(take, text.replace("⟦", "").replace("⟧", "")), inner


def qualify(parameter: Parameter, note: str) -> Parameter:
    """Add the options or bounds a note states about a parameter."""
    head = singular(parameter.name.rsplit("_", 1)[-1])
    if _OPEN.search(note) or in_group("ages", head):
        return parameter
    bounds = read_bounds(note)
    if bounds != Bounds():
        return replace(parameter, bounds=bounds)
    note = re.sub(r"^(?:either|one of)[:,]?\s+", "", note)
    options = read_options(note)
    named = any(head in re.findall(r"[a-z]+", option.lower()) for option in options)
    closed = options and not named and note != parameter.phrase
    return replace(parameter, options=options) if closed else parameter


def clean_phrase(text: str) -> str:
    """Write a field's phrase for a description: no articles, no markup."""
    text = re.sub(r"[⟦⟧@\d]*@|[⟦⟧]", "", text)
    text = re.sub(r"^(?:the|a|an|your|their|its|his|her|our|each|every|all)\s+", "", text.strip(), flags=re.I)
    text = re.sub(r",?\s*(?:from \d|between \d|which |that |if |when ).*$", "", text.replace(":", ""))
    return re.sub(r"\s+", " ", text).strip(" .,:;")[:80]


def to_schema(parameter: Parameter) -> dict[str, Any]:
    """Write a parameter as JSON Schema, typed by its name, options and bounds."""
    described = parameter.phrase or words_of(parameter.name)
    description = described[:1].upper() + described[1:]
    if parameter.name.endswith("switch") and parameter.bounds == Bounds() and not parameter.many:
        return {"type": "string", "enum": ["on", "off"], "description": f"{description}."}
    if parameter.options:
        return {"type": "string", "enum": list(parameter.options), "description": f"{description}."}
    schema = _typed(parameter, description)
    if parameter.many:
        items = {key: value for key, value in schema.items() if key != "description"}
        array: dict[str, Any] = {"type": "array", "items": items, "minItems": 1}
        if parameter.bounds.high:
            array["maxItems"] = int(parameter.bounds.high)
        if parameter.bounds.low:
            array["minItems"] = int(parameter.bounds.low)
        return {**array, "description": schema["description"]}
    return schema


def _typed(parameter: Parameter, description: str) -> dict[str, Any]:
    head = parameter.name.rsplit("_", 1)[-1]
    bounds = Bounds() if parameter.many else parameter.bounds
    if head in {"date", "day", "deadline", "birthday", "birth"}:
        return {
            "type": "string",
            "pattern": r"^\d{4}-\d{2}-\d{2}$",
            "description": f"{description}, as YYYY-MM-DD.",
        }
    if head in {"time", "hour"} and bounds == Bounds():
        return {"type": "string", "pattern": r"^\d{2}:\d{2}$", "description": f"{description}, as HH:MM."}
    if head in {"mail", "email"}:
        return {"type": "string", "pattern": r"^[^@\s]+@[^@\s]+$", "description": f"{description}."}
    if is_numeric(parameter):
        return _numeric(parameter.name, bounds, description)
    schema: dict[str, Any] = {"type": "string", "minLength": 1, "description": f"{description}."}
    if bounds.unit in _CHARACTERS:
        schema |= {"maxLength": int(bounds.high)} if bounds.high else {}
        schema |= {"minLength": int(bounds.low)} if bounds.low else {}
    return schema


def is_numeric(parameter: Parameter) -> bool:
    """Say whether a parameter holds a number: by its bounds, unless in characters, or by its name."""
    if parameter.bounds != Bounds() and not parameter.many:
        return parameter.bounds.unit not in _CHARACTERS
    return in_group("measures", parameter.name.rsplit("_", 1)[-1])


def _numeric(name: str, bounds: Bounds, description: str) -> dict[str, Any]:
    whole = name.endswith(("count", "quantity", "age")) or all(
        value is None or value == int(value) for value in (bounds.low, bounds.high)
    )
    money = name.rsplit("_", 1)[-1] in _MONEY
    kind = "integer" if (whole and bounds != Bounds() and not money) or name.endswith("count") else "number"
    unit = f" in {bounds.unit}" if bounds.unit and bounds.unit.isalpha() and len(bounds.unit) < 12 else ""
    schema: dict[str, Any] = {"type": kind, "description": f"{description}{unit}."}
    low = bounds.low if bounds.low is not None else (1 if kind == "integer" else 0)
    schema["minimum"] = int(low) if low == int(low) else low
    if bounds.high is not None:
        schema["maximum"] = int(bounds.high) if bounds.high == int(bounds.high) else bounds.high
    return schema
