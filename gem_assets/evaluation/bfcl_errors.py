"""Which of iTool's kinds of fragment error a wrong entry of BFCL shows: its calls beside the true ones.

BFCL's own error types say where its checker noticed something; these say what a policy would have to learn.
Does not belong here: whether an entry is wrong, which is the checker's verdict.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gem_assets.evaluation.relay_server import CALL_MARKS
from gem_assets.itool.turns.comparing import ErrorType, compare, same_value
from gem_assets.itool.turns.reading import Turn
from gem_assets.records.tool import ToolCall


@dataclass(frozen=True)
class Departure:
    """The first turn, from 1, that departs from the truth, and how; None where no turn's calls do."""

    turn: int | None
    errors: tuple[ErrorType, ...]


def find_departure(turns: Sequence[Mapping[str, Any]]) -> Departure:
    """Find where a wrong entry first departs from the true calls.

    `turns` are the driver's: per turn `calls` and `truth` (names with arguments), and `talk`, what it could
    not decode. BFCL lets a model call more than the truth does, so a turn that lacks a true call comes before
    one that only adds calls. Later turns count no more: what they do follows from the first. Where all calls
    are the true ones (another order, too many steps) or nothing was answered, the error is `other`.
    """
    made: list[ToolCall] = []
    only_added: Departure | None = None
    for number, turn in enumerate(turns, 1):
        own, truth = _turn(turn["calls"], turn["talk"]), _turn(turn["truth"], [])
        made += own.calls
        found = compare(own, truth)
        if found.is_exact:
            continue
        if not all(any(_same(one, wanted) for one in made) for wanted in truth.calls):
            return Departure(number, found.errors)
        only_added = only_added or Departure(number, found.errors)
    return only_added or Departure(None, ("other",))


def _turn(calls: Sequence[tuple[str, dict[str, Any]]], talk: Sequence[str]) -> Turn:
    made = tuple(
        ToolCall(call_id=f"call_{number}", name=name, arguments=arguments)
        for number, (name, arguments) in enumerate(calls)
    )
    return Turn(" ".join(talk), made, next((text for text in talk if _is_broken_call(text)), None))


def _is_broken_call(text: str) -> bool:
    return text.lstrip("`\n ").startswith("[") or any(mark in text for mark in CALL_MARKS)


def _same(one: ToolCall, other: ToolCall) -> bool:
    return one.name == other.name and same_value(one.arguments, other.arguments)
