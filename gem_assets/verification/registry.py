"""Every check of a trajectory, in one list, and the one function that runs it.

To add a check: write its function beside its kin, its reason in `records/outcome`, its entry here. Does not
belong here: what a check looks for, what is done with its findings (`stages`, `foreign/verify_file`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gem_assets.records.judgement import ArgumentSource, Finding, VerificationMetrics
from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Check, Kind, NotRun
from gem_assets.verification.constraints.faithfulness import (
    find_omitted_rules,
    find_unsourced_constraints,
    find_unsourced_rules,
    read_stated_rules,
)
from gem_assets.verification.constraints.ordering import find_broken_order, find_graph_breaks
from gem_assets.verification.constraints.statements import find_wrong_statements
from gem_assets.verification.conversation.conversation import (
    find_empty_turns,
    find_false_claims,
    find_false_inability,
    find_language_mix,
    find_leaked_reasoning,
    find_named_tools,
    find_repeats,
    find_unknown_ids,
    find_vain_recoveries,
)
from gem_assets.verification.conversation.patterns import find_few_patterns
from gem_assets.verification.conversation.structure import (
    find_broken_role_order,
    find_calls_without_result,
    find_misplaced_system,
    find_open_end,
    find_results_without_call,
    find_several_calls,
    find_tool_then_user,
)
from gem_assets.verification.conversation.text import find_left_tags, find_placeholders, find_too_little
from gem_assets.verification.grounding.provenance import (
    find_early_identifiers,
    find_unsourced_values,
    trace_arguments,
)
from gem_assets.verification.schema.schema import (
    ARGUMENT_REASONS,
    find_bad_arguments,
    find_bad_tool_names,
    find_bad_tool_schemas,
    find_duplicate_tools,
    find_malformed_calls,
    find_unknown_tools,
)
from gem_assets.verification.state.dates import find_impossible_dates
from gem_assets.verification.state.echoes import find_contradicted_calls
from gem_assets.verification.state.listings import find_omissions, find_out_of_filter_rows
from gem_assets.verification.state.replay import find_contradicted_records, find_violated_constraints
from gem_assets.verification.state.sums import find_wrong_sums
from gem_assets.verification.view import Need, TrajectoryView

FORM: frozenset[Need] = frozenset({"form"})
DECLARED: frozenset[Need] = frozenset({"form", "declaration"})
SOURCED: frozenset[Need] = frozenset({"form", "source"})
DECLARED_AND_SOURCED: frozenset[Need] = DECLARED | SOURCED

# Whose turn it is.
TURN_ORDER = (
    Check("system_first", "rule", FORM, find_misplaced_system, errors=(Reason.RULE_SYSTEM_FIRST,)),
    Check("several_calls", "rule", FORM, find_several_calls, errors=(Reason.RULE_SEVERAL_CALLS,)),
    Check(
        "call_without_result",
        "rule",
        FORM,
        find_calls_without_result,
        errors=(Reason.RULE_CALL_WITHOUT_RESULT,),
    ),
    Check(
        "result_without_call",
        "rule",
        FORM,
        find_results_without_call,
        errors=(Reason.RULE_RESULT_WITHOUT_CALL,),
    ),
    Check("tool_then_user", "rule", FORM, find_tool_then_user, errors=(Reason.RULE_TOOL_THEN_USER,)),
    Check("role_order", "rule", FORM, find_broken_role_order, errors=(Reason.RULE_ROLE_ORDER,)),
    Check("end", "rule", FORM, find_open_end, errors=(Reason.RULE_END,)),
)
# Then whether tools and calls can be read, whether they fit each other, and what the texts hold.
RULES = (
    *TURN_ORDER,
    Check("size", "rule", FORM, find_too_little, errors=(Reason.RULE_TOO_SMALL,)),
    Check("call_malformed", "rule", FORM, find_malformed_calls, errors=(Reason.RULE_CALL_MALFORMED,)),
    Check("tool_name", "rule", FORM, find_bad_tool_names, errors=(Reason.RULE_TOOL_NAME,)),
    Check("tool_duplicate", "rule", FORM, find_duplicate_tools, errors=(Reason.RULE_TOOL_DUPLICATE,)),
    Check("tool_schema", "rule", FORM, find_bad_tool_schemas, errors=(Reason.RULE_TOOL_SCHEMA,)),
    Check("unknown_tool", "rule", FORM, find_unknown_tools, errors=(Reason.RULE_CALL_UNKNOWN_TOOL,)),
    Check("arguments", "rule", FORM, find_bad_arguments, errors=ARGUMENT_REASONS),
    Check("left_tags", "rule", FORM, find_left_tags, errors=(Reason.RULE_TAG_LEFT,)),
    Check("placeholders", "rule", FORM, find_placeholders, errors=(Reason.RULE_PLACEHOLDER,)),
    Check("patterns", "rule", FORM, find_few_patterns, errors=(Reason.RULE_FEW_PATTERNS,)),
)
# What is said and done. An error is what the dialogue itself proves wrong. The rest are warnings until their
# precision is measured on text that models wrote.
CONTENT_CHECKS = (
    Check(
        "unsourced_values", "provenance", FORM, find_unsourced_values,
        errors=(Reason.VERIFY_UNGROUNDED_ID,),
        warnings=(
            Reason.VERIFY_GUESSED_ID,
            Reason.VERIFY_UNGROUNDED_NAME,
            Reason.VERIFY_UNGROUNDED_NUMBER,
            Reason.VERIFY_UNGROUNDED_DATE,
            Reason.VERIFY_UNGROUNDED_TEXT,
            Reason.VERIFY_UNIT_MIXED,
            Reason.VERIFY_MISQUOTED_VALUE,
        ),
    ),
    Check(
        "early_identifiers", "state", FORM, find_early_identifiers,
        errors=(Reason.VERIFY_ID_BEFORE_CREATED,),
    ),
    Check(
        "violated_constraints", "constraint", DECLARED, find_violated_constraints,
        errors=(Reason.VERIFY_CONSTRAINT_VIOLATED, Reason.VERIFY_REFUSED_ALLOWED),
        warnings=(Reason.VERIFY_REFUSAL_DOUBTFUL,),
    ),
    Check(
        "contradicted_records", "state", FORM, find_contradicted_records,
        errors=(Reason.VERIFY_READ_CONTRADICTION, Reason.VERIFY_LOST_WRITE, Reason.VERIFY_USED_AFTER_END),
        warnings=(Reason.VERIFY_STATE_DOUBTFUL, Reason.VERIFY_AMOUNT_EXCEEDS, Reason.VERIFY_DOUBLE_USE),
    ),
    Check("listing_omissions", "state", FORM, find_omissions, errors=(Reason.VERIFY_LISTING_OMITS,)),
    Check("listing_filter", "state", FORM, find_out_of_filter_rows, warnings=(Reason.VERIFY_LISTING_FILTER,)),
    Check("stated_limits", "constraint", FORM, find_wrong_statements, errors=(Reason.VERIFY_STATED_LIMIT,)),
    Check(
        "contradicted_calls", "state", FORM, find_contradicted_calls,
        errors=(Reason.VERIFY_RESULT_CONTRADICTS_CALL,),
    ),
    Check("sign_in_first", "constraint", FORM, find_broken_order, errors=(Reason.VERIFY_ORDER_BROKEN,)),
    Check("graph_order", "constraint", DECLARED, find_graph_breaks, warnings=(Reason.VERIFY_GRAPH_ORDER,)),
    Check("sums", "state", FORM, find_wrong_sums, warnings=(Reason.VERIFY_RESULT_ARITHMETIC,)),
    Check("dates", "state", FORM, find_impossible_dates, warnings=(Reason.VERIFY_IMPOSSIBLE_DATES,)),
    Check(
        "inability", "dialogue", FORM, find_false_inability, warnings=(Reason.VERIFY_FALSE_INABILITY,),
    ),
    Check("empty_turns", "dialogue", FORM, find_empty_turns, warnings=(Reason.VERIFY_EMPTY_TURN,)),
    Check(
        "leaked_reasoning", "dialogue", FORM, find_leaked_reasoning,
        warnings=(Reason.VERIFY_LEAKED_REASONING,),
    ),
    Check("named_tools", "dialogue", FORM, find_named_tools, warnings=(Reason.VERIFY_USER_NAMES_TOOL,)),
    Check(
        "repeats", "dialogue", FORM, find_repeats,
        warnings=(Reason.VERIFY_REPEATED_TURN, Reason.VERIFY_REPEATED_CALL),
    ),
    Check("vain_recovery", "dialogue", FORM, find_vain_recoveries, warnings=(Reason.VERIFY_VAIN_RECOVERY,)),
    Check("language", "dialogue", FORM, find_language_mix, warnings=(Reason.VERIFY_LANGUAGE_MIX,)),
    Check(
        "claims", "dialogue", FORM, find_false_claims,
        warnings=(Reason.VERIFY_UNDISCLOSED_FAILURE, Reason.VERIFY_UNSUPPORTED_SUCCESS),
    ),
    Check("unknown_ids", "dialogue", FORM, find_unknown_ids, warnings=(Reason.VERIFY_UNKNOWN_ID_SAID,)),
    Check(
        "unsourced_constraints", "faithfulness", DECLARED_AND_SOURCED, find_unsourced_constraints,
        errors=(Reason.VERIFY_CONSTRAINT_UNSOURCED, Reason.VERIFY_CONSTRAINT_NUMBER),
    ),
    Check(
        "unsourced_rules", "faithfulness", SOURCED, find_unsourced_rules,
        errors=(Reason.VERIFY_RULE_CONTRADICTED,),
        warnings=(Reason.VERIFY_RULE_INVENTED,),
    ),
    Check(
        "omitted_rules", "faithfulness", DECLARED_AND_SOURCED, find_omitted_rules,
        warnings=(Reason.VERIFY_RULE_OMITTED,),
    ),
)  # fmt: skip

# Most fundamental first: the first error names the rejection.
CHECKS = (*RULES, *CONTENT_CHECKS)

MAX_OF_KIND: dict[Kind, int] = {"dialogue": 30}
"""Findings of a kind that are kept, the first ones, where one fault may show in every turn."""


@dataclass(frozen=True)
class Verification:
    """What checking a trajectory gave: errors first, each level in the order of the checks."""

    findings: tuple[Finding, ...]
    not_run: tuple[NotRun, ...]
    """Checks that need what the trajectory does not offer; their silence says nothing."""
    view: TrajectoryView = field(repr=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that reject."""
        return tuple(finding for finding in self.findings if finding.level == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings for the judge and the report."""
        return tuple(finding for finding in self.findings if finding.level == "warning")

    @property
    def argument_sources(self) -> tuple[ArgumentSource, ...]:
        """Where every argument value comes from."""
        return tuple(self.view.shared(trace_arguments).sources)

    @property
    def metrics(self) -> VerificationMetrics:
        """Shares of arguments and rules whose source is known."""
        stated = self.view.shared(read_stated_rules)
        return VerificationMetrics(
            argument_count=len(self.argument_sources),
            grounded_share=_grounded_share(self.argument_sources),
            rule_count=stated.rules,
            sourced_share=stated.sourced / stated.rules if stated.rules else None,
        )


def run_checks(view: TrajectoryView, checks: Sequence[Check] = CHECKS) -> Verification:
    """Run checks over a trajectory, in their order; one whose needs it does not offer is noted, not run."""
    findings: list[Finding] = []
    not_run: list[NotRun] = []
    counts = Counter[Kind]()
    for check in checks:
        if not check.needs <= view.offers:
            not_run.append(NotRun(check.name, check.needs - view.offers))
            continue
        for finding in check.run(view):
            counts[check.kind] += 1
            if counts[check.kind] <= MAX_OF_KIND.get(check.kind, counts[check.kind]):
                findings.append(finding)
    ordered = sorted(findings, key=lambda finding: finding.level != "error")
    return Verification(tuple(ordered), tuple(not_run), view)


def _grounded_share(sources: Sequence[ArgumentSource]) -> float | None:
    judged = [source for source in sources if source.kind not in ("free", "composed")]
    if not judged:
        return None
    return sum(source.kind != "ungrounded" for source in judged) / len(judged)
