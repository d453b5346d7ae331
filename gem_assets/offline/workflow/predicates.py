"""Sentences -> CEL predicates over the calls of tools: limits, closed choices, statuses, deadlines.

A predicate is right or there is none: whatever a sentence leaves open (whose limit, which statuses come
later, exceptions, other actors) gives none. Does not belong here: reading limits (`limits.py`), the rules
as records (`constraints.py`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from gem_assets.offline.text.blocks import Sentence
from gem_assets.offline.text.lexicon import inflect, singular
from gem_assets.offline.text.limits import Limit, names, read_limits
from gem_assets.offline.text.nouns import words_of
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.deadlines import deadlines, notices
from gem_assets.offline.workflow.demands import date_orders, prerequisites, required_fields
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.tools import Spec

Predicate = tuple[str, str, str]
"""A tool's name, what has to hold of its calls, and that in words ("" where the sentence says it best)."""

_NEGATIVE = re.compile(
    r"\b(?:cannot|can't|can not|may not|must not|not be|never|locked|too late|not possible|"
    r"not allowed|nobody|"
    r"no one|no longer)\b",
    re.IGNORECASE,
)
_LOCKED = re.compile(
    r"\b(?:it is locked|is locked|(?:can|may) no longer be (?:edited|changed)|(?:cannot|can't|may not|"
    r"must not) be "
    r"(?:edited|changed|modified)|can't edit|cannot edit)\b",
    re.IGNORECASE,
)
_OPEN_ENDED = re.compile(
    r"\b(?:until|once|after|before|already|except|without|otherwise|usually|normally|generally|should|"
    r"unless you|"
    r"by (?:the|an?|its|your|our)|if you|for example|not yet|for free|free of charge|from (?:then|"
    r"there)|again)\b",
    re.IGNORECASE,
)
_EXCLUSIVE = re.compile(r"\b(?:only|while|as long as|unless)\b", re.IGNORECASE)
_NOT_CLOSED = re.compile(
    r"\b(?:for example|such as|e\.g\.|like|including|except|not|unless|other|another|usually)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:\s*\([^)]*\))?[\s,;/\"'*]*(?:or|and)?(?: an?)?[\s\"'*]*")
_ACTOR = re.compile(r"\b(?:only )?([A-Za-z]+) (?:can|may|must|cannot|can't)\b", re.IGNORECASE)
_YOU = frozenset(["you", "users", "they", "user"])
_CHANGING = ("set", "add", "update", "edit", "upload", "attach", "enter", "change")
_PRONOUNS = frozenset(
    ["it", "they", "them", "one", "those", "these", "that", "which", "status", "state", "still"]
)


def predicates(sentence: Sentence, specs: list[Spec], entity: Entity) -> list[Predicate]:
    """Return what a sentence lets be checked of calls; [] where it leaves something open."""
    found = [
        *_statuses(sentence.text, specs, entity),
        *_limits(sentence, specs, entity),
        *deadlines(sentence.text, specs),
        *notices(sentence.text, specs),
        *_choices(sentence.text, specs),
        *date_orders(sentence.text, specs),
        *required_fields(sentence.text, specs),
        *prerequisites(sentence.text, specs, entity),
    ]
    return list(dict.fromkeys(found))


def written(specs: list[Spec]) -> Iterator[tuple[Spec, Action]]:
    """Return the tools that change something, with their actions."""
    for spec in specs:
        if spec.action and spec.kind in ("write", "create"):
            yield spec, spec.action


def _statuses(text: str, specs: list[Spec], entity: Entity) -> Iterator[Predicate]:
    for clause in re.split(r"[.;:]\s|, (?:but|and) |, then ", text):
        named = [s for s in entity.statuses if _said(s).search(clause)]
        if not named or _OPEN_ENDED.search(clause) or _is_partial(clause, named, entity):
            continue
        if not _about(clause, named, entity):
            continue
        predicate = _status_predicate(clause, named)
        locks = _LOCKED.search(clause) is not None
        for spec, action in list(written(specs)):
            changed = locks and spec.kind == "write" and action.verb in _CHANGING
            if predicate and (changed or (spec.kind == "write" and _does(clause, action, named, entity))):
                yield spec.name, predicate, ""


