"""Whole chains of recorded answers, and the pipeline that carries one document all the way."""

import asyncio
import json
from typing import Any

import pytest

from gem_assets.llm.models import Models
from gem_assets.llm.protocol import Llm
from gem_assets.pipeline import synthesize
from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.stages.catalog import ASSETS, STAGES, stage_of
from gem_assets_tests.fakes import FailingLlm, ScriptedLlm
from gem_assets_tests.stages.chain import (
    ANSWERS,
    ESSAY,
    PROCEDURES,
    SETTINGS,
    chain,
    judge,
    recorded_answer,
    recorded_rows,
)

VARIANTS: dict[str, dict[str, Any]] = json.loads((ANSWERS / "variants.json").read_text("utf-8"))
REPAIRS = [
    (name, stage.asset)
    for name in PROCEDURES
    for stage in STAGES
    if isinstance(VARIANTS.get(name, {}).get(stage.prompt), dict)
]


def passed(name: str, llm: Llm) -> list[tuple[str, Any]]:
    models = Models(filter=llm, teacher=llm, judge=llm, for_role=lambda _: llm)

    async def collect() -> list[tuple[str, Any]]:
        return [each async for each in synthesize(recorded_rows()[name], models, SETTINGS)]

    return asyncio.run(collect())


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_procedure_passes_every_stage_once_in_order(name: str):
    outcomes = passed(name, ScriptedLlm(recorded_answer))
    assert [asset for asset, _ in outcomes] == list(ASSETS)
    assert all(isinstance(outcome, Kept) for _, outcome in outcomes)
    assert outcomes[-1][1].records == (chain(name).validated,)


def test_an_essay_stops_where_it_is_rejected():
    outcomes = passed(ESSAY, ScriptedLlm(recorded_answer))
    assert [asset for asset, _ in outcomes] == ["documents", "procedural_documents"]
    assert outcomes[-1][1].reason == Reason.FILTER_NOT_MULTI_STEP


def test_a_model_that_is_down_stops_a_document_without_raising():
    outcomes = passed(PROCEDURES[0], FailingLlm())
    assert [type(outcome).__name__ for _, outcome in outcomes] == ["Kept", "Failed"]


@pytest.mark.parametrize(("name", "asset"), REPAIRS)
def test_a_recorded_bad_answer_is_kept_after_one_repair_turn(name: str, asset: str):
    stage = stage_of(asset)
    variant = VARIANTS[name][stage.prompt]
    answers = [(ANSWERS / variant[turn]).read_text("utf-8") for turn in ("first_answer", "repair_answer")]
    llm = ScriptedLlm({stage.prompt: answers})
    outcome = judge(asset, chain(name).input_of(asset), llm)
    assert isinstance(outcome, Kept)
    assert outcome.provenance.recovered
    assert outcome.provenance.input_tokens == 20
    assert [result == "ok" for _, result in llm.parse_results] == [False, True]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.asset)
def test_a_recorded_refusal_in_words_is_no_answer(stage: Any):
    text = (ANSWERS / stage.prompt / "refusal.txt").read_text("utf-8")
    outcome = judge(stage, chain().input_of(stage.asset), ScriptedLlm({stage.prompt: text}))
    expected = "judge_unparseable" if stage.prefix == "judge" else f"{stage.prefix}_unparseable"
    assert not isinstance(outcome, Kept)
    assert outcome.reason == expected
    assert isinstance(outcome, Rejected) is (stage.prefix != "judge")


def test_the_answers_of_a_stage_are_the_records_it_gives():
    for stage in STAGES:
        assert isinstance(chain().records[stage.asset], stage.gives)
        assert isinstance(chain().input_of(stage.asset), stage.takes)
        assert stage.reads == ASSETS[ASSETS.index(stage.asset) - 1]
