"""Whole chains of recorded answers, and the pipeline that carries one document all the way."""

import asyncio
import json
from typing import Any

import pytest

from gem_assets.llm.models import Models
from gem_assets.llm.protocol import Llm
from gem_assets.pipeline import read_rows, synthesize
from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.stages.catalog import ASSETS, DEFAULT_WAY, reads, stage_of
from gem_assets.stages.stage import RAW_ROWS, Stage
from gem_assets_tests.fakes import FailingLlm, ScriptedLlm
from gem_assets_tests.stages.chain import (
    ANSWERS,
    ASKING,
    ESSAY,
    PROCEDURES,
    SETTINGS,
    chain,
    judge,
    recorded_answer,
    recorded_rows,
    status_of,
)

VARIANTS: dict[str, dict[str, Any]] = json.loads((ANSWERS / "variants.json").read_text("utf-8"))
REPAIRS = [
    (name, stage.asset)
    for name in PROCEDURES
    for stage in ASKING
    if isinstance(VARIANTS.get(name, {}).get(stage.prompts[0]), dict)
]


def passed(name: str, llm: Llm) -> list[tuple[str, Any]]:
    models = Models(filter=llm, teacher=llm, judge=llm, for_role=lambda _: llm)

    outcomes: list[tuple[str, Any]] = []

    def report(stage: Stage, outcome: Any) -> bool:
        outcomes.append((stage.asset, outcome))
        return True

    async def collect() -> None:
        for document in await read_rows([status_of(recorded_rows()[name])], SETTINGS, report):
            await synthesize(document, models, SETTINGS, report)

    asyncio.run(collect())
    return outcomes


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
    variant = VARIANTS[name][stage.prompts[0]]
    answers = [(ANSWERS / variant[turn]).read_text("utf-8") for turn in ("first_answer", "repair_answer")]
    llm = ScriptedLlm({stage.prompts[0]: answers})
    outcome = judge(asset, chain(name).input_of(asset), llm)
    assert isinstance(outcome, Kept)
    assert outcome.provenance.recovered
    assert outcome.provenance.input_tokens == 20
    assert [result == "ok" for _, result in llm.parse_results] == [False, True]


@pytest.mark.parametrize("stage", ASKING, ids=lambda stage: stage.asset)
def test_a_recorded_refusal_in_words_is_no_answer(stage: Any):
    text = (ANSWERS / stage.prompts[0] / "refusal.txt").read_text("utf-8")
    outcome = judge(stage, chain().input_of(stage.asset), ScriptedLlm({stage.prompts[0]: text}))
    expected = "judge_unparseable" if stage.prefix == "judge" else f"{stage.prefix}_unparseable"
    assert not isinstance(outcome, Kept)
    assert outcome.reason == expected
    assert isinstance(outcome, Rejected) is (stage.prefix != "judge")


def test_the_answers_of_a_stage_are_the_records_it_gives():
    for stage in DEFAULT_WAY.stages:
        assert isinstance(chain().records[stage.asset], stage.gives)
    for stage in ASKING:
        assert isinstance(chain().input_of(stage.asset), stage.takes)
        assert reads(stage) == ASSETS[ASSETS.index(stage.asset) - 1]
    assert reads(DEFAULT_WAY.stages[0]) == RAW_ROWS
