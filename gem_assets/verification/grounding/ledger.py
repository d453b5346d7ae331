"""What a dialogue has said so far, to look values up in: words and numbers with the place they stand at.

Messages are entered in order, so that a look-up sees only what came before. What the assistant says counts
once the user has answered it. Does not belong here: what a found or missing value means (`provenance`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import JsonValue

from gem_assets.records.judgement import SourceKind
from gem_assets.verification.grounding.identifiers import squash
from gem_assets.verification.values import Scalar

# One word with what is joined to it: R-5531, 2026-03-09, ana@example.com, 16:00, 1,299.50
_COMPOUND = re.compile(r"[^\W_]+(?:[-_./:#@+'’,&][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?")
_DIGITS = re.compile(r"\d+")
_SEPARATED = re.compile(r"\D")
MAX_TEXT = 20_000
"""Characters of one message that are entered."""
MAX_LEAVES = 3_000
"""Values of one result that are entered."""

NUMBER_WORDS: dict[str, float] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
    "million": 1_000_000, "dozen": 12, "couple": 2, "pair": 2, "both": 2, "twice": 2, "double": 2, "once": 1,
    "single": 1, "triple": 3, "half": 0.5, "quarter": 0.25, "fortnight": 14, "first": 1, "second": 2,
    "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "noon": 12, "midnight": 0, "week": 7, "a": 1, "an": 1,
}  # fmt: skip


class Spot(NamedTuple):
    """A place: the message, whose it is, and where in its text or its result."""

    message: int
    kind: SourceKind
    span: tuple[int, int] | None = None
    path: str | None = None


@dataclass
class Ledger:
    """The index. `texts` holds the small texts entered, for look-ups the index cannot answer."""

    words: dict[str, Spot] = field(default_factory=dict[str, Spot])
    values: dict[str, Spot] = field(default_factory=dict[str, Spot])
    numbers: dict[float, Spot] = field(default_factory=dict[float, Spot])
    named_numbers: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    runs: dict[str, Spot] = field(default_factory=dict[str, Spot])
    texts: list[tuple[Spot, str]] = field(default_factory=list[tuple[Spot, str]])
    list_sizes: dict[int, Spot] = field(default_factory=dict[int, Spot])


def enter_text(ledger: Ledger, message: int, kind: SourceKind, text: str) -> None:
    """Enter what somebody said."""
    text = text[:MAX_TEXT]
    ledger.texts.append((Spot(message, kind), text.casefold()))
    for found in _COMPOUND.finditer(text):
        _enter_word(ledger, found.group(), Spot(message, kind, found.span()))
    for found in _NUMBER.finditer(text):
        number = to_number(found.group())
        if number is not None:
            ledger.numbers[number] = Spot(message, kind, found.span())


def enter_result(ledger: Ledger, message: int, value: JsonValue) -> None:
    """Enter what a tool returned: its values with their paths, its keys, the sizes of its lists."""
    if isinstance(value, str):
        enter_text(ledger, message, "result", value)
        return
    pieces: list[str] = []
    for path, key, item in _walk(value, ledger, message):
        _enter_leaf(ledger, Spot(message, "result", path=path), key, item)
        if isinstance(item, str):
            pieces.append(item)
    ledger.texts.append((Spot(message, "result"), "\n".join(pieces)[:MAX_TEXT].casefold()))


def _walk(value: JsonValue, ledger: Ledger, message: int) -> Iterator[tuple[str, str, Scalar]]:
    stack: list[tuple[str, str, JsonValue]] = [("$", "", value)]
    count = 0
    while stack and count < MAX_LEAVES:
        path, key, item = stack.pop()
        if isinstance(item, dict):
            for name, child in reversed(item.items()):
                stack.append((f"{path}.{name}", name, child))
                if any(map(str.isdecimal, name)):
                    _enter_word(ledger, name, Spot(message, "result", path=f"{path}.{name}"))
        elif isinstance(item, list):
            ledger.list_sizes[len(item)] = Spot(message, "result", path=path)
            stack.extend((f"{path}[{place}]", key, item[place]) for place in reversed(range(len(item))))
        else:
            count += 1
            yield path, key, item


def _enter_leaf(ledger: Ledger, spot: Spot, key: str, item: Scalar) -> None:
    if item is None or isinstance(item, bool):
        return
    if isinstance(item, str):
        ledger.values[item.strip().casefold()] = spot
        for found in _COMPOUND.finditer(item[:MAX_TEXT]):
            _enter_word(ledger, found.group(), spot)
        for found in _NUMBER.findall(item[:MAX_TEXT]):
            number = to_number(found)
            if number is not None:
                ledger.numbers[number] = spot
        return
    ledger.numbers[float(item) if abs(item) < 1e300 else 0.0] = spot
    ledger.named_numbers.setdefault(key, []).append(float(item) if abs(item) < 1e300 else 0.0)
    ledger.runs[str(abs(item))] = spot
    ledger.words[str(item)] = spot


def _enter_word(ledger: Ledger, word: str, spot: Spot) -> None:
    if word.isalpha():
        small = word.casefold()
        ledger.words[small] = spot
        if small in NUMBER_WORDS:
            ledger.numbers.setdefault(float(NUMBER_WORDS[small]), spot)
        return
    ledger.words[squash(word)] = spot
    if not word.isalnum():
        for part in _PART.findall(word):
            ledger.words[part.casefold()] = spot
    for run in _DIGITS.findall(word):
        ledger.runs[run.lstrip("0") or "0"] = spot


def to_number(text: str) -> float | None:
    """Read a number as people write it: `1,299.50`, `−3`."""
    plain = text.replace("−", "-").replace(",", "").rstrip(".")
    try:
        return float(plain)
    except ValueError:
        return None


def find_joined(ledger: Ledger, squashed: str) -> Spot | None:
    """Find a value written in several pieces (`MIC 03`, `main street 12`), as a whole, in any text so far."""
    if not 3 <= len(squashed) <= 80:
        return None
    pattern = re.compile(r"(?<![^\W_])" + r"[\W_]{0,3}".join(map(re.escape, squashed)) + r"(?![^\W_])")
    first = squashed[0]
    for spot, text in reversed(ledger.texts):
        if first in text:
            found = pattern.search(text)
            if found:
                return Spot(spot.message, spot.kind, found.span() if spot.kind != "result" else None)
    return None


def find_phone(ledger: Ledger, phone: str) -> Spot | None:
    """Find a phone number by its last eight digits, whatever stands before and between."""
    digits = _SEPARATED.sub("", phone)[-8:]
    return next((spot for spot, text in reversed(ledger.texts) if digits in _SEPARATED.sub("", text)), None)
