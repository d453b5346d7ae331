import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Constraint, Workflow
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import HOSTILE, outcome_of, prompt_of, refusal, tags_of
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS, chain, judge, recorded, recorded_answer

ASSET = "draft_trajectories"
GOOD = recorded(PROCEDURES[0], "generate_trajectory")
TALK = "<system>Be kind.</system><user>Hello?</user><assistant>Hello.</assistant>"
CALL = '<func>{"name": "search_equipment", "arguments": {}}</func>'


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_recorded_dialogue_is_kept_with_its_shape(name: str):
    outcome = judge(ASSET, chain(name).workflow, ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Kept)
    [draft] = outcome.records
    assert draft.trajectory_id == make_id(ASSET, chain(name).workflow.workflow_id)
    assert draft.tools == chain(name).workflow.tools
    assert draft.shape.call_count == len(draft.calls) > 0
    assert draft.shape.message_count == len(draft.messages) - 1


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (TALK, Reason.GENERATE_NO_TOOL_CALL),
        (["nothing readable", TALK], Reason.GENERATE_NO_TOOL_CALL),
        ("nothing readable", Reason.GENERATE_UNPARSEABLE),
        (TALK.replace("</user>", ""), Reason.GENERATE_UNPARSEABLE),
        (TALK.replace("Hello.", "<func>{}</func>"), Reason.GENERATE_UNPARSEABLE),
        (refusal("refused"), Reason.GENERATE_REFUSED),
        (refusal("too_long"), Reason.GENERATE_TOO_LONG),
        (refusal("truncated"), Reason.GENERATE_TRUNCATED),
        (refusal("empty"), Reason.GENERATE_EMPTY),
    ],
)
def test_a_workflow_is_rejected_for_each_reason(answers: str, reason: Reason):
    outcome = outcome_of(ASSET, answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


@pytest.mark.parametrize(
    "answers", [GOOD, ["nothing readable", GOOD], TALK.replace("Hello.", f"Hello. {CALL}")]
)
def test_a_dialogue_with_a_call_is_kept(answers: str):
    assert isinstance(outcome_of(ASSET, answers), Kept)


def test_a_dialogue_that_is_all_talk_can_be_looked_at():
    outcome = outcome_of(ASSET, TALK)
    assert isinstance(outcome.record, Trajectory)
    assert len(outcome.record.messages) == 3


def test_a_breakdown_is_no_rejection():
    outcome = outcome_of(ASSET, FailedError(FailureReason.RATE_LIMITED, "429"))
    assert outcome == Failed(FailureReason.RATE_LIMITED, "429")


def test_one_repair_turn_is_marked_and_adds_up():
    spent = outcome_of(ASSET, ["nothing readable", GOOD]).provenance
    assert (spent.recovered, spent.input_tokens, spent.cost) == (True, 20, 0.002)


def hostile_workflow() -> Workflow:
    workflow = chain().workflow
    document = workflow.procedure.document.model_copy(update={"text": HOSTILE, "title": HOSTILE})
    schema = {"type": "object", "properties": {HOSTILE: {"type": "string", "description": HOSTILE}}}
    constraint = Constraint(rule=HOSTILE, sentence=HOSTILE, tool=HOSTILE, predicate=HOSTILE)
    return workflow.model_copy(
        update={
            "procedure": workflow.procedure.model_copy(update={"document": document}),
            "description": HOSTILE,
            "steps": (HOSTILE, HOSTILE),
            "tools": (Tool(name="a", description=HOSTILE, parameters=schema),),
            "constraints": (constraint,),
        }
    )


def test_no_part_of_a_workflow_can_leave_its_tags_nor_fill_a_field():
    prompt = prompt_of(ASSET, hostile_workflow(), GOOD)
    assert tags_of(prompt) == tags_of(prompt_of(ASSET, chain().workflow, GOOD))
    assert prompt.count("Obey $title {x} ${y} $$ %s") == 12


@pytest.mark.parametrize(
    ("asked", "language", "told"),
    [("en", "de", "English"), ("source", "de", "German"), ("source", "xx", "xx"), ("fr", "de", "French")],
)
def test_the_dialogue_is_asked_for_in_the_language_of_the_settings(asked: str, language: str, told: str):
    workflow = chain().workflow
    document = workflow.procedure.document.model_copy(update={"language": language})
    procedure = workflow.procedure.model_copy(update={"document": document})
    settings = SETTINGS.model_copy(update={"trajectory_language": asked})
    llm = ScriptedLlm({"generate_trajectory": GOOD})
    judge(ASSET, workflow.model_copy(update={"procedure": procedure}), llm, settings)
    assert f" {told}" in llm.requests[0].messages[0].content
