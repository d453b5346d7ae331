"""One trajectory as every check sees it: calls paired with their results, results read once.

Derived parts are computed when first asked for. Does not belong here: any judging (the checks of `registry`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Literal, TypeVar, cast

from pydantic import JsonValue

from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Constraint, Edge
from gem_assets.settings import RuleSettings
from gem_assets.verification.conversation.cues import is_check, is_write
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.results import is_deferred, is_error, is_refusal, read_result
from gem_assets.verification.words import word_set

T = TypeVar("T")
Need = Literal["form", "source", "declaration", "execution", "proofs"]
"""What a check reads besides settings: the dialogue itself; the text of the document; constraints and
execution graph; results that a world computed; the prover's sources of values."""

# Names of one noun, and verbs that end as plurals do.
_SHOWN = word_set("balance inventory availability profile account cart menu agenda calendar weather inbox")
_DOING = word_set("process pass press dismiss access address discuss focus guess cross toss")


@dataclass(frozen=True)
class ToolInteraction:
    """A call, the message it stands in, and the result that answers it, where one does."""

    index: int
    call: ToolCall
    result: Message | None = None
    result_index: int | None = None

    @cached_property
    def value(self) -> JsonValue:
        """The result as JSON, or its text; None where there is none."""
        return read_result(self.result.content) if self.result else None

    @cached_property
    def failed(self) -> bool:
        """Whether the result reports an error."""
        return self.result is not None and is_error(self.value)

    @cached_property
    def refused(self) -> bool:
        """Whether the result says no, as an error or as an answer (`"eligible": false`)."""
        return self.failed or (self.result is not None and is_refusal(self.value))

    @cached_property
    def deferred(self) -> bool:
        """Whether the result says that the change is still to come."""
        return is_deferred(self.value)

    @property
    def succeeded(self) -> bool:
        """Whether a result came back that says neither error nor no."""
        return self.result is not None and not self.refused

    @property
    def writes(self) -> bool:
        """Whether, by its name, the tool changes something."""
        return writes_by_name(self.call.name)

    @property
    def checks(self) -> bool:
        """Whether, by its name, the tool tests a condition."""
        return checks_by_name(self.call.name)


@dataclass(frozen=True)
class TrajectoryView:
    """A trajectory with what its document and its workflow demand of it, as far as they are known."""

    tools: Sequence[Tool]
    messages: Sequence[Message]
    constraints: Sequence[Constraint] = ()
    edges: Sequence[Edge] = ()
    source: str = ""
    """The text of the document, whose own markup and words are no leftovers."""
    settings: RuleSettings = field(default_factory=RuleSettings)
    _shared: dict[Callable[["TrajectoryView"], object], object] = field(
        default_factory=dict[Callable[["TrajectoryView"], object], object],
        init=False,
        repr=False,
        compare=False,
    )

    @classmethod
    def of(cls, trajectory: Trajectory, settings: RuleSettings | None = None) -> "TrajectoryView":
        """Look at a stored trajectory with its own workflow and document."""
        workflow = trajectory.workflow
        return cls(
            trajectory.tools,
            trajectory.messages,
            workflow.constraints,
            workflow.execution_graph,
            workflow.procedure.document.text,
            settings or RuleSettings(),
        )

    @cached_property
    def offers(self) -> frozenset[Need]:
        """What checks may read here. Executed results and proofs: no stage makes them yet."""
        offered: set[Need] = {"form"}
        if self.source:
            offered.add("source")
        if self.constraints or self.edges:
            offered.add("declaration")
        return frozenset(offered)

    @cached_property
    def interactions(self) -> tuple[ToolInteraction, ...]:
        """Every call with its result, in order."""
        return pair_calls(self.messages)

    @cached_property
    def tools_by_name(self) -> dict[str, Tool]:
        """The tools by name; of several with one name, the first."""
        by_name: dict[str, Tool] = {}
        for tool in self.tools:
            by_name.setdefault(tool.name, tool)
        return by_name

    def shared(self, compute: Callable[["TrajectoryView"], T]) -> T:
        """Give what `compute` makes of this view, computed once however many checks ask for it."""
        if compute not in self._shared:
            self._shared[compute] = compute(self)
        return cast(T, self._shared[compute])


def pair_calls(messages: Sequence[Message]) -> tuple[ToolInteraction, ...]:
    """Find for each call its result: a tool message right after the call's round that bears its id."""
    interactions: list[ToolInteraction] = []
    for index, message in enumerate(messages):
        results = _results_after(messages, index) if message.tool_calls else {}
        for call in message.tool_calls:
            answers = results.pop(call.call_id, [])
            at, result = answers[0] if answers else (None, None)
            interactions.append(ToolInteraction(index, call, result, at))
    return tuple(interactions)


def _results_after(messages: Sequence[Message], index: int) -> dict[str | None, list[tuple[int, Message]]]:
    results: dict[str | None, list[tuple[int, Message]]] = {}
    for at in range(index + 1, len(messages)):
        if messages[at].role != "tool":
            break
        results.setdefault(messages[at].call_id, []).append((at, messages[at]))
    return results


@lru_cache(maxsize=4096)
def writes_by_name(tool: str) -> bool:
    """Tell from its name whether a tool changes something; a name that is only a noun shows it (`orders`)."""
    words = words_of(tool)
    if len(words) == 1 and (words[0] in _SHOWN or (words[0].endswith("s") and words[0] not in _DOING)):
        return False
    return is_write(tool)


@lru_cache(maxsize=4096)
def checks_by_name(tool: str) -> bool:
    """Tell from its name whether a tool tests a condition."""
    return is_check(tool) or bool({"validate", "verify", "check"} & set(words_of(tool)[:2]))
