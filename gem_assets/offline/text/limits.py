"""Limits that a sentence states, each with what it limits: `the number of seats (at most four)`.

Reads only what it is sure of: hedged, conditional, relative or shared limits ("usually", "if", "at least two
hours before", "per person", "five photos or one film") are none. Does not belong here: which parameter of
which tool is limited (`constraints.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gem_assets.offline.text.lexicon import in_group, is_base_form, singular, verb_class
from gem_assets.offline.text.parameters import NUMBER, to_number

_CHARACTERS = frozenset(["character", "characters", "letter", "letters", "digit", "digits"])
_UNIT = (
    r"(?P<{0}>%|°\s?C|°|(?!(?:and|or|to|for|in|at|per|is|are|on|by|of|with|from|the|a|an|if|but|then)\b)"
    r"[A-Za-z]+(?:/s)?)?"
)
_MAX = (
    r"at (?:the )?most|up to|no more than|not more than|no longer than|no larger than|no higher than|"
    r"(?:a |the )?maximum of|a limit of|limited to|as many as|"
    r"(?:must not|may not|cannot|can't|can not|must never) (?:exceed|be (?:over|above|more than|longer than|"
    r"larger than|higher than|greater than|heavier than|wider than|taller than))"
)
_MIN = (
    r"at least|no less than|no fewer than|not less than|not fewer than|(?:a |the )?minimum of|"
    r"(?:must not|may not|cannot|can't|can not|must never) (?:fall below|be (?:under|below|less than|"
    r"shorter than|smaller than|lower than|fewer than))"
)
_BOUND = re.compile(
    rf"(?:(?:\b(?:between|from|of)\s+)?(?<![\w.,-])(?P<low>{NUMBER})\s*(?P<sep>to|and|–|-)\s*"
    rf"(?P<high>{NUMBER})(?![\w.]\d|\w)\s*{_UNIT.format('runit')})"
    rf"|(?:\b(?P<sign>{_MAX}|{_MIN})\s+(?P<bound>{NUMBER})(?!\w)\s*{_UNIT.format('unit')})",
    re.IGNORECASE,
)
_EXTREME = re.compile(
    rf"\b(?P<which>maximum|minimum|largest|smallest|highest|lowest|longest)(?: allowed| permitted)? "
    rf"(?P<np>(?:[a-z][\w-]* ){{1,3}}?)(?:is|of|:)\s*(?P<n>{NUMBER})(?!\w)\s*{_UNIT.format('unit')}",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:usually|normally|typically|generally|about|around|roughly|approximately|recommend\w*|"
    r"should|ideally|"
    r"for example|e\.g\.|such as|for instance|unless|except|otherwise|sometimes|often|on average|suggest\w*|"
    r"if possible|nearly|almost|used to|no longer (?!than)|previously|until|default|probably|might|both of|"
    r"either of|half of|instead of)(?!\w)",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|in case|once|while|as long as|provided|where|for|with|without|only (?:on|"
    r"in|at|after)|"
    r"during|^to \w[^,]*(?=,)|on (?:weekends|sundays|saturdays|holidays))\b",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"^\s*(?:of (?:them|these|those|the|your|its|all|which|whom)\b|per\b|an? (?:day|week|month|year|"
    r"night|hour)\b|"
    r"each\b|every\b|before|after|earlier|later|ago\b|in advance|in total|old\b|away|apart|altogether|"
    r"at a time|"
    r"at once|at the same time|times\b|times? (?:as|the)|more\b|fewer\b|less\b|longer\b|or\b|\w+ or\b|from\b|"
    r"(?:of|in) (?:each|every)\b|older|younger|further|further\b|in a row|(?:other|another|additional)\b)",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"(?P<link>(?:\s*\b(?:must|has to|have to|needs? to|can|may|shall|only|always|be|lies?|runs?|"
    r"ranges?|goes|is|are|"
    r"contains?|hold|holds|has|have|consist|consists|set|entered|given|limited|anywhere|somewhere|"
    r"long|of|to|a|"
    r"value|length|with)\b)*)\s*\(?\s*$",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"\b(?:the|a|an|your|its|their|each|every|both|all|any|this|that|his|her|our)\b", re.I
)
_EVERY = re.compile(r"\b(?:each|every|both|all|any)\s+[\w' -]*$", re.I)
_DOING = re.compile(
    r"(?:(?:^|[,;:.]\s+)(?:(?:you|users|they|the owner) (?:can|may|must)(?: then)? )?|"
    r"\b(?:then|and|or|please)\s+)(?P<verb>[A-Za-z]+)\s*$",
    re.IGNORECASE,
)
_HAVING = re.compile(
    r"^(?P<owner>.*?)\b(?:must|may|can|has to|should)?\s*\b(?:have|has|need|needs|bear|bears|carry|show)\s+"
    r"(?:an?|the)?\s*(?P<np>[\w -]+)$",
    re.IGNORECASE,
)
_HAS = re.compile(r"\b(?:have|has|needs?|requires?)\b", re.IGNORECASE)
"""What follows belongs to somebody, whom the words right before the number no longer name."""


@dataclass(frozen=True)
class Limit:
    """What is limited, as words with the head last; `holder` is what contains the counted things."""

    subject: tuple[str, ...]
    low: float | None
    high: float | None
    unit: str = ""
    counted: bool = False
    holder: tuple[str, ...] = ()
    every: bool = False
    conditional: bool = False

    @property
    def in_characters(self) -> bool:
        """Whether a length is limited."""
        return self.unit in _CHARACTERS


def read_limits(text: str) -> tuple[Limit, ...]:
    """Read the limits of a sentence; () where it hedges."""
    plain = re.sub(r"[⟦⟧*_`]", "", text).rstrip()
    if _HEDGED.search(plain):
        return ()
    return tuple([*_extremes(plain), *_bounds(plain)])


def _extremes(plain: str) -> Iterator[Limit]:
    for match in _EXTREME.finditer(plain):
        subject = subject_words(match["np"])
        if subject and not _RELATIVE.match(plain[match.end() :]) and not _CONDITION.search(plain):
            number, unit = to_number(match["n"]), _unit(match["unit"])
            top = match["which"].lower() in ("maximum", "largest", "highest", "longest")
            yield Limit(subject, None if top else number, number if top else None, unit)


def _bounds(plain: str) -> Iterator[Limit]:
    end = 0
    for match in _BOUND.finditer(plain):
        before, end = plain[end : match.start()], match.end()
        low, high = _numbers(match)
        unit = _unit(match["runit"] or match["unit"])
        known = in_group("units", unit)
        after = plain[
            match.end() if known or not unit else match.end() - len(match["runit"] or match["unit"]) :
        ]
        earlier = plain[: match.start() - len(before)]
        if (low is None and high is None) or _is_relative(after, earlier + before) or _HAS.search(earlier):
            continue
        measured = known or not unit
        found = _measured(before, low, high, unit) if measured else _counted(before, after, low, high)
        if found and not (measured and _is_subject(before, after)):
            outside = plain[: match.start()] + after
            yield Limit(*found, conditional=bool(_CONDITION.search(outside)))


def _is_relative(after: str, before: str) -> bool:
    """Say whether a limit is shared, relative to something, or one of two ways."""
    rest = re.sub(r"^\s*\)", "", after)
    words = r"(?:[\w-]+,?\s+){0,3}"
    return bool(
        _RELATIVE.match(rest)
        or re.match(
            rf"^\s*{words}(?:per|or|each|at a time|a (?:day|week|month|year)|in total|before|after)\b", rest
        )
        or re.search(
            r"(?:-|−|\bnot|\bnever|\bneither|\bnor|\bor|\bneed not|\bexactly)\s*(?:be )?$", before, re.I
        )
    )


def _numbers(match: re.Match[str]) -> tuple[float | None, float | None]:
    if match["low"]:
        low, high = to_number(match["low"]), to_number(match["high"])
        ranged = match["sep"] != "and" or re.match(r"between", match[0], re.I)
        return (low, high) if low < high and ranged else (None, None)
    number = to_number(match["bound"])
    if re.fullmatch(_MIN, match["sign"], re.IGNORECASE):
        return number, None
    return None, number


def _unit(unit: str | None) -> str:
    return (unit or "").lower().replace(" ", "")


_Found = tuple[tuple[str, ...], float | None, float | None, str, bool, tuple[str, ...], bool]


def _is_subject(before: str, after: str) -> bool:
    """Say whether the limited words open a statement: "Amounts of at least 500 EUR need a signature"."""
    words = re.findall(r"[A-Za-z-]+", before)
    modal = re.search(
        r"\b(?:must|has|have|can|may|needs?|lies?|lie|runs?|ranges?|goes|is|are|limited)\b",
        before,
        re.IGNORECASE,
    )
    opens = (
        len(words) <= 4 and not any(_orders(word) for word in words[:1]) and not re.search(r"[,;:(]", before)
    )
    return bool(opens and words and not modal and re.match(r"\s*[a-z]", after))


def _measured(before: str, low: float | None, high: float | None, unit: str) -> _Found | None:
    """Read a limit on a value: what it limits stands before it."""
    link = _LINK.search(before)
    head = before[: link.start()] if link else before
    said = (link["link"] if link else "").split()
    if re.search(r"\b(?:not|never|n't)\b", before[len(head) - 1 :], re.I):
        return None
    described = said in (["is"], ["are"], ["has"], ["have"]) and low is not None and high is not None
    owned = _HAVING.match(head)
    owner = subject_words(owned["owner"]) if owned else ()
    subject = (*owner, *subject_words(owned["np"])) if owned else subject_words(head)
    if unit in ("digit", "digits") and high is not None:
        return None  # a number of so many digits may be written with blanks and signs
    if described or not subject:
        return None
    return subject, low, high, unit, False, (), bool(_EVERY.search(head))


def _counted(before: str, after: str, low: float | None, high: float | None) -> _Found | None:
    """Read a limit on how many: the things stand after it, what holds them or the verb before it."""
    things = re.match(r"\s*((?:[a-z-]+\s+){0,2}?[a-z-]{3,}s)\b", after)
    subject = subject_words(things[1]) if things else ()
    if not subject:
        return None
    doing = _DOING.search(before)
    if doing and is_base_form(doing["verb"]) and verb_class(doing["verb"].lower()):
        return subject, low, high, "", True, (), False
    link = re.search(
        r"\b(?:can|may|must)(?: only)? (?:have|hold|contain|cover|include)\s*$|\b(?:has|contains)\s*$", before
    )
    holder = subject_words(before[: link.start()]) if link else ()
    return (subject, low, high, "", True, holder, False) if holder else None


def subject_words(text: str) -> tuple[str, ...]:
    """Take the noun phrase at the end of a text, in the singular: `the price of the flats` as flat price."""
    text = re.split(r"[,;:()\"]|\b(?:and|or|but|then|that|which|so)\b", text.strip(" ,;(\"'"))[-1].strip()
    head, of, owner = text.partition(" of ")
    words = _phrase(head)
    if of and words and words[-1] in ("number", "amount", "count", "quantity"):
        return _phrase(owner)
    if of:
        owned = _phrase(owner)
        return (*owned, *words) if owned and words and words != ("length",) else owned
    return words


def _phrase(text: str) -> tuple[str, ...]:
    text = re.sub(r"(\w)['’]s?(?=\s|$)", r"\1", text)
    pieces = _DETERMINER.split(text)
    words = re.findall(r"[A-Za-z][A-Za-z-]*", pieces[-1])
    if len(pieces) == 1 and len(words) > 1 and words[0].lower() != words[0] and _orders(words[0]):
        words = words[1:]
    found = [singular(word.lower().replace("-", "_")) for word in words]
    return tuple(found) if 0 < len(found) <= 4 else ()


def _orders(word: str) -> bool:
    return is_base_form(word) and verb_class(word.lower()) is not None


def names(limit: Limit, name: str, schema: dict[str, Any], entity: str, rivals: list[str]) -> bool:
    """Say whether a limit is about a parameter; `rivals` are the names of all parameters there are."""
    words = [w for part in name.split("_") if (w := singular(part)) not in ("count", "value")]
    own = set(entity.split("_"))
    subject = [w for one in limit.subject for w in one.split("_")]
    bare = [w for w in subject if w not in own] or subject
    if limit.counted and (set(limit.holder) - own or not (bare == words or subject == words)):
        return False
    if (
        not limit.counted
        and words
        and (in_group("ages", words[-1]) or in_group("ages", name.rsplit("_", 1)[-1]))
    ):
        return False  # "children (4 to 15)" is their age
    same = words in (bare, subject)
    heads = [rival for rival in rivals if singular(rival.rsplit("_", 1)[-1]) == words[-1]] if words else []
    short = bare == words[-1:] and (limit.every or len(set(heads)) == 1)
    return (same or short) and _fits(limit, schema)


def _fits(limit: Limit, schema: dict[str, Any]) -> bool:
    kind = schema.get("type")
    if limit.in_characters:
        return kind == "string" and "enum" not in schema and "pattern" not in schema
    if limit.counted:
        return kind in ("array", "integer", "number")
    if kind not in ("integer", "number"):
        return False
    said = re.search(r" in (\S+)\.$", schema.get("description", ""))
    return not said or not limit.unit or said[1].lower().rstrip("s") == limit.unit.rstrip("s")
