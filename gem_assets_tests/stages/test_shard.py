import asyncio
from typing import Any

import pytest

from gem_assets.llm.protocol import FailedError, Request, StopRunError
from gem_assets.llm.roles import OFFLINE_MODEL
from gem_assets.records.provenance import Provenance
from gem_assets.settings import Settings
from gem_assets.stages.catalog import ASSETS, stage_of
from gem_assets.stages.shard import ShardFailedError, StageContext, check_failures, run_stage_on_shards
from gem_assets.store.connections import Connection, open_live, open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.stage_runs import read_stage_runs
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import FailingLlm, ScriptedLlm
from gem_assets_tests.stages.chain import (
    ESSAY,
    PROCEDURES,
    carry,
    put_rows,
    recorded_answer,
    recorded_rows,
    serve,
)
from gem_assets_tests.store.writing import kept, write

SHARD = "demo-00000"


class OfflineScript(ScriptedLlm):
    """Answers as recorded, and stamps its answers as the baseline generator does."""

    async def complete(self, request: Request) -> Any:
        completion = await super().complete(request)
        stamped = completion.provenance.model_copy(update={"generator": OFFLINE_MODEL})
        return completion.model_copy(update={"provenance": stamped})


@pytest.fixture
def ingested(home: Home) -> Home:
    put_rows(home, list(recorded_rows().values()))
    return home


def generators(home: Home) -> dict[str, set[str | None]]:
    with open_live(home) as connection:
        return {
            asset: {row[0] for row in connection.execute(f"SELECT generator FROM {asset}").fetchall()}
            for asset in ASSETS[1:]
        }


