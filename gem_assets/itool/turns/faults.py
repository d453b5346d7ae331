"""What can be decided against a turn by code: the errors that the checks find in it.

Does not belong here: the checks (`verification`), comparing with gold (`comparing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.itool.turns.reading import Turn
from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.settings import RuleSettings
from gem_assets.verification.registry import run_checks
from gem_assets.verification.view import TrajectoryView

_RULES = RuleSettings(parallel_calls=True)

# About whole dialogues: a turn that was just written has no result yet and may be the first.
_OF_WHOLES = frozenset(
    {
        Reason.RULE_CALL_WITHOUT_RESULT,
        Reason.RULE_END,
        Reason.RULE_TOO_SMALL,
        Reason.RULE_FEW_PATTERNS,
        Reason.RULE_SYSTEM_FIRST,
        Reason.RULE_ROLE_ORDER,
    }
)


@dataclass(frozen=True)
class Situation:
    """What a turn answers to: the tools on offer and the messages before it."""

    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]


def find_faults(situation: Situation, turn: Turn) -> frozenset[str]:
    """Name the faults of a turn: the reasons of errors that point at it."""
    messages = (*situation.messages, turn.message)
    last = len(messages) - 1
    verified = run_checks(TrajectoryView(situation.tools, messages, settings=_RULES))
    known = _offers(situation.tools)
    return frozenset(
        finding.reason
        for finding in verified.errors
        if finding.message == last and finding.reason not in _OF_WHOLES
        if known or finding.reason != Reason.RULE_CALL_UNKNOWN_TOOL
    )


def _offers(tools: Sequence[Tool]) -> bool:
    """A file that does not say which tools there are says nothing about unknown ones."""
    return bool(tools)
