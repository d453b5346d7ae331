"""What a rule looks at: tools, messages, settings, source text, and which result answers which call.

Does not belong here: any judging (`structure`, `schema`, `text`, `patterns`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.settings import RuleSettings
from gem_assets.verification.results import is_error_result


@dataclass(frozen=True)
class Use:
    """A call, the message it stands in, and the result that answers it, where one does."""

    index: int
    call: ToolCall
    result: Message | None = None
    result_index: int | None = None
    failed: bool = False
    """The result reports an error."""


@dataclass(frozen=True)
class Dialogue:
    """One trajectory on the way through the rules. `source` is the text of its document."""

    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]
    settings: RuleSettings
    source: str
    uses: tuple[Use, ...]


def read_dialogue(
    tools: Sequence[Tool], messages: Sequence[Message], settings: RuleSettings, source: str = ""
) -> Dialogue:
    """Pair calls with results, once for all rules."""
    return Dialogue(tuple(tools), tuple(messages), settings, source, pair_calls(messages))


def pair_calls(messages: Sequence[Message]) -> tuple[Use, ...]:
    """Find for each call its result: a tool message right after the call's round that bears its id."""
    uses: list[Use] = []
    for index, message in enumerate(messages):
        results = _results_after(messages, index) if message.tool_calls else {}
        for call in message.tool_calls:
            uses.append(_use(index, call, results.pop(call.call_id, [])))
    return tuple(uses)


def _results_after(messages: Sequence[Message], index: int) -> dict[str | None, list[tuple[int, Message]]]:
    results: dict[str | None, list[tuple[int, Message]]] = {}
    for place in range(index + 1, len(messages)):
        if messages[place].role != "tool":
            break
        results.setdefault(messages[place].call_id, []).append((place, messages[place]))
    return results


def _use(index: int, call: ToolCall, results: list[tuple[int, Message]]) -> Use:
    if not results:
        return Use(index, call)
    place, result = results[0]
    return Use(index, call, result, place, is_error_result(result.content))
