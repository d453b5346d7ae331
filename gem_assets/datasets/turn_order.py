"""Whether trainers can load a dialogue at all: turns that alternate, calls that are answered.

Does not belong here: the rules of a good trajectory (`verification`); recipes may leave those out.
"""

from collections.abc import Sequence

from gem_assets.records.message import Message


def find_turn_fault(messages: Sequence[Message]) -> str | None:
    """Say where a dialogue breaks the order that every trainer demands; None where it does not.

    One optional system message first; then user or results, and assistant, in turn; each call answered in
    order right after it; an answer of the assistant without a call at the end.
    """
    turns = list(enumerate(messages))
    if turns and turns[0][1].role == "system":
        turns = turns[1:]
    if not turns:
        return "it has no message but the system's"
    waiting: list[str] = []
    previous = "assistant"
    for number, message in turns:
        fault = _fault(message, previous, waiting)
        if fault is not None:
            return f"message {number} ({message.role}): {fault}"
        if message.role == "tool":
            waiting.pop(0)
        waiting += [call.call_id for call in message.tool_calls]
        previous = message.role
    return None if previous == "assistant" and not waiting else "it ends before the assistant has answered"


def _fault(message: Message, previous: str, waiting: Sequence[str]) -> str | None:
    if message.role == "system":
        return "a second system message"
    if message.role == "tool":
        return None if waiting and waiting[0] == message.call_id else "a result of no call, or out of order"
    if waiting:
        return "the call before it has no result"
    if message.role == "user":
        return None if previous == "assistant" else f"it follows a message of the {previous}"
    if any(call.malformed is not None for call in message.tool_calls):
        return "its call cannot be read"
    return None if previous != "assistant" else "it follows another message of the assistant"
