"""Sentences -> CEL predicates about time: how long after, or how long before, a step may be taken.

The record is taken to know the time since or until the event, as `days_since_approval`. Does not belong here:
other predicates (`predicates.py`, `demands.py`).
"""

import re
from collections.abc import Iterator

from gem_assets.offline.text.lexicon import in_group, inflect, word_set
from gem_assets.offline.text.parameters import NUMBER, to_number
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.tools import Spec

Predicate = tuple[str, str, str]
"""As in `predicates.py`: a tool's name, what has to hold of its calls, and that in words."""

_UNITS = "minutes?|hours?|days?|weeks?|months?|years?"
_WITHIN = re.compile(
    rf"\bwithin (?P<n>{NUMBER}) (?P<unit>{_UNITS})(?! before)(?: (?:of|after|from|following) (?:the |its "
    rf"|an? |"
    rf"your |their )?(?P<event>[a-z]+))?",
    re.IGNORECASE,
)
_AFTER = re.compile(r"^After (?:the )?(?P<event>[a-z]+)[, ]")
_NOTICE = re.compile(
    rf"\b(?:at least|no later than|not later than) (?P<n>{NUMBER}) (?P<unit>{_UNITS}) (?:before|ahead of"
    rf"|prior to) "
    r"(?:the |its |an? |your |their )?(?P<event>[a-z]+)\b",
    re.IGNORECASE,
)
_TOO_LATE = re.compile(
    rf"\bwithin (?P<n>{NUMBER}) (?P<unit>{_UNITS}) (?:of|before) (?:the |its |your |their )(?P<event>start"
    rf"|arrival|"
    r"departure|beginning|appointment)\b[^.;]* (?:is|are) not (?:permitted|allowed|possible)",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"\b(?:cannot|can't|can not|may not|must not|not be|never|locked|too late|not possible|not allowed"
    r"|nobody|"
    r"no one|no longer)\b",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(
    r"\b(?:if|when|unless|usually|normally|should|except|for free|free of|arrive|expect|recommend\w*)\b", re.I
)
_ACTOR = re.compile(r"\b(?:only )?([A-Za-z]+) (?:can|may|must|cannot|can't)\b", re.IGNORECASE)
_YOU = frozenset(["you", "users", "they", "user"])


def deadlines(text: str, specs: list[Spec]) -> Iterator[Predicate]:
    """Say until when a step may be taken: `Pay the fee within 14 days of approval`."""
    match = _WITHIN.search(text)
    if not match or re.search(
        r"\b(?:if|unless|usually|normally|should|except|for free|free of)\b", text, re.I
    ):
        return
    actor = _ACTOR.search(text[: match.start()])
    if re.search(r"\bor\b", text[match.end() :]) or (
        actor and " be " not in text and actor[1].lower() not in _YOU
    ):
        return
    before = re.split(r"[,;:]\s|\b(?:and|but|or)\b", text[: match.start()])[-1]
    first = _AFTER.match(text)
    event = (match["event"] or (first["event"] if first else "")).lower()
    if (
        not event
        or event in word_set("no_names.txt")
        or in_group("no_events", event)
        or _NEGATIVE.search(text)
    ):
        return
    for spec, action in _writing(specs):
        if _orders(before, action):
            yield spec.name, f"state.{_unit(match)}_since_{event} <= {_plain(match)}", ""
            return


def notices(text: str, specs: list[Spec]) -> Iterator[Predicate]:
    """Say how long before an event a step has to be taken: `Cancel at least 24 hours before the start`."""
    if _LEFT_OPEN.search(text):
        return
    for match in _TOO_LATE.finditer(text):
        for spec, action in _writing(specs):
            gerund = inflect(action.verb, "VBG").split()[0]
            head = action.noun.rsplit("_", 1)[-1]
            if re.search(rf"\b{re.escape(gerund)} [a-z ]*{re.escape(head)}", text[: match.start()], re.I):
                yield spec.name, f"state.{_unit(match)}_until_{match['event'].lower()} > {_plain(match)}", ""
    match = _NOTICE.search(text)
    if match is None or not _is_event(match["event"].lower()) or _NEGATIVE.search(text[match.start() :]):
        return
    before = re.split(r"[,;:]\s|\b(?:and|but|or)\b", text[: match.start()])[-1]
    for spec, action in _writing(specs):
        if _orders(before, action):
            yield spec.name, f"state.{_unit(match)}_until_{match['event'].lower()} >= {_plain(match)}", ""
            return


def _writing(specs: list[Spec]) -> Iterator[tuple[Spec, Action]]:
    for spec in specs:
        if spec.action and spec.kind == "write":
            yield spec, spec.action


def _orders(before: str, action: Action) -> bool:
    """Say whether the words before a time tell to take this very step."""
    base, done = action.verb.split("_")[0], inflect(action.verb, "VBN").split()[0]
    pattern = (
        rf"(?:^|\b(?:please|must|can|may|to)\s+(?:only )?)\s*{re.escape(base)}\b|\bbe {re.escape(done)}\b"
    )
    return re.search(pattern, before, re.IGNORECASE) is not None


def _is_event(word: str) -> bool:
    return (
        bool(word)
        and word not in word_set("no_names.txt")
        and (word == "start" or not in_group("no_events", word))
    )


def _unit(match: re.Match[str]) -> str:
    return match["unit"].lower().rstrip("s") + "s"


def _plain(match: re.Match[str]) -> str:
    number = to_number(match["n"])
    return str(int(number)) if number == int(number) else str(number)
