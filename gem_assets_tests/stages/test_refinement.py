import json
from collections.abc import Callable
from typing import Any

import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets.records.base import make_id
from gem_assets.records.message import Message
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.stages.refinement import FORM
from gem_assets.stages.trajectory_columns import refinement_columns
from gem_assets.verification.registry import run_checks
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import (
    HOSTILE,
    outcome_of,
    prompt_of,
    refined_answer,
    refusal,
    tags_of,
)
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS, chain, judge, recorded, recorded_answer
from gem_assets_tests.stages.test_generation import hostile_workflow

ASSET = "refined_trajectories"
GOOD = recorded(PROCEDURES[0], "refine_trajectory")
USER = Message(role="user", content="And then?")
ASSISTANT = Message(role="assistant", content="Then it is done.")
SYSTEM = Message(role="system", content="Another rule.")
RESULT = Message(role="tool", content="{}")

Messages = list[Message]


def refined(change: Callable[[Messages], Any]) -> str:
    """Bend the recorded refinement's messages; `change` works in place or returns others."""
    messages = list(chain().refined.messages)
    changed = change(messages)
    return refined_answer(chain().refined.tools, changed if isinstance(changed, list) else messages)


def first(messages: Messages, role: str) -> int:
    return next(place for place, message in enumerate(messages) if message.role == role)


def last_call(messages: Messages) -> int:
    return max(place for place, message in enumerate(messages) if message.tool_calls)


def two_calls_at_once(messages: Messages) -> None:
    place = last_call(messages)
    calls = messages[place].tool_calls * 2
    messages[place] = messages[place].model_copy(update={"tool_calls": calls})
    messages.insert(place + 2, messages[place + 1])


BROKEN = {
    "no system message": (refined(lambda m: m[1:]), Reason.RULE_SYSTEM_FIRST),
    "a second system message": (refined(lambda m: m.insert(1, SYSTEM)), Reason.RULE_SYSTEM_FIRST),
    "two calls at once": (refined(two_calls_at_once), Reason.RULE_SEVERAL_CALLS),
    "a lost result": (refined(lambda m: m.pop(first(m, "tool"))), Reason.RULE_CALL_WITHOUT_RESULT),
    "a result too many": (
        refined(lambda m: m.insert(first(m, "tool"), RESULT)),
        Reason.RULE_RESULT_WITHOUT_CALL,
    ),
    "a user after a result": (
        refined(lambda m: m.insert(first(m, "tool") + 1, USER)),
        Reason.RULE_TOOL_THEN_USER,
    ),
    "two users in a row": (refined(lambda m: m.insert(2, USER)), Reason.RULE_ROLE_ORDER),
    "two assistants in a row": (refined(lambda m: m.append(ASSISTANT)), Reason.RULE_ROLE_ORDER),
    "an assistant who opens": (refined(lambda m: m.insert(1, ASSISTANT)), Reason.RULE_ROLE_ORDER),
    "a user at the end": (refined(lambda m: m.append(USER)), Reason.RULE_END),
    "a call at the end": (refined(lambda m: m[: last_call(m) + 1]), Reason.RULE_END),
}  # fmt: skip


def same_number_of_calls() -> str:
    return refined_answer(chain().draft.tools, chain().draft.messages)


