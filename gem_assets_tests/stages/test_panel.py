"""A panel of judges: how votes are counted, what a missing one does, and the whole of it over real HTTP."""

import json
from typing import Any

import pytest

from gem_assets.llm.configuration import read_models
from gem_assets.llm.panel import Panel
from gem_assets.llm.roles import ConfigurationError
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.reports.audit.audit import audit
from gem_assets.settings import Settings
from gem_assets.stages.catalog import stage_of
from gem_assets.stages.judging import decide
from gem_assets.stages.versions import version_of
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stages.asked import refusal
from gem_assets_tests.stages.chain import SETTINGS, carry, chain, judge, put_rows, recorded_rows
from gem_assets_tests.stub_server import StubServer

ASSET, TASK, SHARD = "validated_trajectories", "judge_trajectory", "demo-00000"
UNREADABLE = "It looks fine to me."


def scores(**given: int) -> str:
    full = {"R1": 1, "R2": 1, "R3": 1} | given
    return json.dumps({name: {"score": score, "explanation": f"why {name}"} for name, score in full.items()})


def voted(*answers: Any, rule: str = "majority") -> Any:
    members = tuple(ScriptedLlm({TASK: answer}, identity=f"judge {at}") for at, answer in enumerate(answers))
    settings = SETTINGS.model_copy(update={"judge_rule": rule, "judge_samples": 1})
    return judge(ASSET, chain().refined, Panel(members), settings)


@pytest.mark.parametrize(
    ("verdicts", "majority", "unanimous"),
    [
        ([True, True, True], True, True),
        ([True, True, False], True, False),
        ([True, False, False], False, False),
        ([True, False], False, False),
        ([True, None, True], True, None),
        ([False, None, False], False, False),
        ([True, None, False], None, False),
        ([None, None, True], None, None),
        ([False, None], False, False),
        ([True, None], None, None),
    ],
)
def test_votes_decide_only_what_the_missing_ones_could_not_turn(
    verdicts: list[bool | None], majority: bool | None, unanimous: bool | None
):
    assert decide(verdicts, "majority") is majority
    assert decide(verdicts, "unanimous") is unanimous


def test_one_dissenting_vote_of_three_is_overruled_and_kept_on_record():
    outcome = voted(scores(), scores(R2=0), scores())
    assert isinstance(outcome, Kept)
    judgement = outcome.records[0].judgement
    assert judgement.status == "passed"
    assert [vote.passes for vote in judgement.votes] == [True, False, True]
    assert [vote.model for vote in judgement.votes] == ["judge 0", "judge 1", "judge 2"]
    assert (judgement.rule, judgement.model) == ("majority", "judge 0 + judge 1 + judge 2")
    assert all(score.score == 1 for score in judgement.scores)


def test_one_dissenting_vote_rejects_where_all_must_agree():
    outcome = voted(scores(), scores(R2=0), scores(), rule="unanimous")
    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.evidence) == (Reason.JUDGE_CAPABILITY_HALLUCINATION, "why R2")
    assert outcome.record.judgement.status == "failed"


def test_the_rubric_that_most_of_them_fault_is_the_reason():
    outcome = voted(scores(R1=0, R3=0), scores(R3=0), scores())
    assert isinstance(outcome, Rejected)
    assert outcome.reason == Reason.JUDGE_CONTEXT_HALLUCINATION


def test_judges_that_fault_different_rubrics_reject_all_the_same():
    assert isinstance(voted(scores(R1=0), scores(R2=0), scores(R3=0)), Rejected)


@pytest.mark.parametrize("missing", [UNREADABLE, refusal("refused"), refusal("too_long")])
def test_a_missing_vote_that_decides_nothing_is_recorded_and_passed_over(missing: Any):
    outcome = voted(scores(), missing, scores())
    assert isinstance(outcome, Kept)
    vote = outcome.records[0].judgement.votes[1]
    assert (vote.passes, bool(vote.missing)) == (None, True)


