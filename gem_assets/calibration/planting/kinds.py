"""The kinds of planted defects: what plants each, and which rubrics of the judge cover it.

Nothing here is shared with what finds defects; which findings show a kind is for the tests to say.
"""

from dataclasses import dataclass

from gem_assets.calibration.planting.arguments import (
    invented_date,
    invented_id_in_text,
    invented_name,
    invented_number,
)
from gem_assets.calibration.planting.identifiers import early_id, invented_id
from gem_assets.calibration.planting.limits import (
    accepted_beyond_limit,
    accepted_in_wrong_state,
    called_over,
    called_within,
    late_sign_in,
    refused_within_limit,
)
from gem_assets.calibration.planting.plain import Plant
from gem_assets.calibration.planting.records import (
    contradictory_read,
    lost_write,
    omitted_from_list,
    other_amount_answered,
    other_id_answered,
    wrong_total,
)
from gem_assets.calibration.planting.source_rules import (
    changed_constraint_number,
    changed_rule_number,
    invented_rule,
    turned_rule,
    unsourced_sentence,
)
from gem_assets.calibration.planting.speech import (
    empty_turn,
    false_inability,
    language_mix,
    leaked_reasoning,
    misquoted_amount,
    repeated_call,
    repeated_turn,
    undisclosed_failure,
    unknown_id_said,
    unsupported_success,
    user_names_tool,
    vain_recovery,
)


@dataclass(frozen=True)
class Kind:
    """A kind of defect."""

    name: str
    plant: Plant
    is_error: bool
    """Code alone rejects it, for the dialogue itself proves it; else it is at most a warning."""
    rubrics: tuple[str, ...]
    """The rubrics of the judge under which it falls; none for matters of form, which no rubric covers."""


KINDS = (
    Kind("id: invented", invented_id, is_error=True, rubrics=("R1",)),
    Kind("id: used before it is created", early_id, is_error=True, rubrics=("R1",)),
    Kind("state: read contradicts what was known", contradictory_read, is_error=True, rubrics=("R3",)),
    Kind("state: write not shown by a later read", lost_write, is_error=True, rubrics=("R3",)),
    Kind("state: result names another record", other_id_answered, is_error=True, rubrics=("R3",)),
    Kind("state: result has another number or date", other_amount_answered, is_error=True, rubrics=("R3",)),
    Kind("state: list omits what was created", omitted_from_list, is_error=True, rubrics=("R3",)),
    Kind(
        "limit: call beyond it accepted (paper)", accepted_beyond_limit, is_error=True, rubrics=("R2", "R3")
    ),
    Kind(
        "limit: accepted in a state that forbids it",
        accepted_in_wrong_state,
        is_error=True,
        rubrics=("R2", "R3"),
    ),
    Kind("limit: call within it refused", refused_within_limit, is_error=True, rubrics=("R3",)),
    Kind("limit: called within what is beyond (paper)", called_within, is_error=True, rubrics=("R3",)),
    Kind("limit: called over what is within", called_over, is_error=True, rubrics=("R3",)),
    Kind("order: change before the sign-in", late_sign_in, is_error=True, rubrics=("R2",)),
    Kind("rule: number differs from the source (paper)", changed_rule_number, is_error=True, rubrics=("R3",)),
    Kind("rule: says the opposite of the source", turned_rule, is_error=True, rubrics=("R3",)),
    Kind("rule: quotes what is not in the source", unsourced_sentence, is_error=True, rubrics=()),
    Kind("rule: number not in the source", changed_constraint_number, is_error=True, rubrics=()),
    Kind("name: invented", invented_name, is_error=False, rubrics=("R1",)),
    Kind("number: invented", invented_number, is_error=False, rubrics=("R1",)),
    Kind("date: invented", invented_date, is_error=False, rubrics=("R1",)),
    Kind("text: names an unknown id", invented_id_in_text, is_error=False, rubrics=("R1",)),
    Kind("result: wrong total", wrong_total, is_error=False, rubrics=("R3",)),
    Kind("rule: invented", invented_rule, is_error=False, rubrics=()),
    Kind("said: false inability", false_inability, is_error=False, rubrics=("R2",)),
    Kind("said: failure not disclosed", undisclosed_failure, is_error=False, rubrics=("R2",)),
    Kind("said: success without a call", unsupported_success, is_error=False, rubrics=("R2",)),
    Kind("said: id that nothing returned", unknown_id_said, is_error=False, rubrics=("R3",)),
    Kind("said: amount misquoted", misquoted_amount, is_error=False, rubrics=("R3",)),
    Kind("said: leaked reasoning", leaked_reasoning, is_error=False, rubrics=()),
    Kind("turn: user names a tool", user_names_tool, is_error=False, rubrics=()),
    Kind("turn: repeated", repeated_turn, is_error=False, rubrics=()),
    Kind("turn: empty", empty_turn, is_error=False, rubrics=()),
    Kind("turn: another language", language_mix, is_error=False, rubrics=()),
    Kind("call: repeated", repeated_call, is_error=False, rubrics=()),
    Kind("call: failed again unchanged", vain_recovery, is_error=False, rubrics=()),
)
