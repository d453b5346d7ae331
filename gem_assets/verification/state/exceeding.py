"""Calls that succeed with more than there is, or on what is gone, or on what is taken.

Looks at what was last known of a record before the call. Does not belong here: limits of the source
(`constraints`), what results say of one record over time (`state`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.identifiers import id_noun, is_id_value, singular, squash, words_of
from gem_assets.verification.state.comparing import is_status
from gem_assets.verification.state.entities import Field
from gem_assets.verification.state.state_store import GONE, Store
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction
from gem_assets.verification.words import word_set

_PAYING_BACK = word_set("refund reimburse")
_TAKING = word_set("order buy purchase pick reserve sell take checkout add place withdraw dispatch")
_PAID = word_set("paid total charged captured price amount cost")
_THERE = word_set("stock available hand inventory remaining")
_PIECES = word_set("quantity qty pieces units")
_ENDING = word_set("cancel void terminate revoke")
_CHANGING = word_set("update set change modify edit rename")
_DELETING = word_set("delete erase purge destroy")
_BRINGING_BACK = word_set("restore undelete recover recreate create add undo reinstate reopen renew")
_PERSONS = word_set("name email phone guest guests passenger person customer user member")
_PLACES = word_set("seat table room slot locker berth cabin desk")


@dataclass
class Taken:
    """What successful calls of a dialogue have ended or taken so far, with the message that did."""

    deleted: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    places: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])


def find_misuse(store: Store, interaction: ToolInteraction, taken: Taken) -> Iterator[Defect]:
    """Find a successful change with more than there is, or of what is gone or taken."""
    if interaction.succeeded and interaction.writes:
        yield from _excess(store, interaction)
        yield from _use_of_ended(store, interaction, taken)
        yield from _given_twice(interaction, taken)


def _excess(store: Store, interaction: ToolInteraction) -> Iterator[Defect]:
    """Find a refund above what was paid, and an order above the stock, as far as the records were shown."""
    words = set(words_of(interaction.call.name))
    back = bool(words & _PAYING_BACK)
    if not back and not words & _TAKING:
        return
    wanted = _first(interaction, word_set("amount") if back else _PIECES)
    if wanted is None:
        return
    name, number = wanted
    there = [
        (key, amount)
        for record in _records(interaction)
        for key, value in store.facts(record).items()
        if set(words_of(key)) & (_PAID if back else _THERE) and (amount := _number(value)) is not None
    ]
    most = max(there, key=lambda one: one[1], default=None)
    if most and number > most[1] + 0.011:
        evidence = (
            f"Message {interaction.index} calls {quote(interaction.call.name)} with {name} = {number:g}, "
            f"which succeeds; {quote(most[0])} was {most[1]:g}."
        )
        yield Defect(
            Reason.VERIFY_AMOUNT_EXCEEDS, evidence, interaction.result_index, other_message=interaction.index
        )


def _first(interaction: ToolInteraction, names: frozenset[str]) -> tuple[str, float] | None:
    for name, value in interaction.call.arguments.items():
        number = _number(value)
        if number is not None and set(words_of(name)) & names:
            return name, number
    return None


def _number(value: JsonValue | Field) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _records(interaction: ToolInteraction) -> list[str]:
    return [
        squash(str(value))
        for name, value in interaction.call.arguments.items()
        if id_noun(name) is not None and is_id_value(value)
    ]


def _use_of_ended(store: Store, interaction: ToolInteraction, taken: Taken) -> Iterator[Defect]:
    """Find a change of what a call deleted, and an end of what had ended."""
    verb = (words_of(interaction.call.name) or ("",))[0]
    about = singular((words_of(interaction.call.name) or ("",))[-1])
    if verb in _BRINGING_BACK:
        taken.deleted.clear()
    for name, value in interaction.call.arguments.items():
        noun = id_noun(name)
        if noun is None or noun != about or not is_id_value(value):
            continue
        place = (noun, squash(str(value)))
        if verb in _CHANGING | _DELETING and place in taken.deleted:
            said = f"{quote(str(value))} again, which message {taken.deleted[place]} deleted"
            yield _used(interaction, said, taken.deleted[place], Reason.VERIFY_USED_AFTER_END)
        elif verb in _ENDING and _has_ended(store, place[1]):
            said = f"{quote(str(value))}, which had ended before by what was last known"
            yield _used(interaction, said, None, Reason.VERIFY_DOUBLE_USE)
        if verb in _DELETING and not _is_kept(interaction):
            taken.deleted[place] = interaction.index


def _is_kept(interaction: ToolInteraction) -> bool:
    """Tell whether a result says that nothing is deleted, or not yet."""
    value = interaction.value
    return interaction.deferred or (isinstance(value, dict) and value.get("deleted", True) is not True)


def _used(interaction: ToolInteraction, said: str, other: int | None, reason: Reason) -> Defect:
    evidence = f"Message {interaction.index} calls {quote(interaction.call.name)} with success on {said}."
    return Defect(reason, evidence, interaction.result_index, other_message=other)


def _has_ended(store: Store, key: str) -> bool:
    facts = store.facts(key)
    return any(
        is_status(name) and isinstance(value, str) and GONE.search(value.casefold()) is not None
        for name, value in facts.items()
    )


def _given_twice(interaction: ToolInteraction, taken: Taken) -> Iterator[Defect]:
    """Find a seat, table or room booked twice with everything else but the person alike."""
    words = words_of(interaction.call.name)
    if words[:1] not in (("book",), ("reserve",), ("assign",)):
        if words and words[0] in _ENDING | _DELETING | word_set("release change move"):
            taken.places.clear()
        return
    arguments = interaction.call.arguments
    key = next((name for name in arguments if words_of(name)[:1] and words_of(name)[0] in _PLACES), None)
    if key is None or not isinstance(arguments[key], str | int):
        return
    same = sorted(
        f"{name}={value}" for name, value in leaves(arguments) if not set(words_of(name)) & _PERSONS
    )
    place = f"{interaction.call.name} {same}"
    if place in taken.places and taken.places[place][1] != repr(arguments):
        said = f"{quote(arguments[key])}, which message {taken.places[place][0]} gave away"
        yield _used(interaction, said, taken.places[place][0], Reason.VERIFY_DOUBLE_USE)
    taken.places.setdefault(place, (interaction.index, repr(arguments)))
