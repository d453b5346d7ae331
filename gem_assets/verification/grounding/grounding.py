"""Whether an identifier in a call was given before, as it stands or written another way.

Does not belong here: other values (`provenance`), what a key or a value looks like (`identifiers`).
"""

import re

from gem_assets.verification.grounding.identifiers import (
    id_noun,
    is_claimed_id,
    looks_like_id,
    singular,
    squash,
    words_of,
)
from gem_assets.verification.grounding.ledger import Ledger, Spot, find_joined
from gem_assets.verification.values import Scalar
from gem_assets.verification.words import word_set

_PART = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\d+")
_PREFIX = re.compile(r"[^\W\d_]+")
_YEAR = re.compile(r"(?:19|20)\d{2}")
# What general knowledge holds codes for.
_WORLD = word_set(
    "region zone model timezone currency language locale diagnosis procedure icd cpt hs tariff naics voice "
    "engine "
    "image color colour country standard iso unit species chemical cas element chapter"
)
_CREATING = word_set("create register generate define init make build")
_KEEPING = word_set("new save write upload export")
SMALLEST_NUMBER = 100
"""Smaller numbers are counted out ("the second one") as often as they are looked up."""


def is_id_argument(key: str, value: Scalar, ledger: Ledger) -> bool:
    """Tell whether an argument names a record by an identifier that somebody must have given."""
    if value is None or isinstance(value, bool | float):
        return False
    noun = id_noun(key)
    if isinstance(value, int):
        return noun is not None and value >= SMALLEST_NUMBER and noun not in _WORLD
    if noun is None:
        return looks_like_id(value) and _has_family(ledger, value)
    if noun in _WORLD or not is_claimed_id(value):
        return False
    return sum(map(str.isdecimal, value)) > 1 or _has_family(ledger, value)


def _has_family(ledger: Ledger, value: str) -> bool:
    """Tell whether other identifiers that start with the same letters were seen."""
    prefix = _PREFIX.match(value)
    if prefix is None:
        return False
    start = prefix.group().casefold()
    place = len(start)
    return any(
        len(word) > place and word.startswith(start) and word[place].isdecimal() for word in ledger.words
    )


def find_id(ledger: Ledger, value: str) -> tuple[str | None, Spot] | None:
    """Find where an identifier was given, and how it was rewritten (None: not at all)."""
    squashed = squash(value)
    spot = ledger.words.get(squashed) or ledger.values.get(value.casefold())
    if spot is None and value.isdecimal():
        spot = ledger.runs.get(value.lstrip("0") or "0")
    if spot is None:
        spot = find_joined(ledger, squashed)
    if spot:
        return None, spot
    return _find_rewritten(ledger, value, squashed)


def _find_rewritten(ledger: Ledger, value: str, squashed: str) -> tuple[str | None, Spot] | None:
    spot = _find_digits(ledger, value)
    if spot:
        return "format", spot
    parts = _PART.findall(value.casefold())
    spots = [ledger.words.get(part) for part in parts]
    if len(parts) > 1 and all(spots) and _carries(parts) and spots[-1]:
        return "concatenation", spots[-1]
    if len(squashed) >= 6:
        for word, place in ledger.words.items():
            if len(word) > len(squashed) and (word.startswith(squashed) or word.endswith(squashed)):
                return "part", place
    return None


def _carries(parts: list[str]) -> bool:
    """Tell whether the parts that hold digits are long enough to be no chance, years aside."""
    numbered = [part for part in parts if any(map(str.isdecimal, part))]
    return any(len(part) >= 3 and not _YEAR.fullmatch(part) for part in numbered) and all(
        len(part) >= 2 for part in numbered
    )


def _find_digits(ledger: Ledger, value: str) -> Spot | None:
    """Find an identifier by its digits: "order 5531" gives `ORD-5531`."""
    runs = [run.lstrip("0") for run in _RUN.findall(value)]
    if not runs or any(_YEAR.fullmatch(run) for run in runs):
        return None
    spots = [ledger.runs.get(run) for run in runs]
    if not all(spots):
        return None
    longest = max(map(len, runs))
    spot = spots[0]
    enough = 3 if spot is None or spot.kind != "user" else 1 if _names_kind(ledger, value, spot, runs) else 2
    return spot if spot is not None and longest >= enough and _said_alone(ledger, spot, runs[0]) else None


def _names_kind(ledger: Ledger, value: str, spot: Spot, runs: list[str]) -> bool:
    """Tell whether a short number was said after a word with the same first letter: "table 5", `T5`."""
    text = next((said for place, said in ledger.texts if place.message == spot.message), "")
    found = re.search(rf"([^\W\d_]+)\W{{0,3}}(?:number |no\.? |#)?0*{runs[0]}\b", text)
    return found is not None and found.group(1)[:1] == value[:1].casefold()


def _said_alone(ledger: Ledger, spot: Spot, run: str) -> bool:
    """Tell whether the digits were said as a number, not as part of another identifier."""
    if spot.kind in ("user", "system"):
        text = next((said for place, said in ledger.texts if place.message == spot.message), "")
        return re.search(rf"(?<![\w-])#?0*{run}(?!\w|-\w)", text) is not None
    return float(run) in ledger.numbers if len(run) < 16 else True


def is_created_by(tool: str, key: str, value: str, ledger: Ledger) -> bool:
    """Tell whether a call makes the record that an argument names, and so may choose its name.

    Where others of the same make are known (`EXP-91333`), a tool that keeps something keeps one of those.
    """
    words = words_of(tool)
    noun = id_noun(key) or ""
    if not words or words[0] not in _CREATING | _KEEPING:
        return False
    if words[0] in _KEEPING and _has_family(ledger, value):
        return False
    return not noun or noun in {singular(word) for word in words[1:]}
