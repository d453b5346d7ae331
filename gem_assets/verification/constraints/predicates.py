"""Constraints said as CEL: compile them, check what they read, evaluate them.

A predicate comes from a model, so it is bounded and never allowed to raise.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol, cast

import cel  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.records.tool import Tool

MAXIMUM_LENGTH = 500
# What the library has of CEL's standard functions, and the types it can compare with.
FUNCTIONS = frozenset((
    "size", "contains", "startsWith", "endsWith", "matches", "type",
    "int", "uint", "double", "string", "bool", "timestamp", "duration",
    "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getHours",
))  # fmt: skip
TYPES = frozenset(("int", "uint", "double", "string", "bool", "list", "map"))


class CompiledPredicate(Protocol):
    """What the CEL library compiles an expression to."""

    def variables(self) -> list[str]:
        """Name the variables it reads, those that a macro binds among them."""
        ...

    def functions(self) -> list[str]:
        """Name the functions it calls; operators are called `_+_` and the like."""
        ...

    def execute(self, context: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any CEL value
        """Evaluate over `args` and `state`."""
        ...


def predicate_problem(predicate: str, tool: Tool | None) -> str | None:
    """Say what keeps a predicate from being evaluated; None where nothing does.

    It may read `args.NAME` for parameters the tool declares, and `state.NAME` freely.
    """
    if len(predicate) > MAXIMUM_LENGTH:
        return f"longer than {MAXIMUM_LENGTH} characters"
    compiled = _compile(predicate)
    if isinstance(compiled, str):
        return compiled
    strange = set(compiled.variables()) - {"args", "state"} - TYPES - _bound_variables(predicate)
    if strange:
        return f"reads {', '.join(sorted(strange))}; only args and state are there"
    unknown = {name for name in compiled.functions() if name[0].isalpha()} - FUNCTIONS
    if unknown:
        return f"calls {', '.join(sorted(unknown))}, which CEL does not have"
    declared = set((tool.parameters.get("properties") or {}) if tool else ())
    read = set(re.findall(r"\bargs\s*\.\s*([A-Za-z_]\w*)", _without_strings(predicate)))
    read |= {name for _, name in re.findall(r"\bargs\s*\[\s*([\"'])(.*?)\1\s*\]", predicate)}
    if tool is not None and read - declared:
        return f"reads args.{sorted(read - declared)[0]}, which {tool.name} has no parameter for"
    return None


def evaluate(predicate: str, arguments: Mapping[str, Any], state: Mapping[str, Any]) -> bool | None:
    """Evaluate a predicate over a call; None where it cannot be said (a value is absent, types differ)."""
    compiled = _compile(predicate)
    if isinstance(compiled, str):
        return None
    try:
        result = compiled.execute({"args": dict(arguments), "state": dict(state)})
    except (ValueError, LookupError, TypeError, RuntimeError, ArithmeticError):
        return None
    return result if isinstance(result, bool) else None


@lru_cache(maxsize=4096)
def _compile(predicate: str) -> CompiledPredicate | str:
    try:
        return cast(CompiledPredicate, cel.compile(predicate))
    except ValueError as error:
        return " ".join(str(error).split())[:200]


def _without_strings(predicate: str) -> str:
    return re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", '""', predicate)


def _bound_variables(predicate: str) -> set[str]:
    """Name the variables that a macro binds: `args.items.all(item, item.count > 0)`."""
    macro = r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,"
    return set(re.findall(macro, predicate))