def test_a_shard_is_carried_from_raw_rows_to_validated_trajectories(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    llm = ScriptedLlm(recorded_answer)
    serve(monkeypatch, llm)
    told: list[tuple[int, int]] = []
    runs = carry(settings, SHARD, "run", progress=lambda done, total: told.append((done, total)))
    assert [(run.asset, run.inputs, run.kept, run.rejected, run.failed) for run in runs] == [
        ("documents", 4, 4, 0, 0),
        ("procedural_documents", 4, 3, 1, 0),
        *((asset, 3, 3, 0, 0) for asset in ASSETS[2:]),
    ]
    assert runs[1].reasons == {"filter_not_multi_step": 1}
    assert read_stage_runs(ingested) == runs
    assert [run.input_version for run in runs[1:]] == [run.data_version for run in runs[:-1]]
    assert told[:4] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert len(llm.requests) == 4 + 3 * 4
    assert len(told) == 4 + len(llm.requests)
    assert sum(run.input_tokens for run in runs) == 10 * len(llm.requests)


def test_a_second_run_over_the_same_answers_changes_no_data_version(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    first, second = carry(settings, SHARD, "first"), carry(settings, SHARD, "second")
    assert [run.data_version for run in first] == [run.data_version for run in second]
    assert ingested.history_file("workflows", SHARD, "first").is_file()


@pytest.mark.parametrize(
    ("maker", "finisher", "stamped"),
    [
        (OfflineScript, ScriptedLlm, OFFLINE_MODEL),
        (ScriptedLlm, ScriptedLlm, "model"),
        (ScriptedLlm, OfflineScript, "model"),
    ],
)
def test_the_generator_of_a_workflow_is_that_of_its_trajectories(
    ingested: Home,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    maker: Any,
    finisher: Any,
    stamped: str,
):
    serve(monkeypatch, maker(recorded_answer))
    carry(settings, SHARD, "maker", until="draft_trajectories")
    serve(monkeypatch, finisher(recorded_answer, is_model=finisher is ScriptedLlm))
    with open_memory() as connection:
        for asset in ASSETS[4:]:
            context = StageContext("finisher", configured(settings))
            run_stage_on_shards(connection, stage_of(asset), [SHARD], context)
    found = generators(ingested)
    assert found["workflows"] == found["draft_trajectories"] == {stamped}
    assert found["validated_trajectories"] == {
        OFFLINE_MODEL if OfflineScript in (maker, finisher) else "model"
    }


def test_a_trajectory_that_no_model_judged_keeps_its_generator(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    carry(settings, SHARD, "model", until="refined_trajectories")
    serve(monkeypatch, ScriptedLlm({}, is_model=False))
    with open_memory() as connection:
        context = StageContext("no judge", configured(settings))
        run_stage_on_shards(connection, stage_of("validated_trajectories"), [SHARD], context)
    assert generators(ingested)["validated_trajectories"] == {"model"}


def test_a_wrong_setting_writes_nothing(ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    serve(monkeypatch, FailingLlm(StopRunError("GEM_API_KEY is refused")))
    with pytest.raises(StopRunError, match="GEM_API_KEY is refused"):
        carry(settings, SHARD, "run")
    assert [run.asset for run in read_stage_runs(ingested)] == ["documents"]
    assert not ingested.shard_file("procedural_documents_outcomes", SHARD).exists()


def test_a_model_that_is_down_leaves_a_shard_of_failures_that_a_later_run_judges(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, FailingLlm())
    run = carry(settings, SHARD, "down", until="procedural_documents")[-1]
    assert (run.inputs, run.failed, run.reasons) == (4, 4, {"connection": 4})
    with pytest.raises(ShardFailedError, match="4 of 4 inputs of procedural_documents demo-00000 failed"):
        check_failures(run, settings)
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    assert carry(settings, SHARD, "up", until="procedural_documents")[-1].failed == 0


def test_one_document_that_fails_takes_nothing_from_the_others(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    broken = recorded_rows()[PROCEDURES[1]].text[:30]

    def answer(request: Request) -> str:
        if broken in request.messages[0].content and request.task == "extract_workflows":
            raise FailedError("timeout", "slow", Provenance(input_tokens=1))  # pyright: ignore[reportArgumentType]
        return recorded_answer(request)

    serve(monkeypatch, ScriptedLlm(answer))
    runs = carry(settings, SHARD, "run")
    assert [(run.kept, run.failed) for run in runs[2:]] == [(2, 1), (2, 0), (2, 0), (2, 0)]


def test_a_shard_of_which_nothing_is_left_is_carried_on_empty(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    put_rows(home, [recorded_rows()[ESSAY]])
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    runs = carry(settings, SHARD, "run")
    assert [run.inputs for run in runs] == [1, 1, 0, 0, 0, 0]
    assert all(home.shard_file(f"{asset}_outcomes", SHARD).is_file() for asset in ASSETS)


def test_no_more_documents_are_asked_about_at_a_time_than_the_role_allows(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    active, most = 0, 0

    class Counting(ScriptedLlm):
        async def complete(self, request: Request) -> Any:
            nonlocal active, most
            active += 1
            most = max(most, active)
            await asyncio.sleep(0)
            active -= 1
            return await super().complete(request)

    serve(monkeypatch, Counting(recorded_answer))
    carry(settings, SHARD, "run", environment={"GEM_CONCURRENCY": "2"})
    assert most == 2


def test_an_input_that_was_rewritten_while_it_was_read_is_not_judged(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    carry(settings, SHARD, "first", until="documents")

    class Disturbed:
        """A connection during whose first query another process replaces the shard."""

        def __init__(self, connection: Connection) -> None:
            self._connection = connection

        def execute(self, query: str) -> Any:
            rows = self._connection.execute(query)
            write(ingested, [kept(1)], run_id="other")
            return rows

    with open_memory() as connection, pytest.raises(StoreError, match="was rewritten while it was read"):
        disturbed: Any = Disturbed(connection)
        context = StageContext("run", configured(settings))
        run_stage_on_shards(disturbed, stage_of("procedural_documents"), [SHARD], context)
    assert not ingested.shard_file("procedural_documents_outcomes", SHARD).exists()


@pytest.mark.parametrize(
    ("inputs", "failed", "share", "passes"),
    [
        (20, 0, 0.05, True),
        (20, 1, 0.05, True),
        (20, 2, 0.05, False),
        (19, 1, 0.05, False),
        (0, 0, 0.0, True),
        (1, 1, 1.0, True),
        (5, 1, 0.0, False),
    ],
)
def test_a_run_fails_when_more_inputs_failed_than_the_settings_allow(
    ingested: Home, settings: Settings, inputs: int, failed: int, share: float, passes: bool
):
    run = write(ingested, []).model_copy(
        update={"inputs": inputs, "failed": failed, "reasons": {"timeout": failed}}
    )
    allowed = settings.model_copy(update={"maximum_failed": share})
    if passes:
        check_failures(run, allowed)
    else:
        with pytest.raises(ShardFailedError, match="GEM_MAX_FAILED"):
            check_failures(run, allowed)


UNSTORABLE = {
    "nested so deeply that it cannot be written": "[" * 300 + "]" * 300,
    "nested so deeply that it cannot be read again": "[" * 230 + "]" * 230,
    "a number that is none": "1e999",
}


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
def test_an_answer_that_no_table_can_hold_costs_its_record_and_not_the_shard(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch, value: str
):
    broken = recorded_rows()[PROCEDURES[1]].text[:30]

    def answer(request: Request) -> str:
        text = recorded_answer(request)
        if broken in request.messages[0].content and request.task == "generate_trajectory":
            return text.replace('"arguments": {', f'"arguments": {{"odd": {value}, ', 1)
        return text

    serve(monkeypatch, ScriptedLlm(answer))
    runs = carry(settings, SHARD, "run", until="refined_trajectories")
    assert [(run.kept, run.rejected) for run in runs[3:]] == [(2, 1), (2, 0)]
    assert runs[3].reasons == {"generate_unparseable": 1}
