"""Results against their own call: a result must not answer for other arguments than were given.

Does not belong here: what earlier results said (`state`).
"""

import re
from collections.abc import Iterator

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.derivations import read_date
from gem_assets.verification.grounding.identifiers import id_noun, looks_like_id, squash, words_of
from gem_assets.verification.state.comparing import agree
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

# Tools whose result is another thing than the one they were given.
_MAKING_ANOTHER = word_set(
    "copy clone duplicate replace reissue split merge convert transfer swap exchange rebook fork renew "
    "return reorder"
)
# Arguments that bound or page an answer, which may show what was really applied.
_BOUNDS = word_set(
    "limit page offset size max min maximum minimum top timeout radius price budget from to start end "
    "tolerance threshold amount delta change increment adjustment percent percentage"
)
# Tools that add to what is there: their result shows the sum.
_ADDING = word_set(
    "extend add increase decrease top deposit withdraw lengthen raise reduce adjust pay apply remove "
    "subtract refill charge"
)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.IGNORECASE)
_CURRENCY = re.compile(r"[A-Z]{3}")
MAX_DEPTH = 2
_FACTORS = (10.0, 100.0, 1000.0, 60.0, 3600.0, 24.0, 7.0, 12.0, 2.54, 25.4, 0.3048, 1.609344, 0.45359237)


def find_contradicted_calls(view: TrajectoryView) -> list[Defect]:
    """Find results that name the same field as the call and give another value for it."""
    return [
        finding
        for interaction in view.interactions
        if interaction.succeeded and isinstance(interaction.value, dict)
        for finding in _contradictions(interaction)
    ][:20]


def _contradictions(interaction: ToolInteraction) -> Iterator[Defect]:
    makes_another = bool(_MAKING_ANOTHER & set(words_of(interaction.call.name)[:1]))
    for name, given in interaction.call.arguments.items():
        if isinstance(given, dict | list) or given is None or isinstance(given, bool):
            continue
        if makes_another and id_noun(name) is not None:
            continue
        shown = [found for found in _shown(interaction.value, name) if found[1] is not None]
        anywhere = [value for value in _everywhere(interaction.value, name)]
        says_same = _holds_id if id_noun(name) is not None else _says_same
        if not shown or any(says_same(given, value) for value in anywhere):
            continue
        adds = words_of(interaction.call.name)[0] in _ADDING and isinstance(given, int | float)
        if not adds and _is_clear(name, given, shown[0][1]):
            yield _finding(interaction, name, given, shown[0])


def _shown(value: JsonValue, name: str, path: str = "$", depth: int = 0) -> Iterator[tuple[str, JsonValue]]:
    """Walk the fields of a name in a result and in the single objects it wraps; lists are other records."""
    if not isinstance(value, dict):
        return
    if name in value and not isinstance(value[name], dict | list):
        yield f"{path}.{name}", value[name]
    objects = [(key, child) for key, child in value.items() if isinstance(child, dict)]
    if depth < MAX_DEPTH and len(objects) == 1:
        yield from _shown(objects[0][1], name, f"{path}.{objects[0][0]}", depth + 1)


def _everywhere(value: JsonValue, name: str) -> Iterator[JsonValue]:
    for path, leaf in leaves(value):
        last = path.rpartition(".")[2].split("[")[0]
        if name.casefold() in last.casefold() or id_noun(name) is not None or "currency" in name:
            yield leaf


def _holds_id(given: JsonValue, shown: JsonValue) -> bool:
    """Tell whether an identifier is shown, alone or within another text; a near number is another one."""
    return isinstance(shown, str | int) and squash(str(given)) in squash(str(shown))


def _says_same(given: JsonValue, shown: JsonValue) -> bool:
    if shown is None or isinstance(shown, dict | list) or isinstance(given, dict | list) or given is None:
        return False
    if agree(given, shown):
        return True
    if isinstance(given, int | float) and isinstance(shown, int | float) and given and shown:
        ratio = abs(shown / given)
        return any(
            abs(ratio - factor) < 0.01 * factor or abs(1 / ratio - factor) < 0.01 * factor
            for factor in _FACTORS
        )
    return False


def _is_clear(name: str, given: JsonValue, shown: JsonValue) -> bool:
    """Tell whether a difference can be no matter of wording: identifiers, numbers, dates, addresses."""
    words = set(words_of(name))
    if words & _BOUNDS or words == {"count"} or name.startswith(("new_", "old_")):
        return False
    if id_noun(name) is not None:
        return _ids_differ(given, shown)
    if isinstance(given, int | float) and isinstance(shown, int | float) and not isinstance(shown, bool):
        return True
    if isinstance(given, str) and isinstance(shown, str):
        if _EMAIL.fullmatch(given) and _EMAIL.fullmatch(shown):
            return True
        if "currency" in words and _CURRENCY.fullmatch(given) and _CURRENCY.fullmatch(shown):
            return True
        first, second = read_date(given), read_date(shown)
        if first is not None or second is not None:
            return first is not None and second is not None and len(given) == 10 == len(shown)
        return looks_like_id(given) and looks_like_id(shown) and _ids_differ(given, shown)
    return False


def _ids_differ(given: JsonValue, shown: JsonValue) -> bool:
    if not isinstance(given, str | int) or not isinstance(shown, str | int) or len(str(shown)) > 80:
        return False
    first, second = squash(str(given)), squash(str(shown))
    has_digits = any(map(str.isdecimal, first)) and any(map(str.isdecimal, second))
    return has_digits and _letters(first) == _letters(second) and first not in second and second not in first


def _letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isalpha())


def _finding(
    interaction: ToolInteraction, name: str, given: JsonValue, shown: tuple[str, JsonValue]
) -> Defect:
    evidence = (
        f"Message {interaction.index} calls {quote(interaction.call.name)} with {quote(name)} = "
        f"{quote(given)}; its result says {quote(shown[1])} at {quote(shown[0])[1:-1]}."
    )
    return Defect(
        Reason.VERIFY_RESULT_CONTRADICTS_CALL,
        evidence,
        interaction.result_index,
        other_message=interaction.index,
        path=shown[0],
    )
