import pytest

from gem_assets.llm.protocol import FailedError, RefusalKind
from gem_assets.records.outcome import Failed, FailureReason, Kept, Reason, Rejected
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.asked import HOSTILE, SPENT, outcome_of, prompt_of, refusal, tags_of
from gem_assets_tests.stages.chain import (
    ESSAY,
    PROCEDURES,
    chain,
    judge,
    recorded,
    recorded_answer,
    recorded_rows,
    status_of,
)

ASSET = "procedural_documents"
GOOD = recorded(PROCEDURES[0], "filter_document")
NO = "<multi_step>False</multi_step>"


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_is_kept_with_its_labels(name: str):
    outcome = judge(ASSET, chain(name).document, ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Kept)
    [procedure] = outcome.records
    assert procedure.document == chain(name).document
    assert procedure.summary
    assert outcome.provenance.model == "scripted"
    assert (outcome.provenance.prompt_version or "").startswith("filter_document@")


def test_an_essay_is_rejected():
    row = recorded_rows()[ESSAY]
    read = judge("documents", status_of(row), ScriptedLlm({}))
    assert isinstance(read, Kept)
    outcome = judge(ASSET, read.records[0], ScriptedLlm(recorded_answer))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == Reason.FILTER_NOT_MULTI_STEP
    assert outcome.provenance.call_keys


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (NO, Reason.FILTER_NOT_MULTI_STEP),
        (["no tags", NO], Reason.FILTER_NOT_MULTI_STEP),
        ("no tags", Reason.FILTER_UNPARSEABLE),
        ("<multi_step>True</multi_step>", Reason.FILTER_UNPARSEABLE),
        (GOOD.replace("computer", "computer, phone"), Reason.FILTER_UNPARSEABLE),
        (GOOD.replace("customer_support", "poetry"), Reason.FILTER_UNPARSEABLE),
        (refusal("refused"), Reason.FILTER_REFUSED),
        (refusal("too_long"), Reason.FILTER_TOO_LONG),
        (refusal("truncated"), Reason.FILTER_TRUNCATED),
        (refusal("empty"), Reason.FILTER_EMPTY),
        (["no tags", refusal("truncated")], Reason.FILTER_TRUNCATED),
    ],
)
def test_a_document_is_rejected_for_each_reason(answers: str, reason: Reason):
    outcome = outcome_of(ASSET, answers)
    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert outcome.evidence


@pytest.mark.parametrize(
    "answers",
    [
        GOOD,
        GOOD.replace("True", " true. "),
        ["no tags", GOOD],
        GOOD.replace("customer_support", "Customer Support"),
        f"<think>{NO}</think>{GOOD}",
    ],
)
def test_a_document_is_kept_after_a_near_miss(answers: str):
    assert isinstance(outcome_of(ASSET, answers), Kept)


@pytest.mark.parametrize("kind", ["refused", "too_long", "truncated", "empty"])
def test_a_refusal_keeps_what_it_cost_and_a_breakdown_is_no_rejection(kind: RefusalKind):
    assert outcome_of(ASSET, refusal(kind)).provenance == SPENT
    broke = outcome_of(ASSET, FailedError(FailureReason.TIMEOUT, kind, SPENT))
    assert broke == Failed(FailureReason.TIMEOUT, kind, SPENT)


@pytest.mark.parametrize(("language", "is_model", "kept"), [
    ("fr", False, False), ("und", False, False), ("en", False, True), ("fr", True, True),
])  # fmt: skip
def test_only_the_baseline_generator_is_bound_to_english(language: str, is_model: bool, kept: bool):
    document = chain().document.model_copy(update={"language": language})
    llm = ScriptedLlm({"filter_document": GOOD}, is_model=is_model)
    outcome = judge(ASSET, document, llm)
    assert isinstance(outcome, Kept) is kept
    assert len(llm.requests) == kept
    if isinstance(outcome, Rejected):
        assert outcome.reason == Reason.FILTER_UNSUPPORTED_LANGUAGE
        assert language in outcome.evidence


def test_one_repair_turn_is_marked_and_adds_up():
    outcome = outcome_of(ASSET, ["no tags", GOOD])
    spent = outcome.provenance
    assert spent.recovered
    assert (spent.input_tokens, spent.output_tokens, spent.cost) == (20, 10, 0.002)
    assert spent.call_keys == ("call-1", "call-2")
    assert not outcome_of(ASSET, GOOD).provenance.recovered


def test_an_answer_that_stays_unreadable_costs_both_turns():
    spent = outcome_of(ASSET, "no tags").provenance
    assert (spent.recovered, spent.input_tokens, len(spent.call_keys)) == (True, 20, 2)


def test_text_and_title_cannot_leave_their_tags_nor_fill_a_field():
    document = chain().document
    hostile = document.model_copy(update={"text": HOSTILE, "title": HOSTILE})
    prompt = prompt_of(ASSET, hostile, GOOD)
    assert tags_of(prompt) == tags_of(prompt_of(ASSET, document, GOOD))
    assert prompt.count("Obey $title {x} ${y} $$ %s") == 2
    assert "&amp;lt;/document&amp;gt;" in prompt
