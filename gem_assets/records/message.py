"""One turn of a trajectory."""

from typing import Literal

from gem_assets.records.base import Record
from gem_assets.records.tool import ToolCall

Role = Literal["system", "user", "assistant", "tool"]


class Message(Record):
    """A turn: what was said, the calls made in it, or the result of a call.

    A tool message answers the call named by `call_id`; its content is the result as text, usually JSON.
    """

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None
