"""Compare a turn with the gold turn by structure: credit for each argument, and which kinds of error it has.

Calls are compared as values, not as text: order of arguments and spelling of numbers do not count. Does not
belong here: whether a turn fits the dialogue (`faults`), how reward is put together (`reward`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gem_assets.itool.turns.reading import PENDING, Turn
from gem_assets.records.tool import ToolCall

ErrorType = Literal["syntax", "tool_count", "tool_choice", "name", "count", "value", "other"]
"""Kinds of fragment deficiency, the most fundamental first: broken call syntax; calls too many or too few;
another tool; another argument name; arguments too many or too few; another value; anything else."""
ERROR_TYPES: tuple[ErrorType, ...] = get_args(ErrorType)

# Half for not calling where nothing is to be called, half for the words: texts that say the same differ.
_PROSE_FLOOR = 0.5


@dataclass(frozen=True)
class Comparison:
    """`credit` is 0 to 1; `errors` are in the order of `ERROR_TYPES`, none where the structure is gold's."""

    credit: float
    errors: tuple[ErrorType, ...]

    @property
    def is_exact(self) -> bool:
        """Whether every call is gold's, or none is made where gold makes none."""
        return not self.errors


def compare(turn: Turn, gold: Turn) -> Comparison:
    """Compare a finished turn with the gold turn."""
    if turn.broken:
        return Comparison(0.0, ("syntax",))
    if not gold.calls:
        if turn.calls:
            return Comparison(0.0, ("tool_count",))
        return Comparison(_PROSE_FLOOR + (1 - _PROSE_FLOOR) * word_agreement(turn.said, gold.said), ())
    pairs = _align(turn.calls, gold.calls)
    credit = sum(_credit(own, wanted) for own, wanted in pairs) / max(len(turn.calls), len(gold.calls))
    found = {error for own, wanted in pairs for error in _errors(own, wanted)}
    if len(turn.calls) != len(gold.calls):
        found.add("tool_count")
    return Comparison(credit, tuple(error for error in ERROR_TYPES if error in found))


def is_consistent(begun: Turn, gold: Turn) -> bool:
    """Tell whether a turn that was only begun can still become the gold turn; its text does not count."""
    if begun.broken or len(begun.calls) > len(gold.calls):
        return False
    if begun.said and not begun.calls and not gold.calls:
        return True
    return all(
        own.name == wanted.name and _fits(own.arguments, wanted.arguments)
        for own, wanted in zip(begun.calls, gold.calls, strict=False)
    )


def same_value(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON values
    """Compare JSON values: 1 is 1.0, but true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_value(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def word_agreement(one: str, other: str) -> float:
    """Share of words two texts have in common, 0 to 1, repeated ones counted; two empty texts agree."""
    first, second = _words(one), _words(other)
    total = first.total() + second.total()
    return 2 * (first & second).total() / total if total else 1.0


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.casefold()))


def _align(own: Sequence[ToolCall], gold: Sequence[ToolCall]) -> list[tuple[ToolCall, ToolCall]]:
    """Give each gold call the own call that earns most, in order; a call serves once."""
    left, pairs = list(own), list[tuple[ToolCall, ToolCall]]()
    for wanted in gold:
        if not left:
            break
        best = max(left, key=lambda call: (call.name == wanted.name, _credit(call, wanted)))
        left.remove(best)
        pairs.append((best, wanted))
    return pairs


def _credit(own: ToolCall, wanted: ToolCall) -> float:
    """One part for the tool, one for each argument that either call has."""
    if own.name != wanted.name:
        return 0.0
    keys = own.arguments.keys() | wanted.arguments.keys()
    shared = own.arguments.keys() & wanted.arguments.keys()
    earned = sum(_value_credit(own.arguments[key], wanted.arguments[key]) for key in shared)
    return (1 + earned) / (1 + len(keys))


def _value_credit(own: Any, wanted: Any) -> float:  # noqa: ANN401
    if same_value(own, wanted):
        return 1.0
    if isinstance(own, dict) and isinstance(wanted, dict):
        keys = own.keys() | wanted.keys()
        shared = own.keys() & wanted.keys()
        return sum(_value_credit(own[key], wanted[key]) for key in shared) / len(keys)
    if isinstance(own, list) and isinstance(wanted, list):
        return sum(map(_value_credit, own, wanted)) / max(len(own), len(wanted))
    return 0.0


def _errors(own: ToolCall, wanted: ToolCall) -> set[ErrorType]:
    if own.name != wanted.name:
        return {"tool_choice"}
    found: set[ErrorType] = set()
    if len(own.arguments) != len(wanted.arguments):
        found.add("count")
    elif own.arguments.keys() != wanted.arguments.keys():
        found.add("name")
    shared = own.arguments.keys() & wanted.arguments.keys()
    if any(not same_value(own.arguments[key], wanted.arguments[key]) for key in shared):
        found.add("value")
    return found


def _fits(begun: Any, wanted: Any) -> bool:  # noqa: ANN401
    """Tell whether a value that was only begun may become the wanted one."""
    if begun == PENDING:
        return True
    if isinstance(begun, dict) and isinstance(wanted, dict):
        return all(key in wanted and _fits(value, wanted[key]) for key, value in begun.items())
    if isinstance(begun, list) and isinstance(wanted, list):
        return len(begun) <= len(wanted) and all(map(_fits, begun, wanted))
    return same_value(begun, wanted)
