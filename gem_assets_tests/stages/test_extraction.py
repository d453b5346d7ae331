from typing import Any

import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.records.workflow import Workflow
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import (
    HOSTILE,
    outcome_of,
    prompt_of,
    refusal,
    tags_of,
    with_json,
    with_tag,
)
from gem_assets_tests.stages.chain import PROCEDURES, chain, judge, recorded, recorded_answer
from gem_assets_tests.store.writing import SHARD, given, query, write

ASSET = "workflows"
GOOD = recorded(PROCEDURES[0], "extract_workflows")
NONE = "<no_workflow>Nothing a tool could do.</no_workflow>"
LONGEST = "g" * 64
CHAIN = "(search_equipment)->(create_reservation)"


def tools(change: Any) -> str:
    return with_json(GOOD, "tools", change)


def actions(change: Any) -> str:
    return with_json(GOOD, "actions", change)


def constraint(**changes: Any) -> str:
    """Change the constraint on the days of a loan: at most 7, a predicate over `args.loan_days`."""

    def change(constraints: list[dict[str, Any]]) -> None:
        [found] = [each for each in constraints if each["predicate"] == "args.loan_days <= 7"]
        found.update(changes)

    return with_json(GOOD, "constraints", change)


def graph(text: str) -> str:
    return with_tag(GOOD, "execution_graph", text)


def put(place: int, **fields: Any) -> Any:
    return lambda entries: entries[place].update(fields)


