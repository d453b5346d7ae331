"""The origin of one argument value among what was said before its call.

Does not belong here: how numbers and dates are derived (`derivations`), identifiers found (`grounding`), what
is reported (`provenance`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from gem_assets.records.judgement import ArgumentSource, SourceKind
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.derivations import derive_date, derive_number, derive_time, read_date
from gem_assets.verification.grounding.grounding import find_id, is_created_by, is_id_argument
from gem_assets.verification.grounding.identifiers import (
    is_own_key,
    squash,
    words_of,
)
from gem_assets.verification.grounding.ledger import Ledger, Spot, enter_text, find_joined, find_phone
from gem_assets.verification.values import Scalar
from gem_assets.verification.view import ToolInteraction
from gem_assets.verification.words import word_set

TIME = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


_PHONE = re.compile(r"[+(]?\d[\d ()./-]{6,20}")


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)


_BOUNDS = word_set("limit page offset")


_WORDS = re.compile(r"[^\W_]{2,}")


_COMPOSED = word_set(
    "message note notes description subject comment comments reason body content text query title summary "
    "details detail instructions instruction prompt search keyword keywords term terms question remarks "
    "remark "
    "feedback caption sql code script expression command html markdown template bio explanation "
    "justification "
    "pattern regex formula path file filename folder directory url purpose agenda topic headline label tag "
    "tags"
)


_NAMING = word_set("name email phone address city contact street recipient owner person guest passenger")


@dataclass(frozen=True)
class Origin:
    """Where a value comes from."""

    kind: SourceKind
    spot: Spot | None = None
    derivation: str | None = None


@dataclass
class Trace:
    """The state of one pass over a dialogue."""

    said: Ledger = field(default_factory=Ledger)
    answered: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """What the assistant said and the user answered, not entered yet: most values are found without it."""
    unanswered: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    sources: list[ArgumentSource] = field(default_factory=list[ArgumentSource])
    unsourced: list[Defect] = field(default_factory=list[Defect])
    """Values from nowhere, other units, amounts misquoted."""
    early: list[Defect] = field(default_factory=list[Defect])
    """Identifiers used before the result that makes them."""
    reported: set[str] = field(default_factory=set[str])
    shown: set[str] = field(default_factory=set[str])
    """What results have shown identifiers of."""
    shown_ids: set[str] = field(default_factory=set[str])
    entered: Ledger = field(default_factory=Ledger)

    @property
    def proposed(self) -> Ledger:
        """What the assistant said and the user answered."""
        for place, proposal in self.answered:
            enter_text(self.entered, place, "proposed", proposal)
        self.answered.clear()
        return self.entered


@dataclass(frozen=True)
class Argument:
    """One value of a call, with the last name on the way to it and its schema."""

    interaction: ToolInteraction
    path: str
    key: str
    value: Scalar
    schema: Mapping[str, Any]


def find_origin(trace: Trace, argument: Argument, described: str) -> Origin:
    """Find where a value comes from; `described` is what the tool says of itself."""
    value = argument.value
    if value is None or isinstance(value, bool) or value == "":
        return Origin("free")
    if is_own_key(argument.key):
        return _find_exact(trace, value) or Origin("free")
    exact = _find_exact(trace, value)
    if exact:
        return exact
    if _in_schema(argument, described):
        return Origin("schema")
    if is_id_argument(argument.key, value, trace.said):
        return _id_origin(trace, argument)
    if isinstance(value, str):
        return _text_origin(trace, argument.key, value)
    if _BOUNDS & set(words_of(argument.key)):
        return Origin("composed", derivation="a bound of the answer")
    return _number_origin(trace, float(value) if abs(value) < 1e300 else 0.0)


def _find_exact(trace: Trace, value: Scalar) -> Origin | None:
    """Look for the value as it stands, in any case and punctuation."""
    if isinstance(value, str):
        small = value.strip().casefold()
        spot = trace.said.values.get(small) or trace.said.words.get(squash(small))
        if spot is None and len(small) > 3 and not small.isalnum():
            spot = next((place for place, text in reversed(trace.said.texts) if small in text), None)
    else:
        spot = trace.said.numbers.get(float(value or 0)) if abs(value or 0) < 1e300 else None
    return Origin(spot.kind, spot) if spot else None


def _in_schema(argument: Argument, described: str) -> bool:
    schema, value = argument.schema, argument.value
    choices: list[Any] = [
        schema.get("default"),
        schema.get("const"),
        *_listed(schema, "enum"),
        *_listed(schema, "examples"),
    ]
    if any(choice == value and type(choice) is type(value) for choice in choices):
        return True
    text = f"{schema.get('description', '')} {described}"
    return isinstance(value, str) and len(value) > 1 and _stands_in(value, text)


def _listed(schema: Mapping[str, Any], key: str) -> list[Any]:
    value = schema.get(key)
    return cast(list[Any], value) if isinstance(value, list) else []


def _stands_in(value: str, text: str) -> bool:
    small, text = value.casefold(), text.casefold()
    return small in text and re.search(rf"(?<![^\W_]){re.escape(small)}(?![^\W_])", text) is not None


def _id_origin(trace: Trace, argument: Argument) -> Origin:
    value = cast(str | int | float, argument.value)
    found = find_id(trace.said, str(value))
    if found:
        derivation, spot = found
        return Origin("derived" if derivation else spot.kind, spot, derivation)
    if is_created_by(argument.interaction.call.name, argument.key, str(value), trace.said):
        return Origin("composed", derivation="named by the caller")
    return Origin("ungrounded")


def _number_origin(trace: Trace, number: float) -> Origin:
    spot = trace.proposed.numbers.get(number)
    if spot:
        return Origin("proposed", spot)
    found = derive_number(trace.said, number)
    if found is None:
        return Origin("ungrounded")
    trace.said.numbers.setdefault(number, Spot(found[1].message, "proposed"))
    return Origin("derived", found[1], found[0])


def _text_origin(trace: Trace, key: str, value: str) -> Origin:
    day = read_date(value)
    if day or TIME.fullmatch(value):
        found = _date_origin(trace, day) if day else derive_time(trace.said, value)
        return Origin("derived", found[1], found[0]) if found else Origin("ungrounded")
    if _PHONE.fullmatch(value):
        spot = find_phone(trace.said, value)
        if spot:
            return Origin("derived", spot, "format")
    spot = find_joined(trace.said, squash(value)) or find_joined(trace.proposed, squash(value))
    if spot:
        return Origin(spot.kind, spot)
    if _EMAIL.fullmatch(value):
        return Origin("ungrounded")
    return _worded_origin(trace, key, value)


def _worded_origin(trace: Trace, key: str, value: str) -> Origin:
    """Find the origin of a text by its words."""
    last = words_of(key)[-1:] or ("",)
    words = [word.casefold() for word in _WORDS.findall(value)]
    known = [
        trace.said.words.get(word) or trace.said.words.get(f"{word}s") or trace.proposed.words.get(word)
        for word in words
    ]
    if words and all(known):
        return Origin("derived", known[0], "concatenation")
    if last[0] in _COMPOSED or len(words) > 5 or not words:
        return Origin("composed")
    if last[0] not in _NAMING and (
        value == value.lower() or value.isupper() or sum(map(bool, known)) * 2 >= len(words)
    ):
        return Origin("composed", derivation="choice of words")
    return Origin("ungrounded")


def _date_origin(trace: Trace, day: date) -> tuple[str, Spot] | None:
    return derive_date(trace.said, day, trace.said) or derive_date(trace.proposed, day, trace.said)
