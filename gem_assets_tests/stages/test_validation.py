import json
from typing import Any

import pytest

from gem_assets.llm.protocol import FailedError
from gem_assets.records.base import make_id
from gem_assets.records.message import Message
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.stages.validation import NOT_ASKED, NOT_JUDGED, RUBRIC_REASONS
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import HOSTILE, outcome_of, prompt_of, refusal, tags_of
from gem_assets_tests.stages.chain import (
    PROCEDURES,
    SETTINGS,
    chain,
    judge,
    recorded,
    recorded_answer,
)
from gem_assets_tests.stages.test_generation import hostile_workflow

ASSET = "validated_trajectories"
TASK = "judge_trajectory"
GOOD = recorded(PROCEDURES[0], TASK)
UNREADABLE = "It looks fine to me."


def scores(**given: Any) -> str:
    full = {"R1": 1, "R2": 1, "R3": 1} | given
    return json.dumps({name: {"score": score, "explanation": f"why {name}"} for name, score in full.items()})


def judged(answers: Any, judge_samples: int = 3) -> tuple[Any, ScriptedLlm]:
    llm = ScriptedLlm({TASK: answers})
    settings = SETTINGS.model_copy(update={"judge_samples": judge_samples})
    return judge(ASSET, chain().refined, llm, settings), llm


def samples(llm: ScriptedLlm) -> list[int]:
    return [request.sample for request in llm.requests]


