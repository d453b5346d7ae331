"""Rules on tools and calls: tools are well defined, calls name one of them, and arguments fit its schema.

Does not belong here: how a schema is read (`argument_schema`), whether a value is grounded in the dialogue.
"""

import re
from collections import Counter

from gem_assets.records.judgement import Finding
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.verification.dialogue import Dialogue, Use
from gem_assets.verification.schema.argument_check import LISTED, ArgumentCheck, Breach, find_breaches
from gem_assets.verification.schema.argument_schema import compile_parameters
from gem_assets.verification.values import flaw, quote

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


def find_bad_tool_names(dialogue: Dialogue) -> list[Finding]:
    """Find tools whose name the chat interfaces refuse."""
    return [
        Finding(
            reason=Reason.RULE_TOOL_NAME,
            evidence=f"Tool {place} is named {quote(tool.name)}; names are 1 to 64 of A-Z, a-z, 0-9, _, -.",
        )
        for place, tool in enumerate(dialogue.tools)
        if not TOOL_NAME.fullmatch(tool.name)
    ]


def find_duplicate_tools(dialogue: Dialogue) -> list[Finding]:
    """Find names that several tools bear."""
    return [
        Finding(reason=Reason.RULE_TOOL_DUPLICATE, evidence=f"{times} tools are named {quote(name)}.")
        for name, times in Counter(tool.name for tool in dialogue.tools).items()
        if times > 1
    ]


def find_bad_tool_schemas(dialogue: Dialogue) -> list[Finding]:
    """Find tools whose parameters are no usable JSON Schema (Draft 2020-12) of type object."""
    findings: list[Finding] = []
    for tool in dialogue.tools:
        problem = compile_parameters(tool.parameters)
        if isinstance(problem, str):
            evidence = f"The parameters of tool {quote(tool.name)} cannot be used: {problem}."
            findings.append(Finding(reason=Reason.RULE_TOOL_SCHEMA, evidence=evidence))
    return findings


def find_malformed_calls(dialogue: Dialogue) -> list[Finding]:
    """Find calls that could not be read, hold what JSON cannot, or are not made by the assistant."""
    findings: list[Finding] = []
    for use in dialogue.uses:
        problem = _malformation(dialogue, use)
        if problem:
            evidence = f"Message {use.index} holds a malformed call: {problem}."
            findings.append(Finding(reason=Reason.RULE_CALL_MALFORMED, evidence=evidence, message=use.index))
    return findings


def find_unknown_tools(dialogue: Dialogue) -> list[Finding]:
    """Find calls of tools that are not on offer."""
    names = {tool.name for tool in dialogue.tools}
    return [
        Finding(
            reason=Reason.RULE_CALL_UNKNOWN_TOOL,
            evidence=f"Message {use.index} calls {quote(use.call.name)}, which is no tool on offer: "
            f"{quote(sorted(names))}.",
            message=use.index,
        )
        for use in dialogue.uses
        if use.call.name not in names and use.call.malformed is None
    ]


def find_bad_arguments(dialogue: Dialogue) -> list[Finding]:
    """Find arguments that break the schema of their tool, in the order of `ARGUMENT_REASONS`.

    A broken call that gets an error for result is meant to be one: the dialogue shows how the assistant
    recovers. Tools whose schema is unusable are not judged here.
    """
    tools: dict[str, Tool] = {}
    for tool in dialogue.tools:
        tools.setdefault(tool.name, tool)
    checks = {use.call.name for use in dialogue.uses if use.call.name in tools}
    compiled = {name: compile_parameters(tools[name].parameters) for name in checks}
    findings: list[Finding] = []
    for use in dialogue.uses:
        if use.call.name in compiled and not use.failed and _malformation(dialogue, use) is None:
            findings.extend(_judge_arguments(use, compiled[use.call.name]))
    return sorted(findings, key=lambda finding: ARGUMENT_REASONS.index(Reason(finding.reason)))


def _malformation(dialogue: Dialogue, use: Use) -> str | None:
    role = dialogue.messages[use.index].role
    if role != "assistant":
        return f"it stands in a message of the {role}"
    if use.call.malformed is not None:
        return quote(use.call.malformed)
    problem = flaw(use.call.arguments)
    return f"of the arguments of {quote(use.call.name)}, {problem}" if problem else None


def _judge_arguments(use: Use, check: ArgumentCheck | str) -> list[Finding]:
    if isinstance(check, str):
        return []
    return [
        Finding(
            reason=_REASON_OF_KEYWORD.get(breach.keyword, Reason.RULE_CALL_ARGUMENT_BOUNDS),
            evidence=f"Message {use.index} calls {quote(use.call.name)}: {_describe(breach)}.",
            message=use.index,
        )
        for breach in find_breaches(check, use.call.arguments)
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
