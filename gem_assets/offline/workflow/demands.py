"""Sentences -> CEL predicates about what has to be there: fields that must be given, steps that come first.

Like all predicates they are right or there is none. Does not belong here: limits, choices, statuses and
deadlines (`predicates.py`).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from gem_assets.offline.text.lexicon import inflect, singular
from gem_assets.offline.text.nouns import name_of, words_of
from gem_assets.offline.workflow.actions import Action
from gem_assets.offline.workflow.entities import Entity
from gem_assets.offline.workflow.tools import Spec

Predicate = tuple[str, str, str]
"""As in `predicates.py`: a tool's name, what has to hold of its calls, and that in words."""

_LEFT_OPEN = re.compile(
    r"\b(?:if|unless|when|whenever|where|should|usually|normally|either|or|not|never|may|might|except"
    r"|optional\w*|"
    r"otherwise|for example|such as|e\.g\.)\b|n['’]t\b",
    re.IGNORECASE,
)
_MUST = r"(?:must|needs? to|has to|have to)(?: also| always| first| then| now)*"
_GIVE = re.compile(
    rf"\b{_MUST} (?:enter|provide|specify|give|supply|type(?: in)?|key in|choose|select|fill in|state"
    rf"|quote|include) "
    r"(?P<what>[^.;:]+)",
    re.IGNORECASE,
)
_REQUIRED = re.compile(
    r"(?:^|[,;] |\band )(?P<what>(?:(?:an?|the|your|its) )?[\w -]{3,40}?) (?:is|are) (?:always )?"
    r"(?:required|mandatory|compulsory)(?= *[.;,]|$)",
    re.IGNORECASE,
)
_BEFORE = (
    re.compile(
        r"^before (?:you |users? |members? )?(?:can |may )?(?P<later>[^,]+), "
        r"(?P<first>(?:the|your|an?) [^.;,]+ (?:must|has to|have to|needs? to) be \w+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^before (?:you |users? |members? )?(?:can |may )?(?P<later>[^,]+), (?:you |users? |members? "
        rf")?{_MUST} "
        r"(?P<first>[^.;]+)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_MUST} (?P<first>[^.;,]+?),? before (?:(?:you|it|they|users?|members?) )?(?:can |may )?(?:be )?"
        r"(?P<later>[^.;,]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?P<later>[^.;,]*\bcan only be \w+[^.;,]*?) (?:after|once) (?P<first>[^.;,]+)", re.IGNORECASE
    ),
    re.compile(
        r"^(?P<later>[^.;,]*\b(?:can|may) be \w+[^.;,]*?) only (?:after|once) (?P<first>[^.;,]+)",
        re.IGNORECASE,
    ),
)
_ORDER = re.compile(
    r"\b(?:the |an? )?(?P<one>(?:[a-z-]+ ){0,2}(?:date|day)) (?:(?P<not>cannot|can['’]t|must not|may not) "
    r"(?:lie|be|fall)"
    r"|(?:must|has to) (?:lie|be|fall)) (?P<way>before|earlier than|after|later than) (?:the |an? )?"
    r"(?P<other>(?:[a-z-]+ ){0,2}(?:date|day))\b",
    re.IGNORECASE,
)
_HERE = frozenset(("it", "them", "this", "these"))


def required_fields(text: str, specs: list[Spec]) -> Iterator[Predicate]:
    """Say which parameters a sentence wants given: `You must enter the PIN`, `A postcode is required`."""
    for match in [*_GIVE.finditer(text), *_REQUIRED.finditer(text)]:
        if _LEFT_OPEN.search(text):
            return
        for piece in re.split(r", (?:and )?| and ", match["what"]):
            name = name_of(piece)
            owners = [spec for spec in specs if name and name in _given(spec)]
            if len(owners) == 1:
                spec = owners[0]
                said = f"The {words_of(name)} must be given."
                yield spec.name, _is_given(spec, name), said


def _given(spec: Spec) -> dict[str, Any]:
    """Return the required parameters of a tool that come from the text."""
    if spec.action is None or spec.kind not in ("write", "create"):
        return {}
    parent = spec.schema["properties"][spec.path] if spec.path else spec.schema
    return {
        name: parent["properties"][name]
        for name in parent["required"]
        if not name.endswith(("_id", "details"))
    }


def _is_given(spec: Spec, name: str) -> str:
    schema = _given(spec)[name]
    where = f"args.{spec.path}.{name}" if spec.path else f"args.{name}"
    if schema.get("enum"):
        return f"{where} in {json.dumps(schema['enum'], ensure_ascii=False)}"
    return f"size({where}) >= 1" if schema.get("type") in ("string", "array") else f"has({where})"


def date_orders(text: str, specs: list[Spec]) -> Iterator[Predicate]:
    """Say which of two dates comes first: `The return date must not be before the departure date`."""
    for match in _ORDER.finditer(text):
        one, other = name_of(match["one"]), name_of(match["other"])
        for spec in specs:
            dates = {name for name, schema in _given(spec).items() if "pattern" in schema}
            if (
                one in dates
                and other in dates
                and one != other
                and not _LEFT_OPEN.search(_without(text, match))
            ):
                before = match["way"].lower() in ("before", "earlier than")
                sign = (">=" if before else "<=") if match["not"] else ("<" if before else ">")
                where = f"args.{spec.path}" if spec.path else "args"
                yield spec.name, f"{where}.{one} {sign} {where}.{other}", ""


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + text[match.end() :]


def prerequisites(text: str, specs: list[Spec], entity: Entity) -> Iterator[Predicate]:
    """Say which step has to come before another: `You must unmount the drive before you can eject it`."""
    plain = re.sub(r"^(?:Please |Note that |However, |But )", "", text).strip()
    match = next((found for pattern in _BEFORE if (found := pattern.search(plain))), None)
    if match is None or _LEFT_OPEN.search(plain):
        return
    later, first = _named(match["later"], specs, entity), _named(match["first"], specs, entity)
    trace = _trace(first, entity) if first else ""
    if later and first and trace and later != first and later.kind == first.kind == "write":
        yield later.name, f"state.{trace} != null", ""


def _named(phrase: str, specs: list[Spec], entity: Entity) -> Spec | None:
    """Find the only step that a phrase names by its verb and what it acts on."""
    words = [word.lower() for word in re.findall(r"[A-Za-z-]+", phrase)]
    found = [
        spec
        for spec in specs
        if spec.action and spec.kind in ("write", "create") and _does(words, spec.action, entity)
    ]
    return found[0] if len(found) == 1 else None


def _does(words: list[str], action: Action, entity: Entity) -> bool:
    verb = action.verb.split("_")[0]
    forms = {verb, inflect(verb, "VBN").split()[0], inflect(verb, "VBG").split()[0]}
    things = {singular(word) for word in words}
    heads = {action.noun.rsplit("_", 1)[-1]}
    if action.noun == entity.name:
        heads |= _HERE
    return bool(forms & set(words)) and bool(heads & things)


def _trace(spec: Spec, entity: Entity) -> str:
    """Name the field of a record that shows a step was taken; "" where none does.

    It is its first parameter, or the time that the simulator notes of one without (`Capability.stamp`).
    """
    fields = list(_given(spec))
    if fields:
        return fields[0] if fields[0] not in ("name", "status") else ""
    if spec.action is None:
        return ""
    done = inflect(spec.action.verb, "VBN").replace(" ", "_").replace("-", "_")
    return f"{done}_at" if spec.action.noun == entity.name else f"{spec.action.noun}_{done}_at"
