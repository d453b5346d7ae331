"""Trajectories made by anyone, read from a file: OpenAI messages, ShareGPT, TRL, Hermes, and our own.

The format is recognised record by record. Does not belong here: turning messages of one format into ours
(`foreign_messages`), verifying (`verify_file`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Edge
from gem_assets.verification.foreign.foreign_messages import hermes_tools, read_conversations, read_messages


class ForeignError(ValueError):
    """A file cannot be read as trajectories; the message names the file, the place and what is expected."""


@dataclass(frozen=True)
class ForeignTrajectory:
    """One trajectory of a file, in our records. `place` is the line, or the number of the record."""

    place: str
    format: str
    tools: tuple[Tool, ...]
    messages: tuple[Message, ...]
    constraints: tuple[Constraint, ...] = ()
    edges: tuple[Edge, ...] = ()
    source: str = ""


def read_file(path: Path) -> Iterator[ForeignTrajectory]:
    """Read the trajectories of a JSON or JSONL file.

    Raises:
        ForeignError: the file is missing or holds something else.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ForeignError(f"{path} cannot be read ({error}): give a JSON or JSONL file in UTF-8") from error
    for place, record in _records(path, text):
        if not isinstance(record, dict):
            raise ForeignError(
                f"{path}, {place}: a trajectory is a JSON object with messages or conversations"
            )
        try:
            yield read_record(place, cast(dict[str, Any], record))
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError) as error:
            problem = str(error).splitlines()[0]
            raise ForeignError(
                f"{path}, {place}: no trajectory in a format known here (OpenAI messages, ShareGPT, TRL, "
                f"Hermes): "
                f"{problem}"
            ) from error


def _records(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _lines(path, text)
        return
    if not isinstance(whole, list) and "\n" not in text.strip():
        yield "line 1", whole
        return
    rows = cast(list[Any], whole) if isinstance(whole, list) else [whole]
    for number, row in enumerate(rows, start=1):
        yield f"record {number}", row


def _lines(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except ValueError as error:
                raise ForeignError(
                    f"{path}, line {number}: not JSON ({error}); one record per line"
                ) from error


def read_record(place: str, record: dict[str, Any]) -> ForeignTrajectory:
    """Read one record of any format.

    Raises:
        ValueError: it has neither messages nor conversations, or they cannot be read.
    """
    turns, style = _turns(record)
    if style == "sharegpt":
        messages = read_conversations(turns, _text(record.get("system")))
    else:
        messages = read_messages(turns, _text(record.get("system")))
    tools = _tools(_parsed(record.get("tools") or record.get("functions") or record.get("available_tools")))
    if not tools:
        tools = _tools(hermes_tools(messages))
    workflow = _mapping(record.get("workflow")) or record
    return ForeignTrajectory(
        place,
        style,
        tools,
        messages,
        constraints=tuple(
            Constraint.model_validate(row) for row in _parsed(workflow.get("constraints")) or ()
        ),
        edges=tuple(Edge.model_validate(row) for row in _parsed(workflow.get("execution_graph")) or ()),
        source=_source(record, workflow),
    )


def _turns(record: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    for key in ("messages", "conversations", "conversation"):
        turns = _parsed(record.get(key))
        if isinstance(turns, list) and turns:
            rows = cast(list[dict[str, Any]], turns)
            return rows, "sharegpt" if "from" in rows[0] else "messages"
    prompt, answer = _parsed(record.get("prompt")), _parsed(record.get("completion") or record.get("chosen"))
    if isinstance(prompt, list) and isinstance(answer, list):
        return cast(list[dict[str, Any]], [*prompt, *answer]), "messages"
    raise ValueError("it has neither messages, conversations, nor prompt and completion")


def _tools(rows: Any) -> tuple[Tool, ...]:  # noqa: ANN401 - any JSON value
    tools: list[Tool] = []
    for row in cast(list[Any], rows) if isinstance(rows, list) else []:
        tool = _mapping(row)
        tool = _mapping(tool.get("function")) or tool
        if not _text(tool.get("name")):
            raise ValueError("a tool has no name")
        parameters = tool.get("parameters") or tool.get("inputSchema") or tool.get("input_schema")
        tools.append(
            Tool(
                name=_text(tool.get("name")),
                description=_text(tool.get("description")),
                parameters=_mapping(parameters) or {"type": "object", "properties": {}},
            )
        )
    return tuple(tools)


def _source(record: dict[str, Any], workflow: dict[str, Any]) -> str:
    document = _mapping(_mapping(workflow.get("procedure")).get("document"))
    return _text(document.get("text") or record.get("source_text"))


def _parsed(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return json.loads(value) if value.strip().startswith(("[", "{")) else None
    return value


def _mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else ""
