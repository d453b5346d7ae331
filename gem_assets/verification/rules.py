"""The rule checks of a trajectory, in order: all that can be said without a model.

Does not belong here: the rules themselves (`structure`, `schema`, `text`, `patterns`), what is done with a
finding (`stages`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gem_assets.records.judgement import Finding
from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.settings import RuleSettings
from gem_assets.verification.conversation.patterns import PATTERNS, find_patterns
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
from gem_assets.verification.dialogue import Dialogue, read_dialogue
from gem_assets.verification.schema.schema import (
    ARGUMENT_REASONS,
    find_bad_arguments,
    find_bad_tool_names,
    find_bad_tool_schemas,
    find_duplicate_tools,
    find_malformed_calls,
    find_unknown_tools,
)


@dataclass(frozen=True)
class Rule:
    """A check, and the reasons its findings give."""

    reasons: tuple[Reason, ...]
    find: Callable[[Dialogue], list[Finding]]


def find_few_patterns(dialogue: Dialogue) -> list[Finding]:
    """Find dialogues with fewer interaction patterns than the settings ask for, where they can be seen."""
    if dialogue.settings.language != "en":
        return []
    found = find_patterns(dialogue.tools, dialogue.messages)
    if len(found) >= dialogue.settings.minimum_patterns:
        return []
    missing = ", ".join(name for name in PATTERNS if name not in found)
    evidence = (
        f"The dialogue shows {len(found)} interaction patterns ({', '.join(found) or 'none'}), "
        f"fewer than {dialogue.settings.minimum_patterns}; not seen: {missing}."
    )
    return [Finding(reason=Reason.RULE_FEW_PATTERNS, evidence=evidence)]


# Most fundamental first, for the first finding names the rejection: whose turn it is, then whether tools and
# calls can be read, then whether they fit each other, then what the texts hold.
RULES = (
    Rule((Reason.RULE_SYSTEM_FIRST,), find_misplaced_system),
    Rule((Reason.RULE_SEVERAL_CALLS,), find_several_calls),
    Rule((Reason.RULE_CALL_WITHOUT_RESULT,), find_calls_without_result),
    Rule((Reason.RULE_RESULT_WITHOUT_CALL,), find_results_without_call),
    Rule((Reason.RULE_TOOL_THEN_USER,), find_tool_then_user),
    Rule((Reason.RULE_ROLE_ORDER,), find_broken_role_order),
    Rule((Reason.RULE_END,), find_open_end),
    Rule((Reason.RULE_TOO_SMALL,), find_too_little),
    Rule((Reason.RULE_CALL_MALFORMED,), find_malformed_calls),
    Rule((Reason.RULE_TOOL_NAME,), find_bad_tool_names),
    Rule((Reason.RULE_TOOL_DUPLICATE,), find_duplicate_tools),
    Rule((Reason.RULE_TOOL_SCHEMA,), find_bad_tool_schemas),
    Rule((Reason.RULE_CALL_UNKNOWN_TOOL,), find_unknown_tools),
    Rule(ARGUMENT_REASONS, find_bad_arguments),
    Rule((Reason.RULE_TAG_LEFT,), find_left_tags),
    Rule((Reason.RULE_PLACEHOLDER,), find_placeholders),
    Rule((Reason.RULE_FEW_PATTERNS,), find_few_patterns),
)


def check_rules(
    tools: Sequence[Tool], messages: Sequence[Message], settings: RuleSettings, *, source: str = ""
) -> tuple[Finding, ...]:
    """Apply every rule and give all findings in the order of `RULES`; none means the trajectory passes.

    `source` is the text of the document, whose own markup and words are no leftovers.
    """
    dialogue = read_dialogue(tools, messages, settings, source)
    return tuple(finding for rule in RULES for finding in rule.find(dialogue))