def call(**arguments: Any) -> Any:
    """Change arguments of the second sample call, a search; `...` takes one away."""

    def change(calls: list[dict[str, Any]]) -> None:
        changed = {**calls[1]["arguments"], **arguments}
        calls[1]["arguments"] = {name: value for name, value in changed.items() if value is not ...}

    return actions(change)


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_recorded_workflow_is_kept_with_its_id(name: str):
    outcome = judge(ASSET, chain(name).procedure, ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Kept)
    assert outcome.children == outcome.records
    filter_id = make_id("procedural_documents", chain(name).document.document_id)
    assert [workflow.workflow_id for workflow in outcome.records] == [
        make_id("workflows", filter_id, ordinal) for ordinal in range(len(outcome.records))
    ]
    assert outcome.records[0].procedure == chain(name).procedure


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (NONE, Reason.EXTRACT_NO_WORKFLOW),
        (["nothing readable", NONE], Reason.EXTRACT_NO_WORKFLOW),
        ("nothing readable", Reason.EXTRACT_UNPARSEABLE),
        (GOOD.replace("</tools>", ""), Reason.EXTRACT_UNPARSEABLE),
        (refusal("refused"), Reason.EXTRACT_REFUSED),
        (refusal("too_long"), Reason.EXTRACT_TOO_LONG),
        (refusal("truncated"), Reason.EXTRACT_TRUNCATED),
        (refusal("empty"), Reason.EXTRACT_EMPTY),
    ],
)
def test_a_document_is_rejected_for_each_reason(answers: str, reason: Reason):
    outcome = outcome_of(ASSET, answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


def test_a_breakdown_is_no_rejection():
    outcome = outcome_of(ASSET, FailedError(FailureReason.SERVER_ERROR, "503"))
    assert outcome == Failed(FailureReason.SERVER_ERROR, "503")


REJECTED = {
    "one step": (with_tag(GOOD, "steps", "Step1: Do it all."), Reason.EXTRACT_TOO_FEW_STEPS),
    "no tools": (tools(lambda _: []), Reason.EXTRACT_NO_TOOLS),
    "a tool name with a blank": (tools(put(0, name="get account")), Reason.EXTRACT_TOOL_INVALID),
    "a tool name of 65 letters": (
        GOOD.replace("get_student_account", LONGEST + "g"),
        Reason.EXTRACT_TOOL_INVALID,
    ),
    "two tools of one name": (tools(lambda all: [*all, all[0]]), Reason.EXTRACT_TOOL_INVALID),
    "a schema of a string": (tools(put(0, inputSchema={"type": "string"})), Reason.EXTRACT_TOOL_INVALID),
    "a schema that is none": (
        tools(put(0, inputSchema={"type": "object", "properties": {"a": {"type": "text"}}})),
        Reason.EXTRACT_TOOL_INVALID,
    ),
    "an arrow to nowhere": (graph(f"{CHAIN}->(fly_away)"), Reason.EXTRACT_GRAPH_UNKNOWN_TOOL),
    "a lonely unknown tool": (graph("(fly_away)"), Reason.EXTRACT_GRAPH_UNKNOWN_TOOL),
    "an arrow back": (graph(f"{CHAIN}->(search_equipment)"), Reason.EXTRACT_GRAPH_CYCLIC),
    "an arrow to itself": (graph("(search_equipment)->(search_equipment)"), Reason.EXTRACT_GRAPH_CYCLIC),
    "a way back over two lines": (
        graph(f"{CHAIN}\n(create_reservation)->(search_equipment)"),
        Reason.EXTRACT_GRAPH_CYCLIC,
    ),
    "a call of no tool": (actions(put(0, name="fly_away")), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "a missing argument": (call(category=...), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "an argument too many": (call(colour="red"), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "an argument of another type": (call(loan_days="5"), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "an argument outside its choices": (call(category="boat"), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "an argument out of bounds": (call(loan_days=0), Reason.EXTRACT_SAMPLE_CALL_INVALID),
    "another number": (
        constraint(sentence="A loan lasts at most 8 days."),
        Reason.EXTRACT_CONSTRAINT_UNSOURCED,
    ),
    "other words": (constraint(sentence="Loans are at most 7 days."), Reason.EXTRACT_CONSTRAINT_UNSOURCED),
    "two sentences joined": (
        constraint(sentence="A loan lasts at most 7 days … Late returns cost 4 euros per item and day."),
        Reason.EXTRACT_CONSTRAINT_UNSOURCED,
    ),
    "a parameter the tool lacks": (constraint(predicate="args.days <= 7"), Reason.EXTRACT_PREDICATE_INVALID),
    "a predicate that is prose": (constraint(predicate="at most 7 days"), Reason.EXTRACT_PREDICATE_INVALID),
    "a variable of its own": (constraint(predicate="record.days <= 7"), Reason.EXTRACT_PREDICATE_INVALID),
    "a tool of no workflow": (constraint(tool="fly_away", predicate=None), Reason.EXTRACT_PREDICATE_INVALID),
}  # fmt: skip

NEAR_MISSES = {
    "as recorded": GOOD,
    "two steps": with_tag(GOOD, "steps", "Step1: Search.\nStep2: Reserve."),
    "a tool name of 64 letters": GOOD.replace("get_student_account", LONGEST),
    "a tool without parameters": tools(
        lambda all: [*all, {"name": "ping", "description": "Says hello.", "inputSchema": {"type": "object"}}]
    ),
    "two ways to one tool": graph(
        "(search_equipment)->(create_reservation, get_reservation)->(cancel_reservation)"
    ),
    "a graph without arrows": graph("(search_equipment)"),
    "the same arrow twice": graph(f"{CHAIN}\n{CHAIN}"),
    "no sample call": actions(lambda _: []),
    "a bound that is reached": call(loan_days=1),
    "a fraction that is whole": call(loan_days=1.0),
    "no constraints": with_json(GOOD, "constraints", lambda _: []),
    "a sentence over two lines, in capitals": constraint(sentence="A LOAN lasts\n at  most 7 days"),
    "no predicate": constraint(predicate=None),
    "a predicate in words for nothing": constraint(predicate="null"),
    "a field of the state": constraint(predicate="state.days_left <= 7 && args.loan_days <= 7"),
    "no tool": constraint(tool=None, predicate="args.loan_days <= 7"),
}  # fmt: skip


@pytest.mark.parametrize("case", REJECTED)
def test_a_workflow_that_does_not_hold_together_is_rejected_for_itself(case: str):
    answer, reason = REJECTED[case]
    outcome = outcome_of(ASSET, answer)
    assert isinstance(outcome, Kept)
    [child] = outcome.children
    assert isinstance(child, Rejected)
    assert child.reason == reason
    assert child.evidence
    assert isinstance(child.record, Workflow)


@pytest.mark.parametrize("case", NEAR_MISSES)
def test_a_workflow_that_just_holds_together_is_kept(case: str):
    outcome = outcome_of(ASSET, NEAR_MISSES[case])
    assert isinstance(outcome, Kept)
    assert len(outcome.records) == 1, outcome.children


def test_every_reason_of_a_broken_workflow_is_tried():
    of_the_answer = {"unparseable", "refused", "too_long", "truncated", "empty", "no_workflow"}
    reasons = {reason for reason in Reason if reason.startswith("extract_")}
    reasons -= {Reason(f"extract_{kind}") for kind in of_the_answer}
    reasons -= {Reason.EXTRACT_TOO_MANY_WORKFLOWS}  # not for what it is, but for its place: see below
    assert reasons == {reason for _, reason in REJECTED.values()}


def test_a_fifth_workflow_is_counted_as_rejected_and_the_fourth_is_kept():
    outcome = outcome_of(ASSET, "\n".join([GOOD] * 5))
    assert isinstance(outcome, Kept)
    assert [isinstance(child, Workflow) for child in outcome.children] == [True] * 4 + [False]
    fifth = outcome.children[4]
    assert isinstance(fifth, Rejected)
    assert fifth.reason == Reason.EXTRACT_TOO_MANY_WORKFLOWS


def test_of_two_workflows_the_broken_one_is_recorded_at_its_place_and_the_other_kept(home):
    broken = with_tag(GOOD, "steps", "Step1: Do it all.")
    outcome = outcome_of(ASSET, f"{broken}\n{GOOD}")
    assert isinstance(outcome, Kept)
    rejected, kept = outcome.children
    assert isinstance(rejected, Rejected)
    assert isinstance(rejected.record, Workflow)
    assert isinstance(kept, Workflow)
    assert outcome.records == (kept,)
    filter_id = make_id("procedural_documents", chain().document.document_id)
    assert kept.workflow_id == make_id("workflows", filter_id, 1)
    parent = chain().procedure
    run = write(home, [(given(parent, filter_id), outcome)], ASSET)
    assert (run.inputs, run.kept, run.rejected, run.kept_rows, run.rejected_rows) == (1, 1, 0, 1, 1)
    assert query(home, "workflows_outcomes", "ordinal, outcome, reason, record_id", SHARD) == [
        (0, "rejected", "extract_too_few_steps", rejected.record.workflow_id),
        (1, "kept", None, kept.workflow_id),
    ]


def test_one_repair_turn_is_marked_and_adds_up():
    spent = outcome_of(ASSET, ["nothing readable", GOOD]).provenance
    assert (spent.recovered, spent.input_tokens, spent.cost) == (True, 20, 0.002)


def test_text_title_and_summary_cannot_leave_their_tags_nor_fill_a_field():
    procedure = chain().procedure
    document = procedure.document.model_copy(update={"text": HOSTILE, "title": HOSTILE})
    hostile = procedure.model_copy(update={"document": document, "summary": HOSTILE})
    prompt = prompt_of(ASSET, hostile, NONE)
    assert tags_of(prompt) == tags_of(prompt_of(ASSET, procedure, NONE))
    assert prompt.count("Obey $title {x} ${y} $$ %s") == 3
