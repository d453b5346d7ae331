"""Replay a dialogue against a store of records, and report what contradicts what was known.

Two sightings are compared only where they are of one kind and nothing in between may explain a difference.
Does not belong here: the store (`state_store`), results against their own call (`echoes`), listings
(`listings`).
"""

import re
from dataclasses import replace

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.derivations import read_date
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.state.comparing import (
    agree,
    is_lasting,
    is_mutable,
    is_of_line,
    is_status,
    is_under_way,
    is_volatile,
    may_be_done_by_user,
    moves_back,
    moves_on,
)
from gem_assets.verification.state.entities import Field, Sighting
from gem_assets.verification.state.state_store import (
    GONE,
    Entity,
    Known,
    Place,
    Store,
    context_of,
    learn,
    quote_arguments,
    touch,
)
from gem_assets.verification.values import quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

_TIME = re.compile(r"\d{1,2}:\d{2}")


# What depends on how many, when and from where one asks.
_PRICED = word_set(
    "price fare cost total subtotal amount rate fee available availability free eta duration distance time "
    "departure arrival status state discount quote possible eligible"
)


# The user did something, or asks to look anew.
_DONE_OUTSIDE = re.compile(
    r"\b(?:i|we)(?:'ve| have)?(?: just| now| already)? (?:did|done|paid|removed|closed|opened|turned|"
    r"switched|restarted|"
    r"rebooted|plugged|unplugged|put|moved|loaded|cleared|replaced|reset|pressed|scanned|signed|uploaded|"
    r"sent|collected|"
    r"returned|picked|dropped|filled|emptied|connected|disconnected|enabled|disabled|installed|changed|"
    r"updated|accepted|"
    r"confirmed|approved|cancelled|fixed|took|swapped)\b|\bdone\b|\ball set\b",
    re.IGNORECASE,
)
_LOOK_AGAIN = re.compile(
    r"\b(?:try|check|look|read)\b.{0,30}\b(?:again|now|once more)\b|\b(?:how|what) about now\b|\band now\b",
    re.IGNORECASE,
)


def find_contradictions(
    view: TrajectoryView, store: Store, interaction: ToolInteraction, sightings: list[Sighting]
) -> list[Defect]:
    """Carry one interaction over to the store; give what in its result contradicts the store."""
    if not interaction.succeeded and (interaction.failed or interaction.writes):
        return []
    findings: list[Defect] = []
    before = touch(store, interaction, sightings) if interaction.writes else {}
    for sighting in sightings:
        place = (sighting.noun, sighting.key, sighting.parent)
        entity = store.entities.setdefault(place, Entity())
        if not interaction.writes:
            findings.extend(_compare(view, entity, interaction, sighting))
            for other in _elsewhere(store, place):
                findings.extend(_compare_line(view, entity, other, interaction, sighting))
        learn(entity, interaction, sighting, before.get(place, {}))
    return findings


def _elsewhere(store: Store, place: Place) -> list[Entity]:
    """Find the same record where it stands alone, or within another."""
    return [
        entity
        for (noun, key, parent), entity in store.entities.items()
        if (noun, key) == place[:2] and parent != place[2] and not (parent and place[2])
    ]


def _compare_line(
    view: TrajectoryView, entity: Entity, other: Entity, interaction: ToolInteraction, sighting: Sighting
) -> list[Defect]:
    """Compare a record with what is known of it elsewhere, but for what belongs to the line of an order."""
    fields = {
        name: value
        for name, value in sighting.fields.items()
        if name not in entity.known and not is_of_line(name)
    }
    return (
        _compare(view, other, interaction, replace(sighting, fields=fields, nulls=frozenset()))
        if fields
        else []
    )


def _compare(
    view: TrajectoryView, entity: Entity, interaction: ToolInteraction, sighting: Sighting
) -> list[Defect]:
    if not _same_record(entity, sighting):
        return []
    findings = _compare_deletion(entity, interaction, sighting)
    for name, value in sighting.fields.items():
        expected = entity.expected.get(name)
        known = entity.known.get(name)
        if expected and agree(expected[0], value) and not is_volatile(name, value):
            findings.append(_lost(interaction, sighting, name, expected))
            entity.expected.pop(name)
        elif known and is_status(name) and moves_on(known.value, value):
            continue
        elif (
            known
            and not agree(known.value, value)
            and _comparable(entity, known, interaction, sighting, name)
        ):
            findings.append(_contradiction(view, interaction, sighting, name, known))
    findings.extend(_compare_nulls(entity, interaction, sighting))
    return findings[:3]


def _compare_nulls(entity: Entity, interaction: ToolInteraction, sighting: Sighting) -> list[Defect]:
    """Find fields that a write filled and that are empty again, as before it."""
    findings: list[Defect] = []
    for name in sighting.nulls & entity.nulls_before:
        known = entity.known.get(name)
        if known and known.written and _comparable(entity, known, interaction, sighting, name):
            evidence = (
                f"Message {sighting.message} says {quote(name)} of {quote(sighting.shown)} is null; message "
                f"{known.message} had written {quote(known.value)}."
            )
            findings.append(
                Defect(
                    Reason.VERIFY_LOST_WRITE,
                    evidence,
                    sighting.message,
                    other_message=known.message,
                    path=f"{sighting.path}.{name}",
                )
            )
    return findings


