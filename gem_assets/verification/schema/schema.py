"""Rules on tools and calls: tools are well defined, calls name one of them, and arguments fit its schema.

Does not belong here: how a schema is read (`argument_schema`), whether a value is grounded in the dialogue.
"""

import re
from collections import Counter

from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.verification.check import Defect
from gem_assets.verification.schema.argument_check import LISTED, ArgumentCheck, Breach, find_breaches
from gem_assets.verification.schema.argument_schema import compile_parameters
from gem_assets.verification.values import flaw, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView

TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

# The order is that of the reasons in the answer: names before values.
ARGUMENT_REASONS = (
    Reason.RULE_CALL_MISSING_ARGUMENT,
    Reason.RULE_CALL_UNKNOWN_ARGUMENT,
    Reason.RULE_CALL_ARGUMENT_TYPE,
    Reason.RULE_CALL_ARGUMENT_ENUM,
    Reason.RULE_CALL_ARGUMENT_BOUNDS,
)
# Every other keyword bounds a value: minimum, maxLength, pattern, uniqueItems, not …
_REASON_OF_KEYWORD = {
    "required": Reason.RULE_CALL_MISSING_ARGUMENT,
    "dependentRequired": Reason.RULE_CALL_MISSING_ARGUMENT,
    LISTED: Reason.RULE_CALL_UNKNOWN_ARGUMENT,
    "type": Reason.RULE_CALL_ARGUMENT_TYPE,
    "enum": Reason.RULE_CALL_ARGUMENT_ENUM,
    "const": Reason.RULE_CALL_ARGUMENT_ENUM,
}


def find_bad_tool_names(view: TrajectoryView) -> list[Defect]:
    """Find tools whose name the chat interfaces refuse."""
    return [
        Defect(
            reason=Reason.RULE_TOOL_NAME,
            evidence=f"Tool {place} is named {quote(tool.name)}; names are 1 to 64 of A-Z, a-z, 0-9, _, -.",
        )
        for place, tool in enumerate(view.tools)
        if not TOOL_NAME.fullmatch(tool.name)
    ]


def find_duplicate_tools(view: TrajectoryView) -> list[Defect]:
    """Find names that several tools bear."""
    return [
        Defect(reason=Reason.RULE_TOOL_DUPLICATE, evidence=f"{times} tools are named {quote(name)}.")
        for name, times in Counter(tool.name for tool in view.tools).items()
        if times > 1
    ]


def find_bad_tool_schemas(view: TrajectoryView) -> list[Defect]:
    """Find tools whose parameters are no usable JSON Schema (Draft 2020-12) of type object."""
    findings: list[Defect] = []
    for tool in view.tools:
        problem = compile_parameters(tool.parameters)
        if isinstance(problem, str):
            evidence = f"The parameters of tool {quote(tool.name)} cannot be used: {problem}."
            findings.append(Defect(reason=Reason.RULE_TOOL_SCHEMA, evidence=evidence))
    return findings


def find_malformed_calls(view: TrajectoryView) -> list[Defect]:
    """Find calls that could not be read, hold what JSON cannot, or are not made by the assistant."""
    findings: list[Defect] = []
    for interaction in view.interactions:
        problem = _malformation(view, interaction)
        if problem:
            evidence = f"Message {interaction.index} holds a malformed call: {problem}."
            findings.append(
                Defect(reason=Reason.RULE_CALL_MALFORMED, evidence=evidence, message=interaction.index)
            )
    return findings


def find_unknown_tools(view: TrajectoryView) -> list[Defect]:
    """Find calls of tools that are not on offer."""
    names = {tool.name for tool in view.tools}
    return [
        Defect(
            reason=Reason.RULE_CALL_UNKNOWN_TOOL,
            evidence=f"Message {interaction.index} calls {quote(interaction.call.name)}, "
            f"which is no tool on offer: {quote(sorted(names))}.",
            message=interaction.index,
        )
        for interaction in view.interactions
        if interaction.call.name not in names and interaction.call.malformed is None
    ]


def find_bad_arguments(view: TrajectoryView) -> list[Defect]:
    """Find arguments that break the schema of their tool, in the order of `ARGUMENT_REASONS`.

    A broken call that gets an error for result is meant to be one: the dialogue shows how the assistant
    recovers. Tools whose schema is unusable are not judged here.
    """
    tools: dict[str, Tool] = {}
    for tool in view.tools:
        tools.setdefault(tool.name, tool)
    checks = {interaction.call.name for interaction in view.interactions if interaction.call.name in tools}
    compiled = {name: compile_parameters(tools[name].parameters) for name in checks}
    findings: list[Defect] = []
    for interaction in view.interactions:
        if (
            interaction.call.name in compiled
            and not interaction.failed
            and _malformation(view, interaction) is None
        ):
            findings.extend(_judge_arguments(interaction, compiled[interaction.call.name]))
    return sorted(findings, key=lambda finding: ARGUMENT_REASONS.index(finding.reason))


def _malformation(view: TrajectoryView, interaction: ToolInteraction) -> str | None:
    role = view.messages[interaction.index].role
    if role != "assistant":
        return f"it stands in a message of the {role}"
    if interaction.call.malformed is not None:
        return quote(interaction.call.malformed)
    problem = flaw(interaction.call.arguments)
    return f"of the arguments of {quote(interaction.call.name)}, {problem}" if problem else None


def _judge_arguments(interaction: ToolInteraction, check: ArgumentCheck | str) -> list[Defect]:
    if isinstance(check, str):
        return []
    return [
        Defect(
            reason=_REASON_OF_KEYWORD.get(breach.keyword, Reason.RULE_CALL_ARGUMENT_BOUNDS),
            evidence=f"Message {interaction.index} calls {quote(interaction.call.name)}: "
            f"{_describe(breach)}.",
            message=interaction.index,
        )
        for breach in find_breaches(check, interaction.call.arguments)
    ]


def _describe(breach: Breach) -> str:
    if breach.keyword == "required":
        return f"argument {_quote_path(breach.path)} is missing"
    value = f"argument {_quote_path(breach.path)} is {quote(breach.value)}"
    if breach.keyword == LISTED:
        return f"{value}, and the schema lists no such argument"
    return f"{value}, where the schema has {breach.keyword} {quote(breach.demand)}"


def _quote_path(path: str) -> str:
    return quote(path)[1:-1]  # the names in it may be anything
