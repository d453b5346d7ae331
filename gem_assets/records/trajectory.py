"""A dialogue with tool calls, and the numbers that describe its shape."""

from gem_assets.records.base import Record
from gem_assets.records.judgement import ArgumentSource, Finding, Judgement, VerificationMetrics
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.records.workflow import Workflow


class TrajectoryShape(Record):
    """Counts as the paper counts them: its `turns` are all messages but the system's.

    `tool_count` counts distinct tools that are called, `offered_tool_count` those that could be;
    `patterns` are the interaction patterns found (section 3 of the generation prompt).
    """

    message_count: int
    tool_count: int
    offered_tool_count: int
    call_count: int
    patterns: tuple[str, ...]


class Trajectory(Record):
    """System message, user requests, assistant replies and calls, tool results; with the tools on offer.

    The same record serves as draft, refined and validated trajectory. `draft_shape` is set by refinement,
    `findings`, `argument_sources`, `verification` and `judgement` by validation.
    """

    trajectory_id: str
    workflow: Workflow
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]
    shape: TrajectoryShape
    draft_shape: TrajectoryShape | None = None
    refinement_fallback: str | None = None
    """Why this is the draft after all, where the settings let a valid draft stand in for its refinement."""
    findings: tuple[Finding, ...] = ()
    argument_sources: tuple[ArgumentSource, ...] = ()
    verification: VerificationMetrics | None = None
    judgement: Judgement | None = None

    @property
    def document_id(self) -> str:
        """The id of the text it comes from."""
        return self.workflow.document_id

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Every call of the dialogue, in order."""
        return tuple(call for message in self.messages for call in message.tool_calls)
