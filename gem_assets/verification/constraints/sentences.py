"""Sentences of rules as numbers and word stems, to hold a rule against the text it should come from.

Does not belong here: what follows from a difference (`faithfulness`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from gem_assets.verification.grounding.ledger import NUMBER_WORDS
from gem_assets.verification.words import word_set

_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.,](?=\d)[^.!?;\n]+)*")
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[^\W\d_]+(?:'[a-z]+)?|[%€$£]")
_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.](\d{2}))?\s*(a\.?m|p\.?m)\b\.?|\b(\d{1,2}):(\d{2})\b", re.IGNORECASE)
_CODE = re.compile(r"[\w#]*[^\W\d_]+[-_#]?\d[\w-]*|#\d+|\b\d{4}-\d{2}-\d{2}\b|\b\d+(?:\.\d+){2,}")
_SHORT = re.compile(r"\b(max|min|approx|incl|excl|ca|nr|no|st|p\.m|a\.m|e\.g|i\.e)\.(?= )", re.IGNORECASE)
_LIST_MARK = re.compile(r"^\s*(?:\d+[.)]|[-*•])\s+")
_RULE = re.compile(
    r"\b(?:must|can|only|never|not|cannot|can't|no more|no fewer|at most|at least|up to|maximum|minimum|max|"
    r"min|limit\w*|require\w*|"
    r"unless|until|within|always|allow\w*|permit\w*|forbid\w*|prohibit\w*|exceed\w*|eligib\w*|may|once|"
    r"no later|between|"
    r"costs?|fee|charge\w*|shall|has to|have to|needs?|before|after|nobody|no one)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:not|never|cannot|no|nobody|none|neither|without)\b|n't\b", re.IGNORECASE)
_LOOSE = re.compile(
    r"\b(?:more than|less than|fewer than|over|under|exceed\w*|above|below|beyond|older|younger|before|"
    r"after)\b"
)
_COMMON = word_set(
    "the and for with that this from into onto your you are was were been being has have had its our their "
    "they them then "
    "than when where which while will would can could should shall may might must not only also any all "
    "each every one "
    "two three four five six seven eight nine ten more most less least such other same very just does did "
    "per but nor "
    "there here what who whom whose how why about after before again until unless within always never once "
    "a an is be "
    "in on of to by or as at it if so no up do"
)


Amount = tuple[float, str]
"""A number and the beginning of the word after it."""

# Units by their first four letters without the plural: what they measure, and how much of it.
_UNITS: dict[str, tuple[str, float]] = {
    "seco": ("time", 1), "sec": ("time", 1), "minu": ("time", 60), "min": ("time", 60), "h": ("time", 3600),
    "hour": ("time", 3600), "hr": ("time", 3600), "day": ("time", 86400), "nigh": ("time", 86400),
    "week": ("time", 604800), "fort": ("time", 1209600), "mont": ("time", 2592000), "year": ("time", 31536e3),
    "mm": ("length", 1), "cm": ("length", 10), "cent": ("length", 10), "m": ("length", 1000),
    "mete": ("length", 1000), "metr": ("length", 1000), "km": ("length", 1e6), "kilo": ("length", 1e6),
    "inch": ("length", 25.4), "feet": ("length", 304.8), "foot": ("length", 304.8), "ft": ("length", 304.8),
    "mile": ("length", 1609344), "mg": ("mass", 0.001), "g": ("mass", 1), "gram": ("mass", 1),
    "kg": ("mass", 1000), "lb": ("mass", 453.59237), "poun": ("mass", 453.59237), "oz": ("mass", 28.3495),
    "ml": ("volume", 1), "l": ("volume", 1000), "litr": ("volume", 1000), "lite": ("volume", 1000),
    "kb": ("data", 1), "mb": ("data", 1000), "gb": ("data", 1e6),
}  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A sentence as it stands, its stems, its numbers with their units, its times, its words in a row."""

    text: str
    stems: frozenset[str]
    numbers: tuple[Amount, ...]
    times: frozenset[int]
    words: tuple[str, ...]
    negations: int
    loose: bool

    @property
    def values(self) -> frozenset[float]:
        """The numbers alone."""
        return frozenset(number for number, _ in self.numbers)


