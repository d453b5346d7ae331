"""Does a workflow hold together: tools well defined, graph acyclic over them, rules sourced, predicates CEL.

Does not belong here: reading the answer (`answers/workflow_answer.py`), judging trajectories
(`verification/`).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import ToolCall
from gem_assets.records.workflow import Constraint, Workflow
from gem_assets.settings import ExtractionSettings
from gem_assets.verification.check import Defect
from gem_assets.verification.constraints.predicates import predicate_problem
from gem_assets.verification.schema.schema import (
    find_bad_arguments,
    find_bad_tool_names,
    find_bad_tool_schemas,
    find_duplicate_tools,
    find_malformed_calls,
    find_unknown_tools,
)
from gem_assets.verification.view import TrajectoryView

Verdict = tuple[Reason, str]

TOOL_RULES = (find_bad_tool_names, find_duplicate_tools, find_bad_tool_schemas)
CALL_RULES = (find_malformed_calls, find_unknown_tools, find_bad_arguments)

_MINUS = re.compile(r"(?<!\w)[-\u2212\u2013](?=\d)")


def check_workflow(workflow: Workflow, settings: ExtractionSettings) -> Verdict | None:
    """Name the first thing that is wrong with a workflow; None when it holds together."""
    if len(workflow.steps) < settings.minimum_steps:
        return Reason.EXTRACT_TOO_FEW_STEPS, f"{len(workflow.steps)} step(s): {' / '.join(workflow.steps)}"
    if not workflow.tools:
        return Reason.EXTRACT_NO_TOOLS, workflow.description
    return next((verdict for check in CHECKS if (verdict := check(workflow)) is not None), None)


def sentence_in_source(sentence: str, source: str) -> bool:
    """Say whether a quoted sentence stands in the source, but for white space, case and typography.

    Words and numbers have to be whole, and a number's minus sign counts.
    """
    wanted = _plain(sentence)
    return bool(wanted.strip()) and wanted in _plain(source)


def _tools(workflow: Workflow) -> Verdict | None:
    return _first_finding(workflow, TOOL_RULES, Reason.EXTRACT_TOOL_INVALID)


def _sample_calls(workflow: Workflow) -> Verdict | None:
    return _first_finding(workflow, CALL_RULES, Reason.EXTRACT_SAMPLE_CALL_INVALID)


def _first_finding(
    workflow: Workflow, rules: Sequence[Callable[[TrajectoryView], list[Defect]]], reason: Reason
) -> Verdict | None:
    """Apply rules of trajectories to the tools and the sample calls, as if one message made them."""
    calls = tuple(
        ToolCall(call_id=f"call_{number}", name=call.name, arguments=call.arguments)
        for number, call in enumerate(workflow.sample_calls, start=1)
    )
    message = Message(role="assistant", content="", tool_calls=calls)
    view = TrajectoryView(workflow.tools, [message])
    defect = next((defect for rule in rules for defect in rule(view)), None)
    return None if defect is None else (reason, defect.evidence)


def _graph(workflow: Workflow) -> Verdict | None:
    named = {tool.name for tool in workflow.tools}
    nodes = set(workflow.entry_tools)
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in workflow.execution_graph:
        nodes |= {edge.source, edge.target}
        sorter.add(edge.target, edge.source)
    if nodes - named:
        unknown = ", ".join(sorted(nodes - named))
        return Reason.EXTRACT_GRAPH_UNKNOWN_TOOL, f"the execution graph names {unknown}, which is no tool"
    try:
        sorter.prepare()
    except CycleError as error:
        return Reason.EXTRACT_GRAPH_CYCLIC, " -> ".join(error.args[1])
    return None


def _constraints(workflow: Workflow) -> Verdict | None:
    source = workflow.procedure.document.text
    for constraint in workflow.constraints:
        if not sentence_in_source(constraint.sentence, source):
            return Reason.EXTRACT_CONSTRAINT_UNSOURCED, f"not in the source: {constraint.sentence}"
        problem = _predicate(workflow, constraint)
        if problem is not None:
            return Reason.EXTRACT_PREDICATE_INVALID, f"{constraint.predicate}: {problem}"
    return None


def _predicate(workflow: Workflow, constraint: Constraint) -> str | None:
    tools = {tool.name: tool for tool in workflow.tools}
    if constraint.tool is not None and constraint.tool not in tools:
        return f"its tool {constraint.tool} is none of the workflow's"
    if constraint.predicate is None:
        return None
    tool = tools.get(constraint.tool) if constraint.tool else None
    return predicate_problem(constraint.predicate, tool)


def _plain(text: str) -> str:
    text = _MINUS.sub(" minus ", unicodedata.normalize("NFKC", text).casefold())
    words = "".join(char if char.isalnum() else " " for char in text).split()
    return f" {' '.join(words)} "


CHECKS: tuple[Callable[[Workflow], Verdict | None], ...] = (_tools, _graph, _sample_calls, _constraints)
