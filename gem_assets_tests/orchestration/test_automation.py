"""When warehouse and report are built by themselves: after what they read, once, and not beside every run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured

TABLES = {"warehouse", "yield_report"}
SHARDS = ["demo-00000", "demo-00001"]
BEGIN = datetime(2026, 5, 4, 12, 1, tzinfo=UTC)


class Looks:
    """Dagster's automation, asked tick by tick what it would build."""

    def __init__(self, home: Home, instance: dg.DagsterInstance) -> None:
        self._definitions = build_definitions(configured(home))
        self._instance = instance
        self._cursor = None
        instance.add_dynamic_partitions("corpus_shards", SHARDS)

    def look(self, minutes: float = 0) -> set[str]:
        found = dg.evaluate_automation_conditions(
            self._definitions,
            self._instance,
            dg.AssetSelection.assets(*TABLES),
            evaluation_time=BEGIN + timedelta(minutes=minutes),
            cursor=self._cursor,
        )
        self._cursor = found.cursor
        return {name for name in TABLES if found.get_num_requested(dg.AssetKey(name))}

    def done(self, name: str, shard: str | None = None) -> None:
        self._instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=shard))

    def under_way(self, job: str, shard: str | None = None) -> dg.DagsterRun:
        assets = TABLES if shard is None else ASSETS
        return self._instance.create_run_for_job(
            self._definitions.resolve_job_def(job),
            tags={"dagster/partition": shard} if shard else {},
            asset_selection=frozenset(map(dg.AssetKey, assets)),
            status=dg.DagsterRunStatus.STARTED,
        )

    def end(self, run: dg.DagsterRun) -> None:
        self._instance.report_run_failed(run)


@pytest.fixture
def looks(home: Home) -> Iterator[Looks]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Looks(home, instance)


def test_they_follow_what_was_made_and_then_rest(looks: Looks):
    assert looks.look() == set()
    looks.done("validated_trajectories", SHARDS[0])
    assert looks.look(0.5) == TABLES
    looks.done("warehouse")
    looks.done("yield_report")
    assert looks.look(1) == set()
    assert looks.look(1.5) == set()


def test_beside_a_run_they_wait_for_its_end(looks: Looks):
    looks.look()
    run = looks.under_way("synthesise", SHARDS[1])
    looks.done("validated_trajectories", SHARDS[0])
    assert looks.look(0.5) == set()
    assert looks.look(1) == set()
    looks.end(run)
    assert looks.look(1.5) == TABLES


def test_beside_a_long_backfill_they_are_built_by_the_clock(looks: Looks):
    looks.look()
    looks.under_way("synthesise", SHARDS[1])
    looks.done("validated_trajectories", SHARDS[0])
    assert looks.look(0.5) == set()
    assert looks.look(9.5) == TABLES


def test_what_was_made_while_they_were_built_is_not_forgotten(looks: Looks):
    looks.look()
    looks.done("validated_trajectories", SHARDS[0])
    assert looks.look(0.5) == TABLES
    building = looks.under_way("tables")
    assert looks.look(1) == set()
    looks.done("validated_trajectories", SHARDS[1])
    assert looks.look(1.5) == set()
    looks.end(building)
    assert looks.look(2) == TABLES