@lru_cache(maxsize=2048)
def read_sentences(text: str) -> tuple[Sentence, ...]:
    """Cut a text into sentences and read each."""
    return tuple(
        read_sentence(found.group())
        for line in _SHORT.sub(r"\1", text.replace("’", "'")).splitlines()
        for found in _SENTENCE.finditer(_LIST_MARK.sub("", line))
        if any(map(str.isalpha, found.group()))
    )


@lru_cache(maxsize=8192)
def read_sentence(text: str) -> Sentence:
    """Read the numbers and words of one sentence; codes and identifiers are left out."""
    text = text.replace("’", "'")
    times = frozenset(_time_of(found) for found in _CLOCK.finditer(text))
    plain = _CODE.sub(" ", _CLOCK.sub(" ", text)).casefold()
    tokens = _TOKEN.findall(plain)
    numbers: list[tuple[float, str]] = []
    words: list[str] = []
    for place, token in enumerate(tokens):
        number = _number_of(token, tokens[place + 1 : place + 2])
        if number is not None:
            unit = next(
                (word for word in tokens[place + 1 : place + 3] if len(word) > 1 or word in "%€$£mglh"), ""
            )
            numbers.append((number, unit[:4].rstrip("s")))
            words.append("#")
        else:
            words.append(token)
    stems = frozenset(_stem(word) for word in words if len(word) > 2 and word not in _COMMON)
    return Sentence(
        text.strip(),
        stems,
        tuple(numbers),
        times,
        tuple(words),
        len(_NEGATION.findall(plain)),
        bool(_LOOSE.search(plain)),
    )


def _stem(word: str) -> str:
    return word[:5] if len(word) > 5 else word.rstrip("s")


def _number_of(token: str, following: list[str]) -> float | None:
    if token[0].isdecimal():
        return float(token.replace(",", "").rstrip("."))
    if token in ("a", "an"):
        return (
            1.0 if following and following[0] in ("week", "day", "hour", "month", "year", "dozen") else None
        )
    if token in (
        "first",
        "second",
        "third",
        "fourth",
        "fifth",
        "sixth",
        "both",
        "pair",
        "week",
        "single",
        "quarter",
    ):
        return None
    number = NUMBER_WORDS.get(token)
    return float(number) if number is not None else None


def _time_of(found: re.Match[str]) -> int:
    if found[4]:
        return int(found[4]) * 60 + int(found[5])
    hour = int(found[1]) % 12 + (12 if found[3].casefold().startswith("p") else 0)
    return hour * 60 + int(found[2] or 0)


def is_rule(sentence: Sentence) -> bool:
    """Tell whether a sentence allows, forbids, limits or demands."""
    return len(sentence.stems) >= 1 and _RULE.search(sentence.text) is not None


def overlap(first: Sentence, second: Sentence) -> tuple[int, float]:
    """Count the stems two sentences share, and their share of the shorter one's."""
    shared = len(first.stems & second.stems)
    smaller = min(len(first.stems), len(second.stems))
    return shared, shared / smaller if smaller else 0.0


def same_amount(amount: Amount, known: frozenset[Amount]) -> bool:
    """Tell whether a number is among others, as it stands or in another unit of the same kind."""
    number, unit = amount
    measure = _UNITS.get(unit)
    for other, its in known:
        if number == other:
            return True
        second = _UNITS.get(its)
        alike = measure is not None and second is not None and measure[0] == second[0]
        if alike and measure and second and abs(number * measure[1] - other * second[1]) < 1e-6 * measure[1]:
            return True
    return False