def _is_partial(clause: str, named: list[str], entity: Entity) -> bool:
    """Say whether only some people are meant, or there is another way besides the statuses."""
    listed = "|".join(re.escape(status) for status in named)
    others = re.sub(rf"(?:{listed})\*? or (?:\w+ )?\*?(?:{listed})", " ", clause, flags=re.IGNORECASE)
    people = _ACTOR.search(others)
    known = {"it", "they", "you", "users", "user", "nobody", "one", "that", "which"}
    own = entity.name.rsplit("_", 1)[-1]
    stranger = people is not None and people[1].lower() not in known and singular(people[1].lower()) != own
    return bool(re.search(r",? or (?!add|change|edit|move)", others)) or (stranger and " be " not in others)


def _said(status: str) -> re.Pattern[str]:
    passive = "".join(rf"(?<!{modal} be )" for modal in ("can", "may", "cannot", "can't"))
    return re.compile(rf"(?<![\w-]){passive}{re.escape(status)}(?![\w-])", re.IGNORECASE)


def _about(clause: str, named: list[str], entity: Entity) -> bool:
    """Say whether the statuses are those of the record itself, and none is negated."""
    head = entity.name.rsplit("_", 1)[-1]
    for status in named:
        owner = re.search(
            rf"(?P<not>\bnot (?:yet )?)?(?:(?P<who>[a-z]+) (?:that |which )?(?:is|are|was|has been|"
            rf"have been|marked)"
            rf"(?: still| only| marked| already)* )?{re.escape(status)}(?! by)",
            clause,
            re.IGNORECASE,
        )
        if owner is None or owner["not"] or re.search(rf"\bnot (?:yet )?{re.escape(status)}", clause, re.I):
            return False
        who = singular((owner["who"] or head).lower())
        if who not in _PRONOUNS and who != head and not who.endswith("ing"):
            return False
    return True


def _does(clause: str, action: Action, statuses: list[str], entity: Entity) -> bool:
    """Say whether a clause allows or forbids this very action on the record."""
    rest = clause.lower()
    for status in statuses:
        rest = re.sub(rf"\b(?:is|are|been|marked|still|only|as)\s+{re.escape(status.lower())}\b", " ", rest)
    done, base = inflect(action.verb, "VBN").split()[0], action.verb.split("_")[0]
    passive = re.search(
        rf"(?:(?P<what>[a-z]+) )?(?:can|may|must|could)(?:not|'t)?(?: only| still| not| never|"
        rf" no longer)* be "
        rf"(?:[a-z]+ or )?{re.escape(done)}\b",
        rest,
    )
    active = re.search(
        rf"\b(?:can|may|must)(?:not|'t)?(?: only| still|"
        rf" not)* (?:[a-z]+ or )?{re.escape(base)} (?:the |an? |your )?"
        rf"(?P<what>[a-z]+)",
        rest,
    )
    found = passive or active
    what = singular(found["what"] or "it") if found else ""
    own = {
        entity.name.rsplit("_", 1)[-1],
        action.noun.rsplit("_", 1)[-1],
        *statuses,
        *_PRONOUNS,
        "them",
        "and",
        "or",
    }
    return bool(found) and (what in own or what in {s.lower() for s in statuses})


def _status_predicate(clause: str, statuses: list[str]) -> str:
    quoted = [json.dumps(status, ensure_ascii=False) for status in statuses]
    forbids = bool(_NEGATIVE.search(clause))
    unless, only = re.search(r"\bunless\b", clause, re.I), re.search(r"\bonly\b", clause, re.I)
    if (forbids and only) or (only and unless) or re.search(r"\bnot only\b", clause, re.I):
        return ""
    if forbids != bool(unless):
        return " && ".join(f"state.status != {status}" for status in quoted)
    if not _EXCLUSIVE.search(clause):
        return ""
    return f"state.status == {quoted[0]}" if len(quoted) == 1 else f"state.status in [{', '.join(quoted)}]"


