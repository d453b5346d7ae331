"""What stage 2 reads out of a procedural document: steps, tools, their order, and the rules of the source."""

from typing import Any

from gem_assets.records.base import Record
from gem_assets.records.document import ProceduralDocument
from gem_assets.records.tool import Tool


class Edge(Record):
    """One arrow of the execution graph: `target` is called after `source`. Both name tools."""

    source: str
    target: str


class SampleCall(Record):
    """A plausible call of one of the workflow's tools."""

    name: str
    arguments: dict[str, Any]


class Constraint(Record):
    """A rule the source text states, and where it states it.

    `predicate` is a CEL expression over `args` (the arguments of a call of `tool`) and `state` (the fields
    of the record that the call acts on); it holds when the rule is kept. It is None where the rule cannot
    be said over arguments or state.
    """

    rule: str
    sentence: str
    """The sentence of the source it comes from, word for word."""
    tool: str | None = None
    predicate: str | None = None


class Workflow(Record):
    """One procedure of a document with the tools that carry it out (arXiv 2601.10355, appendix A.2)."""

    workflow_id: str
    procedure: ProceduralDocument
    description: str
    steps: tuple[str, ...]
    entry_tools: tuple[str, ...]
    """Tools of the execution graph that nothing precedes."""
    execution_graph: tuple[Edge, ...]
    sample_calls: tuple[SampleCall, ...]
    tools: tuple[Tool, ...]
    constraints: tuple[Constraint, ...]

    @property
    def document_id(self) -> str:
        """The id of the text it comes from."""
        return self.procedure.document_id