def _same_record(entity: Entity, sighting: Sighting) -> bool:
    """Tell a record from another one of which the same identifier is only a part."""
    if sighting.sure:
        return True
    return all(entity.others.get(name, value) == value for name, value in sighting.others.items())


def _comparable(
    entity: Entity, known: Known, interaction: ToolInteraction, sighting: Sighting, name: str
) -> bool:
    """Tell whether two sightings are of one kind: the same question, or records of one shape."""
    if known.tool == interaction.call.name and known.arguments == quote_arguments(interaction):
        return True
    if name in sighting.fields and _is_undone(known, sighting.fields[name], name):
        return True
    shared = len(known.names & frozenset(sighting.fields))
    smaller = min(len(known.names), len(sighting.fields))
    alike = (shared >= 3 and shared >= 0.7 * smaller) or (
        shared == smaller == 2 and _anchored(entity, sighting)
    )
    alike = alike and sighting.sure and not isinstance(known.value, tuple)
    if not alike:
        return known.tool == interaction.call.name and sighting.sure and not is_mutable(name, known.value)
    if known.context == context_of(interaction):
        return True
    if is_mutable(name, known.value) or read_date(str(known.value)) or _TIME.match(str(known.value)):
        return not _PRICED & set(words_of(name)) and _fits(known.context, context_of(interaction))
    return True


def _fits(first: str, second: str) -> bool:
    """Tell whether two contexts differ only by what one of them leaves open."""
    known = dict(part.split("=", 1) for part in first.split("|") if part)
    other = dict(part.split("=", 1) for part in second.split("|") if part)
    return bool(known and other) and all(other.get(name, value) == value for name, value in known.items())


def _is_undone(known: Known, value: Field, name: str) -> bool:
    """Tell whether a field that a write ended, or set to an argument, holds again what it held before."""
    if not known.written or known.before is None or not agree(known.before, value):
        return False
    ended = (
        is_status(name)
        and GONE.search(str(known.value).casefold())
        and not GONE.search(str(value).casefold())
    )
    return bool(ended) or known.set_by_call


def _anchored(entity: Entity, sighting: Sighting) -> bool:
    """Tell whether two sightings share a text, such as a name, that tells they are of one kind."""
    return any(
        name in entity.known and not is_mutable(name, value) and agree(entity.known[name].value, value)
        for name, value in sighting.fields.items()
    )


def _contradiction(
    view: TrajectoryView, interaction: ToolInteraction, sighting: Sighting, name: str, known: Known
) -> Defect:
    value = sighting.fields[name]
    moves = not (is_status(name) and not is_under_way({name: known.value})) and not is_lasting(name)
    doubtful = (
        (known.under_way and moves)
        or is_volatile(name, value)
        or (may_be_done_by_user(name, value) and _happened_outside(view, known, sighting, name))
    )
    lost = known.written and known.before is not None and agree(known.before, value)
    reason = Reason.VERIFY_LOST_WRITE if lost else Reason.VERIFY_READ_CONTRADICTION
    evidence = (
        f"Message {sighting.message} says {quote(name)} of {quote(sighting.shown)} is {quote(value)}; "
        f"message "
        f"{known.message} said {quote(known.value)}, and nothing in between changes it."
    )
    return Defect(
        Reason.VERIFY_STATE_DOUBTFUL if doubtful else reason,
        evidence,
        sighting.message,
        other_message=known.message,
        path=f"{sighting.path}.{name}",
    )


def _lost(
    interaction: ToolInteraction, sighting: Sighting, name: str, expected: tuple[Field, Field, int]
) -> Defect:
    old, new, call = expected
    set_to = f"set it to {quote(new)}" if new != "" else "was to end it"
    evidence = (
        f"Message {sighting.message} still says {quote(name)} of {quote(sighting.shown)} is {quote(old)}, "
        f"though the "
        f"successful call in message {call} {set_to}."
    )
    return Defect(
        Reason.VERIFY_LOST_WRITE,
        evidence,
        sighting.message,
        other_message=call,
        path=f"{sighting.path}.{name}",
    )


def _compare_deletion(entity: Entity, interaction: ToolInteraction, sighting: Sighting) -> list[Defect]:
    if entity.deleted is None or any(
        GONE.search(str(value).casefold())
        or "delet" in name.casefold()
        or (value is True and "remov" in name)
        for name, value in sighting.fields.items()
    ):
        return []
    deleted, entity.deleted = entity.deleted, None
    evidence = (
        f"Message {sighting.message} still shows {quote(sighting.shown)}, which the successful call in "
        f"message "
        f"{deleted} deleted."
    )
    return [
        Defect(
            Reason.VERIFY_LOST_WRITE,
            evidence,
            sighting.message,
            other_message=deleted,
            path=sighting.path,
        )
    ]


def _happened_outside(view: TrajectoryView, known: Known, sighting: Sighting, name: str) -> bool:
    """Tell whether the user did something in between, or asked to look anew at what may go on by itself."""
    back = is_status(name) and moves_back(known.value, sighting.fields[name])
    return any(
        _DONE_OUTSIDE.search(text) or (not back and _LOOK_AGAIN.search(text))
        for message in view.messages[known.message + 1 : sighting.message]
        if message.role == "user" and (text := message.content.replace("’", "'"))
    )
