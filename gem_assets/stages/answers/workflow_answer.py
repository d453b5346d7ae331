"""What `extract_workflows` answers: one block per workflow."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gem_assets.llm.asking import AnswerError
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Edge, SampleCall
from gem_assets.stages.answers.execution_graph import parse_execution_graph
from gem_assets.stages.answers.tagged_json import as_call, read_objects, read_tools, required_text
from gem_assets.stages.answers.tags import (
    Element,
    find_elements,
    missing_tag,
    only,
    read_answer,
    strip_fence,
    text_of,
)

_TAGS = ("description", "steps", "execution_graph", "actions", "tools", "constraints")
_STEP = re.compile(
    r"(?:[-*•]\s{0,3})?\*{0,2}step\s{0,3}\d{1,3}[a-z]?\s?\*{0,2}\s?[.:)\]-]\*{0,2}", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:[-*•]\s{0,3})?\*{0,2}\d{1,3}\s?[.:)]\*{0,2}(?=\s)")
_BULLET = re.compile(r"[-*•](?=\s)")
# Steps after the first on one line, and a line break that was written as backslash and n.
_INLINE_STEP = re.compile(r"(?:\\n|(?<=[.;])\s)\s{0,3}(?=\*{0,2}step\s?\d{1,3}\s?[.:)])", re.IGNORECASE)
_NOTHING = frozenset(("", "null", "none", "n/a"))


@dataclass(frozen=True)
class WorkflowAnswer:
    """One workflow as the model wrote it; `entry_tools` and `edges` come from its execution graph."""

    description: str
    steps: tuple[str, ...]
    entry_tools: tuple[str, ...]
    edges: tuple[Edge, ...]
    sample_calls: tuple[SampleCall, ...]
    tools: tuple[Tool, ...]
    constraints: tuple[Constraint, ...]


def parse_workflow_answer(text: str) -> tuple[WorkflowAnswer, ...]:
    """Read every workflow block, in order; none when the model says so with `<no_workflow>`.

    Raises:
        AnswerError: names the tag, and with several workflows the block, that cannot be read.
    """
    answer = read_answer(text)
    blocks = find_elements(answer, ("workflow", "no_workflow"))
    workflows = [block for block in blocks if block.name == "workflow"]
    if not workflows and blocks:
        return ()
    if not workflows:
        raise missing_tag("workflow", answer)
    return tuple(
        _workflow(block, f"workflow {number} of {len(workflows)}")
        for number, block in enumerate(workflows, 1)
    )


def _workflow(block: Element, where: str) -> WorkflowAnswer:
    elements = find_elements(block.inner, _TAGS, where)
    parts = {name: only(elements, name, block.inner, where).inner for name in _TAGS}
    description = text_of(parts["description"])
    if not description:
        raise AnswerError(f"<description> of {where} is empty.")
    graph = parse_execution_graph(text_of(strip_fence(parts["execution_graph"])))
    return WorkflowAnswer(
        description=description,
        steps=_steps(parts["steps"], where),
        entry_tools=graph.entry_tools,
        edges=graph.edges,
        sample_calls=_sample_calls(parts["actions"], f"<actions> of {where}"),
        tools=read_tools(parts["tools"], f"<tools> of {where}"),
        constraints=_constraints(parts["constraints"], f"<constraints> of {where}"),
    )


def _steps(raw: str, where: str) -> tuple[str, ...]:
    text = _INLINE_STEP.sub("\n", text_of(strip_fence(raw)))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise AnswerError(f"<steps> of {where} is empty; write one line per step, Step1: … Step2: …")
    mark = _marker(lines)
    steps: list[str] = []
    for line in lines:
        begins = mark.match(line) if mark else None
        if mark and not begins and steps:
            steps[-1] = f"{steps[-1]} {line}".strip()
        else:
            steps.append(line[begins.end() :].strip() if begins else line)
    return tuple(step for step in steps if step)


def _marker(lines: Sequence[str]) -> re.Pattern[str] | None:
    """Find how steps are marked; lines that are not marked so continue the step before them."""
    return next((mark for mark in (_STEP, _NUMBER, _BULLET) if any(map(mark.match, lines))), None)


def _sample_calls(raw: str, where: str) -> tuple[SampleCall, ...]:
    calls = [
        as_call(entry, f"Call {position} of {where}")
        for position, entry in enumerate(read_objects(raw, where), 1)
    ]
    return tuple(SampleCall(name=call.name, arguments=call.arguments) for call in calls)


def _constraints(raw: str, where: str) -> tuple[Constraint, ...]:
    return tuple(
        _constraint(entry, f"Constraint {position} of {where}")
        for position, entry in enumerate(read_objects(raw, where), 1)
    )


def _constraint(entry: dict[str, Any], where: str) -> Constraint:
    return Constraint(
        rule=required_text(entry, "rule", where),
        sentence=required_text(entry, "sentence", where),
        tool=_optional_text(entry, "tool", where),
        predicate=_optional_text(entry, "predicate", where),
    )


def _optional_text(entry: dict[str, Any], key: str, where: str) -> str | None:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise AnswerError(f'"{key}" of {where} has to be a text or null.')
    return None if value is None or value.strip().lower() in _NOTHING else value.strip()
