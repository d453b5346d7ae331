"""Rules on the order of turns: who may speak after whom, and that every call has its result.

Turn order after arXiv 2601.10355, appendices A.3 and A.4. Does not belong here: what a call or a message
says (`schema`, `text`).
"""

from collections.abc import Iterator, Sequence

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.values import quote
from gem_assets.verification.view import TrajectoryView


def find_misplaced_system(view: TrajectoryView) -> list[Defect]:
    """Find a dialogue that does not start with its system message, or that has another one."""
    reason = Reason.RULE_SYSTEM_FIRST
    messages = view.messages
    if not messages:
        return [Defect(reason=reason, evidence="The dialogue has no messages at all.")]
    findings: list[Defect] = []
    if messages[0].role != "system":
        evidence = f"Message 0 is the {messages[0].role}'s, where the system message belongs."
        findings.append(Defect(reason=reason, evidence=evidence, message=0))
    for index, message in enumerate(messages[1:], start=1):
        if message.role == "system":
            evidence = f"Message {index} is a system message; only message 0 may be one."
            findings.append(Defect(reason=reason, evidence=evidence, message=index))
    return findings


def find_several_calls(view: TrajectoryView) -> list[Defect]:
    """Find rounds with more than one call, unless the settings allow parallel calls."""
    if view.settings.parallel_calls:
        return []
    return [
        Defect(
            reason=Reason.RULE_SEVERAL_CALLS,
            evidence=f"Message {index} makes {len(message.tool_calls)} calls at once: {_names(message)}.",
            message=index,
        )
        for index, message in enumerate(view.messages)
        if len(message.tool_calls) > 1
    ]


def find_calls_without_result(view: TrajectoryView) -> list[Defect]:
    """Find calls that no result follows. A call in the last message is `find_open_end`'s."""
    last = len(view.messages) - 1
    return [
        Defect(
            reason=Reason.RULE_CALL_WITHOUT_RESULT,
            evidence=f"Message {interaction.index} calls {quote(interaction.call.name)} "
            f"(id {quote(interaction.call.call_id)}) and no result follows; message {interaction.index + 1} "
            f"is the {view.messages[interaction.index + 1].role}'s.",
            message=interaction.index,
        )
        for interaction in view.interactions
        if interaction.result is None and interaction.index != last
    ]


def find_results_without_call(view: TrajectoryView) -> list[Defect]:
    """Find results that answer no call of the round before them."""
    answering = {interaction.result_index for interaction in view.interactions}
    return [
        Defect(
            reason=Reason.RULE_RESULT_WITHOUT_CALL,
            evidence=f"Message {index} is the result of call {quote(message.call_id)}, which the "
            "round before it does not make or which has its result already.",
            message=index,
        )
        for index, message in enumerate(view.messages)
        if message.role == "tool" and index not in answering
    ]


def find_tool_then_user(view: TrajectoryView) -> list[Defect]:
    """Find users who speak right after a result: the assistant has to say what came of it first."""
    return [
        Defect(
            reason=Reason.RULE_TOOL_THEN_USER,
            evidence=f"Message {index} is the user's, right after a result; the assistant must speak first.",
            message=index,
        )
        for index, previous, message in _neighbours(view.messages)
        if previous == "tool" and message.role == "user"
    ]


def find_broken_role_order(view: TrajectoryView) -> list[Defect]:
    """Find two turns of one speaker in a row, and an assistant that opens the dialogue."""
    return [
        Defect(
            reason=Reason.RULE_ROLE_ORDER,
            evidence=f"Message {index} is the {message.role}'s and follows {_whose(previous)}.",
            message=index,
        )
        for index, previous, message in _neighbours(view.messages)
        if (previous, message.role) in _OUT_OF_ORDER
    ]


# An assistant after an assistant that still waits for a result is a call without result, and only that.
_OUT_OF_ORDER = frozenset({("user", "user"), ("assistant", "assistant"), ("system", "assistant")})


def find_open_end(view: TrajectoryView) -> list[Defect]:
    """Find dialogues that do not end on an assistant message without a call."""
    if not view.messages:
        return []
    index, last = len(view.messages) - 1, view.messages[-1]
    if last.role == "assistant" and not last.tool_calls:
        return []
    end = f"still calls {_names(last)}" if last.tool_calls else f"is the {last.role}'s"
    evidence = (
        f"Message {index}, the last one, {end}; a dialogue ends on an assistant message without a call."
    )
    return [Defect(reason=Reason.RULE_END, evidence=evidence, message=index)]


def _neighbours(messages: Sequence[Message]) -> Iterator[tuple[int, str, Message]]:
    """Walk messages with the role before each: `calling` for an assistant that waits for a result.

    A system message in the middle is reported by its own rule and looked through here.
    """
    previous = "system"
    for index, message in enumerate(messages):
        if message.role != "system":
            yield index, previous, message
            previous = "calling" if message.role == "assistant" and message.tool_calls else message.role


def _whose(previous: str) -> str:
    return "the system message" if previous == "system" else f"another message of the {previous}"


def _names(message: Message) -> str:
    return ", ".join(quote(call.name) for call in message.tool_calls[:5])
