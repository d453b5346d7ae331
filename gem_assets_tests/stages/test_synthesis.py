"""Asset 9: one call writes tools and dialogue; read strictly, checked as the pipeline's own."""

import pytest

from gem_assets.datasets.examples import synthesizer_example, synthesizer_messages
from gem_assets.llm.protocol import FailedError
from gem_assets.llm.roles import ConfigurationError
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets.reports.comparison.ways import read_ways, ways_markdown, ways_text
from gem_assets.stages.catalog import SYNTHESIZED, own_stages
from gem_assets.stages.shard import StageContext, run_stage_on_shards
from gem_assets.stages.synthesizing import allot_procedures
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import shard_names
from gem_assets.store.stage_runs import StageRun
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import refusal
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS, chain, judge, recorded_answer, serve

ASSET = "synthesized_trajectories"
EXAMPLES = {name: synthesizer_example(chain(name).validated, SETTINGS) for name in PROCEDURES}
GOOD = EXAMPLES[PROCEDURES[0]]["answer"]
TALK = "<toolsets>[]</toolsets><system>Be kind.</system><user>Hello?</user><assistant>Hello.</assistant>"
SYNTHESIZER = {"GEM_SYNTHESIZER_MODEL": "openai/mine"}


def outcome_of(answers):
    return judge(ASSET, chain().procedure, ScriptedLlm({"synthesize_trajectory": answers}))


def answer_as_trained(request):
    """The Synthesizer as if it had learnt its rows by heart; other roles as recorded."""
    if request.task != "synthesize_trajectory":
        return recorded_answer(request)
    text = request.messages[0].content
    return next(example["answer"] for example in EXAMPLES.values() if text.endswith(example["text"]))


@pytest.mark.parametrize("name", PROCEDURES)
def test_it_is_asked_what_its_training_rows_ask_and_gives_back_what_they_hold(name):
    llm = ScriptedLlm(answer_as_trained)
    outcome = judge(ASSET, chain(name).procedure, llm)
    assert isinstance(outcome, Kept)
    [written] = outcome.records
    [request] = llm.requests
    assert request.messages[0].content == synthesizer_messages(EXAMPLES[name])[0]["content"]
    assert (written.tools, written.messages) == (chain(name).validated.tools, chain(name).validated.messages)
    assert written.document_id == chain(name).document.document_id


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (TALK, Reason.SYNTHESIZE_NO_TOOL_CALL),
        ("nothing readable", Reason.SYNTHESIZE_UNPARSEABLE),
        (GOOD.replace("</toolsets>", ""), Reason.SYNTHESIZE_UNPARSEABLE),
        (GOOD.replace("<toolsets>[", "<toolsets>["[:-1]), Reason.SYNTHESIZE_UNPARSEABLE),
        (refusal("refused"), Reason.SYNTHESIZE_REFUSED),
        (refusal("too_long"), Reason.SYNTHESIZE_TOO_LONG),
        (refusal("truncated"), Reason.SYNTHESIZE_TRUNCATED),
        (refusal("empty"), Reason.SYNTHESIZE_EMPTY),
    ],
)
def test_a_text_is_rejected_for_each_reason(answers, reason):
    outcome = outcome_of(answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


def test_one_call_is_enough_and_a_repaired_answer_is_kept():
    assert isinstance(outcome_of(GOOD), Kept)
    assert isinstance(outcome_of(["nothing readable", GOOD]), Kept)


def test_a_breakdown_is_no_verdict():
    outcome = outcome_of(FailedError(FailureReason.CONNECTION, "reset"))
    assert isinstance(outcome, Failed)


def synthesized(home: Home, limit: int | None = None) -> list[StageRun]:
    """Carry what is allotted of every shard through the Synthesizer's way, as its assets do."""
    configuration, runs = configured(home, SYNTHESIZER), list[StageRun]()
    for shard, most in allot_procedures(configuration, shard_names(home), limit).items():
        for stage in own_stages(SYNTHESIZED):
            context = StageContext("run", configuration, limit=most)
            with open_memory() as connection:
                runs += run_stage_on_shards(connection, stage, [shard], context)
    return runs


def test_shards_are_synthesized_checked_alike_and_set_beside_the_pipeline(carried: Home, monkeypatch):
    assert read_ways(carried) == ()
    serve(monkeypatch, ScriptedLlm(answer_as_trained))
    runs = synthesized(carried)
    assert sum(run.kept for run in runs if run.asset == ASSET) == len(PROCEDURES)
    [(pipeline, synthesizer)] = pairs_of_ways = read_ways(carried)
    with open_live(carried) as connection:
        pairs = connection.execute(
            "SELECT a.document_id, a.outcome, b.outcome, a.payload->'findings', b.payload->'findings' "
            "FROM validated_trajectories_outcomes AS a "
            "JOIN validated_synthesized_trajectories_outcomes AS b USING (document_id)"
        ).fetchall()
    assert len(pairs) == pipeline.documents == synthesizer.documents == len(PROCEDURES)
    # The same dialogue gets the same verdict, whichever way it came.
    assert [first for _, first, *_ in pairs] == [second for _, _, second, *_ in pairs]
    assert pipeline.validated == synthesizer.validated > 0
    assert 0 < synthesizer.output_tokens < pipeline.output_tokens
    for told in (ways_text(pairs_of_ways), ways_markdown(pairs_of_ways)):
        assert "dollars each" in told
        assert "say a tool is missing" in told


def test_a_pilot_leaves_the_rest_for_later(carried: Home, monkeypatch):
    serve(monkeypatch, ScriptedLlm(answer_as_trained))
    runs = synthesized(carried, 1)
    assert [run.kept for run in runs] == [1, 1]
    [(pipeline, synthesizer)] = read_ways(carried)
    assert pipeline.documents == synthesizer.documents == 1


def test_without_a_synthesizer_or_documents_it_is_one_sentence(carried: Home, home: Home):
    with pytest.raises(ConfigurationError, match="GEM_SYNTHESIZER_MODEL"):
        allot_procedures(configured(carried), shard_names(carried), None)
    with pytest.raises(StoreError, match="demo-00000 has no procedural documents yet"):
        allot_procedures(configured(home, SYNTHESIZER), ["demo-00000"], None)
