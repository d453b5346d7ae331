"""Whether a text mentions a value, over differences of case, punctuation, word order and number format.

"Ship it to 12 Main Street" mentions "main_street 12", "$1,299.50" mentions 1299.5, "two" mentions 2. Does
not belong here: which mention matters (`patterns`).
"""

import re
from dataclasses import dataclass

from gem_assets.verification.values import Scalar

# Digits and letters are told apart, so that "170cm" mentions 170 and "W-1234" mentions "w1234".
_PIECE = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")
_MIXED = re.compile(r"[^\W\d_]\d|\d[^\W\d_]")
# "one" is left out: "that one, please" is not a number.
_NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
_MEANS = {
    **{word: str(number) for number, word in enumerate(_NUMBER_WORDS, start=2)},
    **{month: str(number) for number, month in enumerate((*_MONTHS, "november", "december"), start=1)},
}
MAX_VALUE = 300
"""Characters of a value worth looking for: beyond it, it is a text of its own."""
MAX_NUMBER = 10**30


@dataclass(frozen=True)
class Text:
    """A text as a line of its pieces with a blank around each, and as the set of them."""

    line: str
    pieces: frozenset[str]


def read_text(text: str) -> Text:
    """Cut a text into pieces, number words and months read as numbers besides."""
    pieces = _pieces(text)
    meant = (_MEANS[piece] for piece in pieces if piece in _MEANS)
    return Text(f" {' '.join(pieces)} ", frozenset((*pieces, *meant)))


def key_of(value: Scalar) -> str:
    """Write a value as its pieces in a row; empty for what is no text and no number."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, str):
        return " ".join(_pieces(value)) if len(value) <= MAX_VALUE else ""
    return _number(repr(value).lstrip("-")) if abs(value) < MAX_NUMBER else ""


def mentions(text: Text, value: Scalar) -> bool:
    """Tell whether a text holds a value: in a row, or all of its words and numbers in any order.

    An id of letters and digits has to stand in a row.
    """
    key = key_of(value)
    if not key:
        return False
    if f" {key} " in text.line:
        return True
    if isinstance(value, str) and _MIXED.search(value):
        return False
    return text.pieces.issuperset(key.split(" "))


def _pieces(text: str) -> list[str]:
    return [_number(piece) if piece[0].isdecimal() else piece for piece in _PIECE.findall(text.lower())]


def _number(digits: str) -> str:
    digits = _THOUSANDS.sub("", digits)
    whole, point, rest = digits.partition(".")
    rest = rest.rstrip("0") if rest.isdecimal() else rest
    return (whole.lstrip("0") or "0") + (point + rest if rest else "")
