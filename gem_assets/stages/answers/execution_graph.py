"""The execution graph as text: `(login)->(search, list_orders)->(cancel_order)`.

Does not belong here: whether the tools exist and the graph is acyclic (the extraction stage judges that).
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from gem_assets.llm.asking import AnswerError
from gem_assets.records.workflow import Edge
from gem_assets.stages.answers.tags import shorten

MAX_GRAPH_NAMES = 200
"""Names a graph may mention; a real one has a dozen, and the arrows between two groups are their product."""

_ARROW = re.compile(r"[-=–—]{1,3}>|[→⟶➔➜⇒⟹]")
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,127}", re.ASCII)
_BREAK_IN_GROUP = re.compile(r"(?<=[,(])[ \t\r]{0,8}\n")
_SIGNS_AROUND = " \t\r`.;"


@dataclass(frozen=True)
class ExecutionGraph:
    """Arrows between tools, and the tools that no arrow leads to."""

    edges: tuple[Edge, ...]
    entry_tools: tuple[str, ...]


def parse_execution_graph(text: str) -> ExecutionGraph:
    """Read a chain of groups, or several chains on lines of their own; a group precedes the next.

    Raises:
        AnswerError: the text is no chain of groups in parentheses joined by arrows.
    """
    if not text.strip():
        raise AnswerError(
            "<execution_graph> is empty; write it like (first_tool)->(second_tool, third_tool)."
        )
    chains = [[_group(part) for part in chain] for chain in _chains(text)]
    names = [name for chain in chains for group in chain for name in group]
    if len(names) > MAX_GRAPH_NAMES:
        raise AnswerError(f"<execution_graph> names {len(names)} tools; {MAX_GRAPH_NAMES} are the most.")
    arrows = dict.fromkeys(
        (source, target)
        for chain in chains
        for group, following in pairwise(chain)
        for source in group
        for target in following
    )
    targets = {target for _, target in arrows}
    return ExecutionGraph(
        edges=tuple(Edge(source=source, target=target) for source, target in arrows),
        entry_tools=tuple(name for name in dict.fromkeys(names) if name not in targets),
    )


def _chains(text: str) -> list[list[str]]:
    """Split at arrows; a line break between two groups ends one chain and begins another."""
    joined = _BREAK_IN_GROUP.sub(" ", text)
    chains: list[list[str]] = [[]]
    for part in _ARROW.split(joined):
        lines = [line.strip(_SIGNS_AROUND) for line in part.splitlines()]
        first, *others = [line for line in lines if line] or [""]
        chains[-1].append(first)
        chains.extend([other] for other in others)
    return chains


def _group(part: str) -> list[str]:
    in_parentheses = part.startswith("(") and part.endswith(")")
    names = [name.strip(" \t`'\"") for name in (part[1:-1] if in_parentheses else part).split(",")]
    if any(not _NAME.fullmatch(name) for name in names) or (len(names) > 1 and not in_parentheses):
        raise AnswerError(
            f"<execution_graph> cannot be read at {shorten(part)}; write groups of tool names in "
            "parentheses joined by ->, like (first_tool)->(second_tool, third_tool)."
        )
    return names
