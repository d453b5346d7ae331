"""What is learnt from: one assistant turn of a dialogue, with everything before it as the policy's prompt.

Does not belong here: where items come from (`from_examples`, `toolace`), how hard they are.
"""

from functools import cached_property
from typing import Literal

from gem_assets.itool.turns.faults import Situation
from gem_assets.itool.turns.reading import Turn, read_turn
from gem_assets.itool.turns.scanner import Syntax
from gem_assets.records.base import Record
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool

Split = Literal["train", "validation", "test"]

END = "<|im_end|>"
"""Qwen's end of turn."""


class Item(Record):
    """One assistant turn. `prompt` is rendered text up to where the turn begins; `gold` is without END."""

    item_id: str
    source: str
    """The training row, or the file with the place in it."""
    document_id: str | None = None
    trajectory_id: str | None = None
    turn: int
    """The index of the message, 0 being the system's."""
    split: Split = "train"
    syntax: Syntax
    prompt: str
    gold: str | None
    tools: tuple[Tool, ...] = ()
    messages: tuple[Message, ...] = ()
    """What stands before the turn."""

    @cached_property
    def gold_turn(self) -> Turn | None:
        """Gold as it reads; None where there is none."""
        return None if self.gold is None else read_turn(self.gold, self.syntax)

    @property
    def with_tool(self) -> bool:
        """Whether gold calls a tool."""
        return bool(self.gold_turn and self.gold_turn.calls)

    @property
    def situation(self) -> Situation:
        """What code can judge a turn by."""
        return Situation(self.tools, self.messages)
