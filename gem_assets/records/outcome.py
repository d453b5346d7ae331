"""The three outcomes: what a stage makes of one input, and every reason there is.

Does not belong here: the judging itself (`stages/`, `verification/`).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from gem_assets.records.base import Record
from gem_assets.records.provenance import Provenance

R_co = TypeVar("R_co", covariant=True)


class Reason(StrEnum):
    """Why an input was judged unfit. The prefix names the stage, so a reason says where and why."""

    CORPUS_EMPTY = "corpus_empty"  # nothing but white space
    CORPUS_TOO_SHORT = "corpus_too_short"  # fewer characters than a procedure needs
    CORPUS_TOO_LONG = "corpus_too_long"  # more than one prompt should carry
    CORPUS_DUPLICATE = "corpus_duplicate"  # the same text stands in an earlier row
    CORPUS_SUPERSEDED = "corpus_superseded"  # a later version of this row was ingested

    PREFILTER_TOO_SHORT = "prefilter_too_short"  # fewer words than a procedure has
    PREFILTER_REPETITIVE = "prefilter_repetitive"  # most of its lines stand in it before
    PREFILTER_NO_INSTRUCTIONS = "prefilter_no_instructions"  # hardly a verb where an instruction begins

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
    EXTRACT_TOO_MANY_WORKFLOWS = "extract_too_many_workflows"  # beyond what one document may give
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
    REFINE_LOST_TOOLS = "refine_lost_tools"  # a tool of the draft is not on offer any more
    REFINE_LOST_FACTS = "refine_lost_facts"  # a sourced rule of the draft is gone
    REFINE_LOST_VALIDITY = "refine_lost_validity"  # breaks what the draft kept

    SYNTHESIZE_UNPARSEABLE = "synthesize_unparseable"
    SYNTHESIZE_REFUSED = "synthesize_refused"
    SYNTHESIZE_TOO_LONG = "synthesize_too_long"
    SYNTHESIZE_TRUNCATED = "synthesize_truncated"
    SYNTHESIZE_EMPTY = "synthesize_empty"
    SYNTHESIZE_NO_TOOL_CALL = "synthesize_no_tool_call"  # all talk

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

    # Deterministic checks of what is said and done; `verification/registry.py` says which reject.
    VERIFY_UNGROUNDED_ID = "verify_ungrounded_id"  # an identifier nobody gave and no result returned
    VERIFY_ID_BEFORE_CREATED = "verify_id_before_created"  # used before the result that makes it
    VERIFY_READ_CONTRADICTION = "verify_read_contradiction"  # another value, with no write in between
    VERIFY_LOST_WRITE = "verify_lost_write"  # a later read shows the value from before the write
    VERIFY_RESULT_CONTRADICTS_CALL = "verify_result_contradicts_call"  # it answers for other arguments
    VERIFY_USED_AFTER_END = "verify_used_after_end"  # changed with success after it was deleted
    VERIFY_LISTING_OMITS = "verify_listing_omits"  # a list lacks what was created
    VERIFY_CONSTRAINT_VIOLATED = "verify_constraint_violated"  # success where the predicate is false
    VERIFY_REFUSED_ALLOWED = "verify_refused_allowed"  # a limit is named that the call keeps
    VERIFY_STATED_LIMIT = "verify_stated_limit"  # the assistant calls within limits what is not, or reverse
    VERIFY_ORDER_BROKEN = "verify_order_broken"  # a change before the sign-in the rules demand first
    VERIFY_RULE_CONTRADICTED = "verify_rule_contradicted"  # a system rule with another number than the source
    VERIFY_CONSTRAINT_UNSOURCED = "verify_constraint_unsourced"  # its sentence is not in the source
    VERIFY_CONSTRAINT_NUMBER = "verify_constraint_number"  # its number is nowhere in the source
    VERIFY_GUESSED_ID = "verify_guessed_id"  # an ungrounded identifier in a call that failed
    VERIFY_UNGROUNDED_NAME = "verify_ungrounded_name"
    VERIFY_UNGROUNDED_NUMBER = "verify_ungrounded_number"
    VERIFY_UNGROUNDED_DATE = "verify_ungrounded_date"
    VERIFY_UNGROUNDED_TEXT = "verify_ungrounded_text"  # an unknown identifier in a composed text
    VERIFY_STATE_DOUBTFUL = "verify_state_doubtful"  # a change that may have happened outside
    VERIFY_LISTING_FILTER = "verify_listing_filter"  # a row that the asked-for filter excludes
    VERIFY_RESULT_ARITHMETIC = "verify_result_arithmetic"  # a total that its parts do not make
    VERIFY_IMPOSSIBLE_DATES = "verify_impossible_dates"  # an end before its start, a weekday the day is not
    VERIFY_AMOUNT_EXCEEDS = "verify_amount_exceeds"  # a refund above what was paid, an order above the stock
    VERIFY_DOUBLE_USE = "verify_double_use"  # ended once more, or one seat given twice
    VERIFY_UNIT_MIXED = "verify_unit_mixed"  # pounds handed over as kilograms
    VERIFY_MISQUOTED_VALUE = "verify_misquoted_value"  # told an amount that nothing holds or yields
    VERIFY_REFUSAL_DOUBTFUL = "verify_refusal_doubtful"  # refused, though all predicates hold
    VERIFY_GRAPH_ORDER = "verify_graph_order"  # against an arrow of the execution graph
    VERIFY_RULE_INVENTED = "verify_rule_invented"  # a system rule the source does not have
    VERIFY_RULE_OMITTED = "verify_rule_omitted"  # a constraint the system message does not state
    VERIFY_FALSE_INABILITY = "verify_false_inability"  # "I cannot", with the tool on offer
    VERIFY_UNDISCLOSED_FAILURE = "verify_undisclosed_failure"  # success told after an error
    VERIFY_UNSUPPORTED_SUCCESS = "verify_unsupported_success"  # done, without a call that does it
    VERIFY_UNKNOWN_ID_SAID = "verify_unknown_id_said"  # told an identifier that nothing returned
    VERIFY_LEAKED_REASONING = "verify_leaked_reasoning"
    VERIFY_USER_NAMES_TOOL = "verify_user_names_tool"
    VERIFY_REPEATED_TURN = "verify_repeated_turn"
    VERIFY_REPEATED_CALL = "verify_repeated_call"
    VERIFY_EMPTY_TURN = "verify_empty_turn"
    VERIFY_LANGUAGE_MIX = "verify_language_mix"
    VERIFY_VAIN_RECOVERY = "verify_vain_recovery"  # the failed call once more, unchanged

    JUDGE_TOOL_CALL_HALLUCINATION = "judge_tool_call_hallucination"  # R1
    JUDGE_CAPABILITY_HALLUCINATION = "judge_capability_hallucination"  # R2
    JUDGE_CONTEXT_HALLUCINATION = "judge_context_hallucination"  # R3
    JUDGE_REFUSED = "judge_refused"
    JUDGE_TOO_LONG = "judge_too_long"

    DATASET_CORPUS = "dataset_corpus"  # the recipe leaves its corpus out
    DATASET_GENERATOR = "dataset_generator"  # the recipe leaves its generator out
    DATASET_NOT_JUDGED = "dataset_not_judged"  # the recipe wants the judge's pass, and no judge was asked
    DATASET_SUPERSEDED = "dataset_superseded"  # a later version of its text was ingested
    DATASET_RULE = "dataset_rule"  # breaks a rule, where the recipe takes what validation has not seen
    DATASET_TURN_ORDER = "dataset_turn_order"  # turns that no trainer loads
    DATASET_CONTAMINATED = "dataset_contaminated"  # words of a benchmark stand in it
    DATASET_DUPLICATE_DOCUMENT = "dataset_duplicate_document"  # the text of another document, nearly
    DATASET_DUPLICATE_TOOLS = "dataset_duplicate_tools"  # the tools of another document's trajectory
    DATASET_DUPLICATE_DIALOGUE = "dataset_duplicate_dialogue"  # the words of another trajectory


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

    reason: StrEnum
    """Of `Reason`, or of the enum that a stage from elsewhere declares."""
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
class Kept(Generic[R_co]):
    """Judged fit. A child's position is its ordinal; a rejected child stands at its own position."""

    children: tuple[R_co | Rejected, ...]
    provenance: Provenance = field(default_factory=Provenance)

    @property
    def records(self) -> tuple[R_co, ...]:
        """The children that were kept."""
        return tuple(child for child in self.children if not isinstance(child, Rejected))


Outcome = Kept[R_co] | Rejected | Failed
