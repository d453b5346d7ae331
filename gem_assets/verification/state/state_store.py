"""The records a dialogue has shown so far: what is known of each, from where, and what a write lets expire.

Does not belong here: comparing (`state`).
"""

import re
from dataclasses import dataclass, field

from gem_assets.verification.grounding.identifiers import id_noun, is_id_value, singular, squash, words_of
from gem_assets.verification.state.comparing import (
    agree,
    is_mutable,
    is_status,
    is_under_way,
)
from gem_assets.verification.state.entities import Field, Sighting
from gem_assets.verification.values import leaves
from gem_assets.verification.view import ToolInteraction
from gem_assets.verification.words import word_set

_SETTING = word_set(
    "update set change modify edit rename move reschedule assign adjust replace reassign switch patch put"
)


_DELETING = word_set("delete destroy erase purge")


_CANCELLING = word_set("cancel void revoke deactivate disable suspend close archive terminate")


_PREFIX = re.compile(r"^(?:new|updated|target|to|desired|requested)_")


GONE = re.compile(
    r"cancel|delet|void|remov|inactive|clos|revok|refund|disabl|suspend|archiv|terminat|expire|deactiv"
)


_CONTEXT = word_set(
    "date day time from to start end begin check in out quantity amount guests currency unit units lang "
    "language locale "
    "timezone destination origin location days nights hours duration party size passengers month year week"
)


_PAGING = word_set("limit page offset size per max count top cursor")


Place = tuple[str, str, str]
"""What a record is, its identifier, and that of the record it stands in."""


@dataclass(frozen=True)
class Known:
    """What was last known of a field: its value, where it was seen, and how."""

    value: Field
    message: int
    tool: str
    arguments: str
    context: str
    names: frozenset[str]
    """The fields of the sighting it comes from."""
    written: bool
    before: Field | None = None
    """For a written value: what stood there before."""
    set_by_call: bool = False
    """The write's own arguments hold this value under this name."""
    under_way: bool = False
    """Something was still happening to the record."""


@dataclass
class Entity:
    """What is known of one record, and what writes should have made of it."""

    known: dict[str, Known] = field(default_factory=dict[str, Known])
    others: dict[str, str] = field(default_factory=dict[str, str])
    ids: frozenset[str] = frozenset()
    expected: dict[str, tuple[Field, Field, int]] = field(default_factory=dict[str, tuple[Field, Field, int]])
    """Fields a write set without showing them: old value, new value, message of the call."""
    nulls: frozenset[str] = frozenset()
    """Fields that held nothing when last seen."""
    nulls_before: frozenset[str] = frozenset()
    """Fields that held nothing before the last write."""
    deleted: int | None = None
    deferred: bool = False
    """A change of it was put off, and may come at any time."""


@dataclass
class Store:
    """The records a dialogue has shown so far, by what they are and their identifier."""

    entities: dict[Place, Entity] = field(default_factory=dict[Place, Entity])

    def facts(self, key: str) -> dict[str, Field]:
        """Give what is known of the records with an identifier."""
        merged: dict[str, Field] = {}
        for (_, entity_key, _), entity in self.entities.items():
            if entity_key == key:
                merged |= {name: known.value for name, known in entity.known.items()}
        return merged


def touch(
    store: Store, interaction: ToolInteraction, sightings: list[Sighting]
) -> dict[Place, dict[str, Field]]:
    """Let expire what a write may have changed; give the values it may have replaced, by record."""
    named = {squash(str(value)) for _, value in leaves(interaction.call.arguments) if is_id_value(value)}
    ids = {*named, *(key for sighting in sightings for key in sighting.ids)}
    replaced: dict[Place, dict[str, Field]] = {}
    for place, entity in store.entities.items():
        if place[1] in ids or (not ids and not sightings):
            replaced[place] = {name: known.value for name, known in entity.known.items()}
            if place[1] in named:
                _expect(entity, interaction, place[0])
            entity.known.clear()
            entity.nulls_before = entity.nulls
            entity.deferred = interaction.deferred
        elif entity.ids & ids or not named:
            for name in [name for name, known in entity.known.items() if is_mutable(name, known.value)]:
                del entity.known[name]
            entity.expected.clear()
    return replaced


def _expect(entity: Entity, interaction: ToolInteraction, noun: str) -> None:
    """Note what a write that sets fields should have made of them."""
    verb, *rest = words_of(interaction.call.name) or ("",)
    entity.expected.clear()
    entity.deleted = None
    if interaction.deferred:
        return
    about = not noun or noun in {singular(word) for word in rest}
    if verb in _DELETING and about:
        entity.deleted = interaction.index
    for name, known in entity.known.items():
        if verb in _CANCELLING and about and is_status(name) and not GONE.search(str(known.value).casefold()):
            entity.expected[name] = (known.value, "", interaction.index)
    if verb in _SETTING:
        for name, value in interaction.call.arguments.items():
            target = _PREFIX.sub("", name)
            known = entity.known.get(target)
            if known and isinstance(value, str | int | float) and not agree(known.value, value):
                entity.expected[target] = (known.value, value, interaction.index)


def learn(entity: Entity, interaction: ToolInteraction, sighting: Sighting, before: dict[str, Field]) -> None:
    """Enter what a sighting says; `before` is what a write may have replaced."""
    names = frozenset(sighting.fields)
    under_way = entity.deferred or is_under_way(sighting.fields)
    for name, value in sighting.fields.items():
        entity.known[name] = Known(
            value=value,
            message=sighting.message,
            tool=interaction.call.name,
            arguments=quote_arguments(interaction),
            context=context_of(interaction),
            names=names,
            written=interaction.writes,
            before=before.get(name),
            set_by_call=interaction.writes and interaction.call.arguments.get(name) == value,
            under_way=under_way,
        )
        if interaction.writes:
            entity.expected.pop(name, None)
    entity.nulls = sighting.nulls
    entity.others |= sighting.others
    entity.ids |= sighting.ids


def quote_arguments(interaction: ToolInteraction) -> str:
    """Write a call's arguments in one order, to compare calls by."""
    return repr(sorted(interaction.call.arguments.items(), key=lambda item: item[0]))


def context_of(interaction: ToolInteraction) -> str:
    """Write down the arguments that what a record shows may depend on: days, amounts, places, units."""
    if interaction.writes:
        return ""
    parts: list[str] = []
    for path, value in leaves(interaction.call.arguments):
        words = set(words_of(path.rpartition(".")[2]))
        numeric = isinstance(value, int | float) and not isinstance(value, bool) and not words & _PAGING
        if id_noun(path.rpartition(".")[2]) is None and (words & _CONTEXT or numeric):
            parts.append(f"{path}={value}".replace("|", " "))
    return "|".join(sorted(parts))
