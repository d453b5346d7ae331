"""The numbers that describe a trajectory's shape.

Does not belong here: which numbers are enough (`settings.py`).
"""

from collections.abc import Sequence

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import TrajectoryShape
from gem_assets.verification.conversation.patterns import find_patterns
from gem_assets.verification.view import TrajectoryView


def measure(tools: Sequence[Tool], messages: Sequence[Message]) -> TrajectoryShape:
    """Count as the paper counts: messages without the system's, distinct tools by name called."""
    calls = [call for message in messages for call in message.tool_calls]
    return TrajectoryShape(
        message_count=sum(message.role != "system" for message in messages),
        tool_count=len({call.name for call in calls if call.malformed is None}),
        offered_tool_count=len({tool.name for tool in tools}),
        call_count=len(calls),
        patterns=find_patterns(TrajectoryView(tools, messages)),
    )
