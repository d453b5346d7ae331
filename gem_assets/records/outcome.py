"""The three piles: what a stage makes of one input, and every reason there is.

Does not belong here: the judging itself (`stages/`, `verification/`).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from gem_assets.records.base import Record
from gem_assets.records.provenance import Provenance

R = TypeVar("R")


class Reason(StrEnum):
    """Why an input was judged unfit. The prefix names the stage, so a reason says where and why."""

    CORPUS_EMPTY = "corpus_empty"  # nothing but white space
    CORPUS_TOO_SHORT = "corpus_too_short"  # fewer characters than a procedure needs
    CORPUS_TOO_LONG = "corpus_too_long"  # more than one prompt should carry
    CORPUS_DUPLICATE = "corpus_duplicate"  # the same text stands in an earlier row
    CORPUS_SUPERSEDED = "corpus_superseded"  # a later version of this row was ingested

    FILTER_NOT_MULTI_STEP = "filter_not_multi_step"  # an essay, a top-ten list, a changelog
    FILTER_UNSUPPORTED_LANGUAGE = "filter_unsupported_language"  # the baseline generator reads English only
    FILTER_UNPARSEABLE = "filter_unparseable"  # no readable answer, not even after the repair turn
    FILTER_REFUSED = "filter_refused"  # the provider's content filter, or the model, declined
    FILTER_TOO_LONG = "filter_too_long"  # more than the model's context holds
    FILTER_TRUNCATED = "filter_truncated"  # the answer ran into max_tokens
    FILTER_EMPTY = "filter_empty"  # the model answered nothing

    EXTRACT_NO_WORKFLOW = "extract_no_workflow"  # the model found none after all
    EXTRACT_UNPARSEABLE = "extract_unparseable"
    EXTRACT_REFUSED = "extract_refused"
    EXTRACT_TOO_LONG = "extract_too_long"
    EXTRACT_TRUNCATED = "extract_truncated"
    EXTRACT_EMPTY = "extract_empty"
    EXTRACT_TOO_FEW_STEPS = "extract_too_few_steps"  # one step is no workflow
    EXTRACT_NO_TOOLS = "extract_no_tools"
    EXTRACT_TOOL_INVALID = "extract_tool_invalid"  # illegal or repeated name, parameters no JSON Schema
    EXTRACT_GRAPH_UNKNOWN_TOOL = "extract_graph_unknown_tool"  # an arrow to a tool that is not defined
    EXTRACT_GRAPH_CYCLIC = "extract_graph_cyclic"  # (a)->(b)->(a)
    EXTRACT_SAMPLE_CALL_INVALID = "extract_sample_call_invalid"  # a sample call its own schema refuses
    EXTRACT_CONSTRAINT_UNSOURCED = "extract_constraint_unsourced"  # its sentence is not in the source
    EXTRACT_PREDICATE_INVALID = (
        "extract_predicate_invalid"  # not CEL, or over something else than args, state
    )

    GENERATE_UNPARSEABLE = "generate_unparseable"
    GENERATE_REFUSED = "generate_refused"
    GENERATE_TOO_LONG = "generate_too_long"
    GENERATE_TRUNCATED = "generate_truncated"
    GENERATE_EMPTY = "generate_empty"
    GENERATE_NO_TOOL_CALL = "generate_no_tool_call"  # all talk

    REFINE_UNPARSEABLE = "refine_unparseable"
    REFINE_REFUSED = "refine_refused"
    REFINE_TOO_LONG = "refine_too_long"
    REFINE_TRUNCATED = "refine_truncated"
    REFINE_EMPTY = "refine_empty"
    REFINE_NOT_WELL_FORMED = "refine_not_well_formed"  # breaks turn order
    REFINE_LOST_CALLS = "refine_lost_calls"  # fewer calls than the draft had

    RULE_TOOL_SCHEMA = "rule_tool_schema"  # parameters are no JSON Schema of type object
    RULE_TOOL_NAME = "rule_tool_name"  # not [A-Za-z0-9_-]{1,64}
    RULE_TOOL_DUPLICATE = "rule_tool_duplicate"  # two tools of one name
    RULE_CALL_MALFORMED = "rule_call_malformed"  # not a name with an object of arguments
    RULE_CALL_UNKNOWN_TOOL = "rule_call_unknown_tool"
    RULE_CALL_MISSING_ARGUMENT = "rule_call_missing_argument"
    RULE_CALL_UNKNOWN_ARGUMENT = "rule_call_unknown_argument"
    RULE_CALL_ARGUMENT_TYPE = "rule_call_argument_type"
    RULE_CALL_ARGUMENT_ENUM = "rule_call_argument_enum"
    RULE_CALL_ARGUMENT_BOUNDS = "rule_call_argument_bounds"  # minimum, maxLength, pattern, maxItems …
    RULE_SYSTEM_FIRST = "rule_system_first"  # exactly one system message, at the start
    RULE_CALL_WITHOUT_RESULT = "rule_call_without_result"  # a call is followed by something else
    RULE_RESULT_WITHOUT_CALL = "rule_result_without_call"
    RULE_TOOL_THEN_USER = "rule_tool_then_user"  # the assistant must speak in between
    RULE_ROLE_ORDER = "rule_role_order"  # user after user, assistant after assistant
    RULE_SEVERAL_CALLS = "rule_several_calls"  # more than one call in a round
    RULE_END = "rule_end"  # the last message is not the assistant's, or still calls
    RULE_TAG_LEFT = "rule_tag_left"  # markup of the answer format inside a message
    RULE_PLACEHOLDER = "rule_placeholder"  # "path/to/file", "5+ more results"
    RULE_TOO_SMALL = "rule_too_small"  # fewer messages or calls than a multi-turn dialogue has
    RULE_FEW_PATTERNS = "rule_few_patterns"  # fewer than three interaction patterns

    JUDGE_TOOL_CALL_HALLUCINATION = "judge_tool_call_hallucination"  # R1
    JUDGE_CAPABILITY_HALLUCINATION = "judge_capability_hallucination"  # R2
    JUDGE_CONTEXT_HALLUCINATION = "judge_context_hallucination"  # R3
    JUDGE_REFUSED = "judge_refused"
    JUDGE_TOO_LONG = "judge_too_long"


class FailureReason(StrEnum):
    """Why an input could not be judged. Trying again may help; none of these is a verdict."""

    CONNECTION = "connection"  # reset, refused, name not found
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"  # 429 beyond the last retry
    SERVER_ERROR = "server_error"  # 5xx, or a success that is no chat completion
    JUDGE_UNPARSEABLE = "judge_unparseable"  # never read as a low score
    CANCELLED = "cancelled"  # the run was stopped; the record was not reached


@dataclass(frozen=True)
class Rejected:
    """Judged unfit, with what shows it."""

    reason: Reason
    evidence: str
    provenance: Provenance = field(default_factory=Provenance)
    record: Record | None = None
    """The record as far as it came, for whoever wants to look at it."""


@dataclass(frozen=True)
class Failed:
    """Not judged: the model or the machine broke."""

    reason: FailureReason
    evidence: str
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True)
class Kept(Generic[R]):
    """Judged fit. A child's position is its ordinal; a rejected child stands at its own position."""

    children: tuple[R | Rejected, ...]
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def records(self) -> tuple[R, ...]:
        """The children that were kept."""
        return tuple(child for child in self.children if not isinstance(child, Rejected))


Outcome = Kept[R] | Rejected | Failed
