"""Records inside results: which objects describe a thing with an identifier, and what they say of it.

Does not belong here: comparing two sightings of one record (`state`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from gem_assets.verification.grounding.identifiers import id_noun, is_id_value, singular, squash, words_of
from gem_assets.verification.view import ToolInteraction
from gem_assets.verification.words import word_set

Field = str | int | float | bool | tuple[str, ...]

# Keys that tell about the answer, not about the record.
_ABOUT_ANSWER = word_set(
    "message messages success error errors note notes ok timestamp request_id warning warnings info hint "
    "next_step next_steps result_code action result response detail details summary"
)
# Keys that wrap a record without naming it.
_WRAPPERS = word_set(
    "data result results record records item entry payload response content value output object"
)
MAX_RECORDS = 400
"""Records of one result that are looked at."""


@dataclass(frozen=True)
class Sighting:
    """A record as one result shows it.

    `noun` is what it is ("order", empty where unsaid), `key` its identifier squashed, `sure` whether that is
    beyond doubt the record's own; `others` its other identifiers by key, `ids` every identifier in it.
    """

    noun: str
    key: str
    shown: str
    sure: bool
    fields: dict[str, Field]
    others: dict[str, str]
    ids: frozenset[str]
    path: str
    message: int
    parent: str = ""
    """The identifier of the record it stands in, squashed."""
    nulls: frozenset[str] = frozenset()
    """The fields that hold nothing."""
    listed_in: str | None = None
    """The path of the list it is an element of."""


def find_records(interaction: ToolInteraction) -> list[Sighting]:
    """Read the records out of a result, outer ones first."""
    if interaction.result_index is None or not isinstance(interaction.value, dict | list):
        return []
    tool_nouns = tuple(singular(word) for word in words_of(interaction.call.name)[1:])
    found: list[Sighting] = []
    stack: list[_Place] = [_Place("$", interaction.value, tool_nouns)]
    while stack and len(found) < MAX_RECORDS:
        place = stack.pop()
        sighting = _sight(place, interaction.result_index)
        if sighting:
            found.append(sighting)
        stack.extend(_inside(place, sighting))
    return found


@dataclass(frozen=True)
class _Place:
    """A value on the way through a result: its path, what the keys above call it, where it stands."""

    path: str
    value: JsonValue
    nouns: tuple[str, ...]
    listed_in: str | None = None
    parent: str = ""


def _inside(place: _Place, sighting: Sighting | None) -> list[_Place]:
    value, parent = place.value, sighting.key if sighting else place.parent
    if isinstance(value, dict):
        return [
            _Place(f"{place.path}.{key}", child, _nouns_under(key, place.nouns), None, parent)
            for key, child in reversed(value.items())
            if isinstance(child, dict | list)
        ]
    if not isinstance(value, list):
        return []
    return [
        _Place(f"{place.path}[{at}]", value[at], place.nouns, place.path, parent)
        for at in reversed(range(len(value)))
        if isinstance(value[at], dict)
    ]


def _nouns_under(key: str, nouns: tuple[str, ...]) -> tuple[str, ...]:
    if key.casefold() in _WRAPPERS:
        return nouns
    words = words_of(key)
    return tuple(singular(word) for word in words)


def _sight(place: _Place, message: int) -> Sighting | None:
    value = place.value
    if not isinstance(value, dict):
        return None
    keys = [
        (key, noun) for key, item in value.items() if (noun := id_noun(key)) is not None and is_id_value(item)
    ]
    own = _own_key(keys, place.nouns)
    if own is None:
        return None
    key, noun, sure = own
    shown = str(value[key])
    return Sighting(
        noun=noun,
        key=squash(shown),
        shown=shown,
        sure=sure,
        fields={name: field for name, field in _fields(value) if name != key},
        others={name: squash(str(value[name])) for name, _ in keys if name != key},
        ids=frozenset(_ids_in(value)),
        path=place.path,
        message=message,
        parent=place.parent,
        nulls=frozenset(name for name, item in value.items() if item is None),
        listed_in=place.listed_in,
    )


def _own_key(keys: list[tuple[str, str]], nouns: tuple[str, ...]) -> tuple[str, str, bool] | None:
    """Choose the record's own identifier: a bare `id`, one named as the record is, else the first."""
    if not keys:
        return None
    bare = next((key for key, noun in keys if not noun), None)
    if bare is not None:
        return bare, nouns[-1] if nouns else "", True
    named = [(key, noun) for key, noun in keys if noun in nouns]
    if named:
        key, noun = named[0]
        return key, noun, len(named) == 1 or noun == nouns[-1]
    return keys[0][0], keys[0][1], False


def _fields(value: dict[str, JsonValue]) -> Iterator[tuple[str, Field]]:
    """Walk what a record says of itself: its values, its parts' where they have no identifier, its lists."""
    stack: list[tuple[str, JsonValue]] = [(key, item) for key, item in reversed(value.items())]
    while stack:
        name, item = stack.pop()
        if name.rpartition(".")[2].casefold() in _ABOUT_ANSWER or item is None:
            continue
        if isinstance(item, dict):
            if not any(id_noun(key) == "" for key in item) and name.count(".") < 3:
                stack.extend((f"{name}.{key}", child) for key, child in reversed(item.items()))
        elif isinstance(item, list):
            if all(isinstance(child, str | int | float) for child in item):
                yield name, tuple(sorted(squash(str(child)) for child in item))
        else:
            yield name, item


def _ids_in(value: JsonValue) -> Iterator[str]:
    stack: list[tuple[str, JsonValue]] = [("", value)]
    while stack:
        key, item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.items())
        elif isinstance(item, list):
            stack.extend((key, child) for child in item)
        elif id_noun(key) is not None and is_id_value(item):
            yield squash(str(item))