def _limits(sentence: Sentence, specs: list[Spec], entity: Entity) -> Iterator[Predicate]:
    rivals = [name for spec, _ in written(specs) for name in properties_of(spec)]
    for limit in read_limits(sentence.text):
        for spec, action in written(specs):
            own_step = action.verb != "set" and action.text != "" and action.text in sentence.text
            if limit.conditional and not own_step:
                continue
            for name, schema in properties_of(spec).items():
                if names(limit, name, schema, entity.name, rivals) and _agrees(limit, schema):
                    yield (
                        spec.name,
                        _limit_predicate(spec, name, schema, limit),
                        _in_words(name, limit, schema),
                    )


def _agrees(limit: Limit, schema: dict[str, Any]) -> bool:
    """Say whether a limit says of a parameter what its schema says, or what the schema leaves open."""
    keys = ("minItems", "maxItems") if schema.get("type") == "array" else ("minimum", "maximum")
    low, high = schema.get(keys[0]), schema.get(keys[1])
    return (high is None or limit.high in (None, high)) and (low in (None, 0, 1) or limit.low in (None, low))


def properties_of(spec: Spec) -> dict[str, Any]:
    """Return the parameters of a tool that come from the text, nested ones included."""
    properties = spec.schema["properties"]
    return (
        properties[spec.path]["properties"]
        if spec.path
        else {k: v for k, v in properties.items() if not k.endswith("_id")}
    )


def _limit_predicate(spec: Spec, name: str, schema: dict[str, Any], limit: Limit) -> str:
    where = f"args.{spec.path}.{name}" if spec.path else f"args.{name}"
    parent = spec.schema["properties"][spec.path] if spec.path else spec.schema
    what = f"size({where})" if limit.in_characters or schema.get("type") == "array" else where
    bounds = ((">=", limit.low), ("<=", limit.high))
    said = " && ".join(f"{what} {sign} {plain(number)}" for sign, number in bounds if number is not None)
    return said if name in parent["required"] else f"!has({where}) || ({said})"


def _in_words(name: str, limit: Limit, schema: dict[str, Any]) -> str:
    """Say a limit as a rule, as `The headline must have at most 90 characters`."""
    verb = "have" if limit.in_characters or schema.get("type") == "array" else "be"
    unit = "entries" if schema.get("type") == "array" else limit.unit
    low, high = plain(limit.low or 0), plain(limit.high or 0)
    if limit.low is not None and limit.high is not None:
        amount = f"between {low} and {high}" if verb == "be" else f"{low} to {high}"
    else:
        amount = f"at most {high}" if limit.high is not None else f"at least {low}"
    return f"The {words_of(name)} must {verb} {amount} {unit}".strip() + "."


def plain(number: float) -> str:
    """Write a number without a fraction where it has none."""
    return str(int(number)) if number == int(number) else str(number)


def _choices(text: str, specs: list[Spec]) -> Iterator[Predicate]:
    """Say closed choices, where one sentence names the parameter and lists all of its options after it."""
    if _NOT_CLOSED.search(text):
        return
    for spec, _ in written(specs):
        for name, schema in properties_of(spec).items():
            options = [str(option) for option in schema.get("enum", [])]
            if options and name in spec.schema["required"] and _lists(text, name, options):
                listed = ", ".join(json.dumps(option, ensure_ascii=False) for option in options)
                said = f"The {words_of(name)} must be one of {', '.join(options)}."
                yield spec.name, f"args.{name} in [{listed}]", said


def _lists(text: str, name: str, options: list[str]) -> bool:
    head = re.search(rf"\b{re.escape(singular(name.rsplit('_', 1)[-1]))}", text, re.IGNORECASE)
    end = head.end() if head else len(text)
    for index, option in enumerate(options):
        place = text.find(option, end)
        joint = text[end:place] if index else " "
        if place < 0 or not _BETWEEN.fullmatch(joint) or (len(options) == 2 and joint.strip() == "and"):
            return False
        end = place + len(option)
    return re.match(r"\W*(?:and|or)\b", text[end:]) is None