def test_without_enough_votes_the_record_is_failed_and_never_low():
    outcome = voted(scores(), UNREADABLE, scores(R1=0))
    assert isinstance(outcome, Failed)
    assert outcome.reason == FailureReason.JUDGE_UNPARSEABLE
    assert outcome.provenance.input_tokens == 10 * 4, (
        "both votes, and the answer with its repair, are counted"
    )


PANEL = {"GEM_MODEL": "openai/one", "GEM_JUDGE_2_MODEL": "openai/two", "GEM_JUDGE_3_MODEL": "openai/three"}


def test_a_panel_is_read_and_its_members_change_the_code_version():
    stage = stage_of(ASSET)
    panel = read_models(PANEL).panel()
    assert [member.model for member in panel] == [
        "openai/one",
        "openai/two",
        "openai/three",
    ]
    versions = {
        version_of(stage, configured(settings, environment)).code_version
        for environment, settings in (
            ({"GEM_MODEL": "openai/one"}, SETTINGS),
            ({key: value for key, value in PANEL.items() if "3" not in key}, SETTINGS),
            (PANEL, SETTINGS),
            (PANEL, SETTINGS.model_copy(update={"judge_rule": "unanimous"})),
            ({**PANEL, "GEM_JUDGE_3_TEMPERATURE": "0.9"}, SETTINGS),
        )
    }
    assert len(versions) == 5
    teacher = stage_of("draft_trajectories")
    alone = configured(SETTINGS, {"GEM_MODEL": "openai/one"})
    assert version_of(teacher, configured(SETTINGS, PANEL)) == version_of(teacher, alone)


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"GEM_JUDGE_2_MODEL": "openai/two"}, "cannot vote"),
        ({"GEM_MODEL": "openai/one", "GEM_JUDGE_2_BASE_URL": "http://127.0.0.1:1/v1"}, "GEM_JUDGE_2_MODEL"),
        ({"GEM_MODEL": "openai/one", "GEM_JUDGE_2_MODEL": "offline/procedural"}, "offline/procedural"),
    ],
)
def test_a_panel_that_cannot_vote_is_refused_in_a_sentence(environment: dict[str, str], named: str):
    with pytest.raises(ConfigurationError, match=named):
        read_models(environment).panel()


def test_a_shard_is_judged_by_three_models_and_nothing_is_bought_again(home: Home, settings: Settings):
    put_rows(home, list(recorded_rows().values()))
    recorded = RecordedAnswers(
        DATA / "recorded_answers", DATA / "recorded_documents.jsonl", CHECKOUT / "gem_assets" / "prompts"
    )

    def serve(request: dict[str, Any]) -> Any:
        return scores(R2=0) if request["model"] == "strict" else recorded(request)

    with StubServer(serve) as server:
        environment = {
            "GEM_MODEL": "openai/stub-model",
            "GEM_BASE_URL": server.url,
            "GEM_API_KEY": "key",
            "GEM_JUDGE_2_MODEL": "openai/stub-again",
            "GEM_JUDGE_3_MODEL": "openai/strict",
        }
        runs = carry(settings, SHARD, "run-0", environment=environment)
        assert (runs[-1].kept, runs[-1].rejected, runs[-1].failed) == (3, 0, 0)
        asked = len(server.requests)
        again = carry(settings, SHARD, "run-1", environment=environment)
        assert len(server.requests) == asked, "every vote is in the journal"
        assert again[-1].data_version == runs[-1].data_version
        assert "openai/stub-again" in (runs[-1].model or "")
        unanimous = settings.model_copy(update={"judge_rule": "unanimous"})
        strict = carry(unanimous, SHARD, "run-2", environment=environment)
        assert (strict[-1].kept, strict[-1].rejected) == (0, 3)
    with open_live(home) as connection:
        ((record_id,), *_) = connection.execute(
            "FROM validated_trajectories_outcomes SELECT record_id"
        ).fetchall()
        (votes,) = connection.execute(
            "SELECT DISTINCT json_array_length(judgement->'votes') FROM validated_trajectories_outcomes"
        ).fetchall()
    assert votes == (3,)
    told = audit(home, record_id)
    assert "strict: R1 = 1, R2 = 0, R3 = 1" in " ".join(told.split())