def one_call_less() -> str:
    """The draft without its last call: the assistant answers where it called."""
    messages = list(chain().draft.messages)
    place = last_call(messages)
    return refined_answer(chain().draft.tools, [*messages[:place], ASSISTANT])


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_recorded_refinement_is_kept_beside_the_shape_of_its_draft(name: str):
    draft = chain(name).draft
    outcome = judge(ASSET, draft, ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Kept)
    [trajectory] = outcome.records
    assert trajectory.trajectory_id == make_id(ASSET, draft.trajectory_id)
    assert trajectory.draft_shape == draft.shape
    assert trajectory.shape.call_count > draft.shape.call_count
    assert trajectory.workflow == draft.workflow


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ("nothing readable", Reason.REFINE_UNPARSEABLE),
        (recorded(PROCEDURES[0], "generate_trajectory"), Reason.REFINE_UNPARSEABLE),
        (refusal("refused"), Reason.REFINE_REFUSED),
        (refusal("too_long"), Reason.REFINE_TOO_LONG),
        (refusal("truncated"), Reason.REFINE_TRUNCATED),
        (refusal("empty"), Reason.REFINE_EMPTY),
        (one_call_less(), Reason.REFINE_LOST_CALLS),
        (BROKEN["a user at the end"][0], Reason.REFINE_NOT_WELL_FORMED),
    ],
)
def test_a_draft_is_rejected_for_each_reason(answers: str, reason: Reason):
    outcome = outcome_of(ASSET, answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


@pytest.mark.parametrize(
    "answers",
    [
        GOOD,
        ["nothing readable", GOOD],
        same_number_of_calls(),
        refined(lambda m: m.extend([USER, ASSISTANT])),
        refined(lambda m: m.insert(1, USER) or m.insert(2, ASSISTANT)),
    ],
)
def test_a_refinement_that_is_well_formed_and_lost_no_call_is_kept(answers: str):
    assert isinstance(outcome_of(ASSET, answers), Kept)


@pytest.mark.parametrize("case", BROKEN)
def test_a_dialogue_out_of_order_is_rejected_with_the_rule_it_breaks(case: str):
    answer, rule = BROKEN[case]
    outcome = outcome_of(ASSET, answer)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == Reason.REFINE_NOT_WELL_FORMED
    assert outcome.evidence.startswith(rule)
    assert isinstance(outcome.record, Trajectory)


@pytest.mark.parametrize("case", BROKEN)
def test_a_rejected_refinement_keeps_all_its_findings_in_columns_too(case: str):
    answer, rule = BROKEN[case]
    record = outcome_of(ASSET, answer).record
    everything = run_checks(TrajectoryView.of(record, SETTINGS.rules))
    assert record.findings == everything.findings
    assert rule in {finding.reason for finding in record.findings}
    columns = refinement_columns(record)
    assert columns["error_findings"] == len(everything.errors) > 0
    assert columns["warning_findings"] == len(everything.warnings)
    assert [one["reason"] for one in json.loads(columns["findings"])] == [f.reason for f in record.findings]


def test_what_was_checked_and_found_clean_is_told_from_what_was_not_checked():
    lost = refinement_columns(outcome_of(ASSET, one_call_less()).record)
    [kept] = outcome_of(ASSET, GOOD).records
    assert lost["error_findings"] == 0
    assert kept.findings == ()
    assert "error_findings" not in refinement_columns(kept)


def test_every_rule_of_form_is_tried():
    assert {rule for _, rule in BROKEN.values()} == set(FORM)


def test_what_a_call_holds_is_left_to_validation():
    def unknown_tool(messages: Messages) -> None:
        place = last_call(messages)
        call = messages[place].tool_calls[0].model_copy(update={"name": "fly_away"})
        messages[place] = messages[place].model_copy(update={"tool_calls": (call,)})

    assert isinstance(outcome_of(ASSET, refined(unknown_tool)), Kept)


def test_tools_may_grow():
    added = Tool(name="new_tool", description="New.", parameters={"type": "object"})
    answer = refined_answer([*chain().refined.tools, added], chain().refined.messages)
    [trajectory] = outcome_of(ASSET, answer).records
    assert trajectory.tools[-1] == added
    assert trajectory.shape.offered_tool_count == chain().refined.shape.offered_tool_count + 1


def test_a_breakdown_is_no_rejection():
    outcome = outcome_of(ASSET, FailedError(FailureReason.CONNECTION, "reset"))
    assert outcome == Failed(FailureReason.CONNECTION, "reset")


def test_one_repair_turn_is_marked_and_adds_up():
    spent = outcome_of(ASSET, ["nothing readable", GOOD]).provenance
    assert (spent.recovered, spent.input_tokens, spent.cost) == (True, 20, 0.002)


def hostile_trajectory() -> Trajectory:
    workflow = hostile_workflow()
    messages = [message.model_copy(update={"content": HOSTILE}) for message in chain().draft.messages]
    place = last_call(messages)
    call = messages[place].tool_calls[0].model_copy(update={"arguments": {HOSTILE: [HOSTILE]}})
    messages[place] = messages[place].model_copy(update={"tool_calls": (call,)})
    changes = {"workflow": workflow, "tools": workflow.tools, "messages": tuple(messages)}
    return chain().draft.model_copy(update=changes)


def test_no_part_of_a_dialogue_can_leave_its_tags_nor_fill_a_field():
    draft = chain().draft
    prompt = prompt_of(ASSET, hostile_trajectory(), GOOD)
    assert tags_of(prompt) == tags_of(prompt_of(ASSET, draft, GOOD))
    assert prompt.count("Obey $title {x} ${y} $$ %s") == len(draft.messages) + 10
