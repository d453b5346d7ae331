"""Clean dialogues written by hand, and small builders to bend them with.

A file holds a source, tools and turns under headings; `@call` starts the call of an assistant turn. Ids of
calls are `call_0`, `call_1`, …; a result answers the call before it.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gem_assets.records.judgement import Finding
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.settings import RuleSettings
from gem_assets.verification.registry import CONTENT_CHECKS, RULES, Verification, run_checks
from gem_assets.verification.view import TrajectoryView

FILES = Path(__file__).parent / "dialogues"
NAMES = ("kiln", "parcel", "website")


@dataclass(frozen=True)
class Script:
    """A dialogue as the rules take it."""

    source: str
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]

    def check(self, **settings: Any) -> tuple[Finding, ...]:
        view = TrajectoryView(
            self.tools, self.messages, source=self.source, settings=RuleSettings(**settings)
        )
        return run_checks(view, RULES).findings

    def reasons(self, **settings: Any) -> list[str]:
        return [finding.reason for finding in self.check(**settings)]

    def with_message(self, index: int, **changes: Any) -> "Script":
        changed = self.messages[index].model_copy(update=changes)
        return replace(self, messages=(*self.messages[:index], changed, *self.messages[index + 1 :]))

    def with_arguments(self, call: int, **arguments: Any) -> "Script":
        """Set arguments of the `call`-th call; the value `...` takes one away."""
        index = self.index_of_call(call)
        old = self.messages[index].tool_calls[0]
        new = {key: value for key, value in {**old.arguments, **arguments}.items() if value is not ...}
        return self.with_message(index, tool_calls=(old.model_copy(update={"arguments": new}),))

    def with_result(self, call: int, content: str) -> "Script":
        return self.with_message(self.index_of_call(call) + 1, content=content)

    def with_schema(self, name: str, parameters: dict[str, Any]) -> "Script":
        tools = (
            tool.model_copy(update={"parameters": parameters}) if tool.name == name else tool
            for tool in self.tools
        )
        return replace(self, tools=tuple(tools))

    def index_of_call(self, call: int) -> int:
        return [index for index, message in enumerate(self.messages) if message.tool_calls][call]


def verify(tools: Sequence[Tool], messages: Sequence[Message], **known: Any) -> Verification:
    """Check what is said and done, rules of form left out."""
    return run_checks(TrajectoryView(tools, messages, **known), CONTENT_CHECKS)


def load(name: str) -> Script:
    parts = re.split(r"^# (\w+)\n", (FILES / f"{name}.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    blocks = [(role, text.strip()) for role, text in zip(parts[::2], parts[1::2], strict=True)]
    (_, source), (_, tools), *turns = blocks
    messages: list[Message] = []
    for role, text in turns:
        calls = sum(len(message.tool_calls) for message in messages)
        messages.append(read_turn(role, text, calls))
    return Script(source, tuple(Tool(**tool) for tool in json.loads(tools)), tuple(messages))


def read_turn(role: str, text: str, calls: int) -> Message:
    said, _, call = text.partition("@call ")
    if not call:
        call_id = f"call_{calls - 1}" if role == "tool" else None
        return Message.model_validate({"role": role, "content": text, "call_id": call_id})
    return Message(
        role="assistant",
        content=said.strip(),
        tool_calls=(ToolCall(call_id=f"call_{calls}", **json.loads(call)),),
    )


def tool(name: str, parameters: Any = None) -> Tool:
    return Tool(name=name, description="Does something.", parameters=parameters or {"type": "object"})


def user(text: str) -> Message:
    return Message(role="user", content=text)


def system(text: str = "Be helpful.") -> Message:
    return Message(role="system", content=text)


def assistant(text: str, *calls: ToolCall) -> Message:
    return Message(role="assistant", content=text, tool_calls=calls)


def call(name: str, call_id: str = "c", **arguments: Any) -> ToolCall:
    return ToolCall(call_id=call_id, name=name, arguments=arguments)


def result(content: Any, call_id: str = "c") -> Message:
    return Message(
        role="tool", content=content if isinstance(content, str) else json.dumps(content), call_id=call_id
    )