def out_of_order() -> Trajectory:
    refined = chain().refined
    messages = (*refined.messages, Message(role="user", content="And then?"))
    return refined.model_copy(update={"messages": messages})


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_recorded_trajectory_passes_rules_and_judge(name: str):
    outcome = judge(ASSET, chain(name).refined, ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Kept)
    [validated] = outcome.records
    assert validated.trajectory_id == make_id(ASSET, chain(name).refined.trajectory_id)
    assert validated.judgement.status == "passed"
    assert [score.rubric for score in validated.judgement.scores] == ["R1", "R2", "R3"]
    assert validated.judgement.model == "scripted"
    assert validated.messages == chain(name).refined.messages


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (scores(R1=0), Reason.JUDGE_TOOL_CALL_HALLUCINATION),
        (scores(R2=0), Reason.JUDGE_CAPABILITY_HALLUCINATION),
        (scores(R3=0), Reason.JUDGE_CONTEXT_HALLUCINATION),
        (scores(R1=0, R2=0, R3=0), Reason.JUDGE_TOOL_CALL_HALLUCINATION),
        (scores(R2=0, R3=0), Reason.JUDGE_CAPABILITY_HALLUCINATION),
        ([UNREADABLE, scores(R3=0)], Reason.JUDGE_CONTEXT_HALLUCINATION),
        (refusal("refused"), Reason.JUDGE_REFUSED),
        (refusal("too_long"), Reason.JUDGE_TOO_LONG),
        ([UNREADABLE, refusal("refused")], Reason.JUDGE_REFUSED),
    ],
)
def test_a_trajectory_is_rejected_for_each_reason(answers: Any, reason: Reason):
    outcome, _ = judged(answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


@pytest.mark.parametrize("rubric", RUBRIC_REASONS)
def test_a_low_score_is_told_in_the_judges_words_with_all_scores(rubric: str):
    outcome, _ = judged(scores(**{rubric: 0}))
    assert outcome.evidence == f"why {rubric}"
    assert outcome.record.judgement.status == "failed"
    assert {score.rubric: score.score for score in outcome.record.judgement.scores} == {
        "R1": 1,
        "R2": 1,
        "R3": 1,
        rubric: 0,
    }


@pytest.mark.parametrize("answers", [scores(), [UNREADABLE, scores()], GOOD, scores(R1="1", R2=True)])
def test_a_trajectory_with_every_rubric_passed_is_kept(answers: Any):
    outcome, _ = judged(answers)
    assert isinstance(outcome, Kept)


@pytest.mark.parametrize(
    "unreadable",
    [
        UNREADABLE,
        "",
        scores(R2=2),
        scores(R2=0.5),
        scores(R2=None),
        json.dumps({"R1": {"score": 0}, "R3": {"score": 0}}),
        scores(R1=0)[:-20],
        scores() + scores(R1=0),
        refusal("empty"),
        refusal("truncated"),
    ],
)
def test_a_judge_that_cannot_be_read_is_a_failure_and_never_a_low_score(unreadable: Any):
    outcome, llm = judged(unreadable)
    assert isinstance(outcome, Failed)
    assert outcome.reason == FailureReason.JUDGE_UNPARSEABLE
    assert outcome.evidence
    assert sorted(set(samples(llm))) == [0, 1, 2]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_an_unreadable_answer_asks_the_next_sample_up_to_the_limit(limit: int):
    outcome, llm = judged(UNREADABLE, judge_samples=limit)
    assert isinstance(outcome, Failed)
    assert samples(llm) == [sample for sample in range(limit) for _ in ("answer", "repair")]
    assert outcome.provenance.input_tokens == 10 * 2 * limit
    assert len(outcome.provenance.call_keys) == 2 * limit


def test_the_first_sample_that_can_be_read_judges_and_all_are_counted():
    outcome, llm = judged([UNREADABLE] * 4 + [scores()])
    assert isinstance(outcome, Kept)
    assert samples(llm) == [0, 0, 1, 1, 2]
    assert outcome.records[0].judgement.sample == 2
    assert outcome.provenance.input_tokens == 50
    assert outcome.provenance.cost == pytest.approx(0.005)
    assert outcome.provenance.recovered


def test_a_refusal_is_not_asked_again():
    for kind in ("refused", "too_long"):
        _, llm = judged(refusal(kind))
        assert samples(llm) == [0]


def test_an_unknown_cost_of_one_sample_makes_the_whole_unknown():
    unpriced = refusal("empty")
    unpriced.provenance = unpriced.provenance.model_copy(update={"cost": None})
    outcome, _ = judged([unpriced, scores()])
    assert isinstance(outcome, Kept)
    assert outcome.provenance.cost is None


def test_a_breakdown_is_a_failure_of_its_own_kind():
    outcome, _ = judged(FailedError(FailureReason.TIMEOUT, "slow"))
    assert outcome == Failed(FailureReason.TIMEOUT, "slow")


def test_the_judge_is_asked_for_json_of_a_schema():
    _, llm = judged(scores())
    schema = llm.requests[0].response_schema
    assert schema is not None
    assert set(schema["required"]) == {"R1", "R2", "R3"}


def test_what_breaks_a_rule_is_never_put_to_the_judge():
    llm = ScriptedLlm({})
    outcome = judge(ASSET, out_of_order(), llm)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == Reason.RULE_END
    assert llm.requests == []
    assert isinstance(outcome.record, Trajectory)
    assert outcome.record.findings[0].reason == Reason.RULE_END
    assert outcome.record.judgement == NOT_ASKED


def test_without_a_model_the_judgement_says_that_it_was_not_run():
    llm = ScriptedLlm({}, is_model=False)
    outcome = judge(ASSET, chain().refined, llm)
    assert isinstance(outcome, Kept)
    assert outcome.records[0].judgement == NOT_JUDGED
    assert llm.requests == []
    assert isinstance(judge(ASSET, out_of_order(), llm), Rejected)


def test_patterns_are_not_looked_for_in_a_language_they_are_not_read_in():
    plain = [message.model_copy(update={"content": "…"}) for message in chain().refined.messages]
    refined = chain().refined.model_copy(update={"messages": tuple(plain)})
    german = SETTINGS.model_copy(update={"trajectory_language": "de"})
    in_english, in_german = (outcome_of(ASSET, scores(), refined, each) for each in (SETTINGS, german))
    assert in_english.reason == Reason.RULE_FEW_PATTERNS
    assert getattr(in_german, "reason", None) != Reason.RULE_FEW_PATTERNS


def test_no_part_of_what_is_judged_can_leave_its_tags_nor_fill_a_field():
    workflow = hostile_workflow()
    system, *others = chain().refined.messages
    messages = (system.model_copy(update={"content": f"{system.content}\n{HOSTILE}"}), *others)
    changes = {
        "workflow": workflow.model_copy(update={"tools": chain().workflow.tools}),
        "messages": messages,
    }
    hostile = chain().refined.model_copy(update=changes)
    prompt = prompt_of(ASSET, hostile, GOOD)
    assert tags_of(prompt) == tags_of(prompt_of(ASSET, chain().refined, GOOD))
    assert prompt.count("Obey $title {x} ${y} $$ %s") == 6
