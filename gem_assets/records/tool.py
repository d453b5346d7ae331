"""Tools, calls of tools, and the two shapes in which the field writes a tool down."""

from typing import Any

from gem_assets.records.base import Record


class Tool(Record):
    """One capability an assistant can call. `parameters` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]

    def to_openai(self) -> dict[str, Any]:
        """Write the tool as the OpenAI chat interface expects it."""
        return {"type": "function", "function": self.model_dump()}

    def to_answer_format(self) -> dict[str, Any]:
        """Write the tool as models answer it here: the paper's `inputSchema` key (appendix A.2)."""
        return {"name": self.name, "description": self.description, "inputSchema": self.parameters}


class ToolCall(Record):
    """One use of a tool by the assistant."""

    call_id: str
    name: str
    arguments: dict[str, Any]
    malformed: str | None = None
    """The call's raw text where it could not be read as a name with an object of arguments."""
