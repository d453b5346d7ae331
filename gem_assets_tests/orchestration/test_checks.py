"""`up_to_date` tells what `gem stale` lists, and looks once at the end of a backfill, not once per shard."""

import dagster as dg
import pytest

from gem_assets.orchestration.assets.checks import BACKFILL_TAG
from gem_assets.orchestration.assets.partitions import register_shards
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.stages.catalog import ASSETS
from gem_assets.stages.staleness import find_stale
from gem_assets.store.home import Home
from gem_assets.store.raw import shard_names
from gem_assets_tests.configured import configured

WAITING = dg.DagsterRun(
    job_name="synthesise", status=dg.DagsterRunStatus.NOT_STARTED, tags={BACKFILL_TAG: "slow-one"}
)


@pytest.fixture
def home(carried: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GEM_HOME", str(carried.root))
    return carried


def look(home: Home, *waiting: dg.DagsterRun, **tags: str) -> dict[str, dg.AssetCheckEvaluation]:
    definitions = build_definitions(configured(home))
    with dg.DagsterInstance.ephemeral() as instance:
        register_shards(instance, home)
        for run in waiting:
            instance.add_run(run)
        keys = {dg.AssetCheckKey(dg.AssetKey(asset), "up_to_date") for asset in ASSETS}
        job = definitions.resolve_job_def("tables").get_subset(asset_check_selection=keys)
        result = job.execute_in_process(instance=instance, tags=tags)
    return {one.asset_key.to_user_string(): one for one in result.get_asset_check_evaluations()}


def test_the_check_of_each_asset_counts_what_is_stale_and_says_why(home: Home):
    home.shard_file("workflows_outcomes", shard_names(home)[0]).unlink()
    found = look(home)
    stale = find_stale(configured(home), shard_names(home))
    for asset in ASSETS:
        reasons = [item.reason for item in stale if item.asset == asset]
        assert found[asset].passed == (not reasons)
        assert found[asset].metadata["stale_shards"].value == len(reasons)
        assert all(reason in (found[asset].description or "") for reason in reasons)
    assert {item.asset for item in stale} == set(ASSETS[2:])


def test_a_run_of_a_backfill_looks_only_when_no_other_run_of_it_waits(home: Home):
    assert look(home, WAITING, **{BACKFILL_TAG: "slow-one"}) == {}
    assert set(look(home, **{BACKFILL_TAG: "slow-one"})) == set(ASSETS)


def test_runs_of_another_backfill_and_runs_without_one_do_not_keep_it_from_looking(home: Home):
    assert set(look(home, WAITING, **{BACKFILL_TAG: "another"})) == set(ASSETS)
    assert set(look(home, WAITING)) == set(ASSETS)
