"""A partition holds one shard or a range of them; either way the same rows are written."""

import dagster as dg
import pytest

from gem_assets.orchestration.assets.partitions import add_missing, shards_of
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.configured import configured

RANGE = "demo-00000..00001"


@pytest.mark.parametrize(
    ("key", "shards"),
    [
        ("demo-00003", ["demo-00003"]),
        ("a-b-00009..00011", ["a-b-00009", "a-b-00010", "a-b-00011"]),
        ("demo-00004..00004", ["demo-00004"]),
    ],
)
def test_a_key_names_its_shards_in_order(key: str, shards: list[str]):
    assert shards_of(key) == shards


@pytest.mark.parametrize(
    "key", ["demo", "demo-1", "demo-00002..00001", "../x-00000..00001", "demo-00000..1", ""]
)
def test_a_key_that_names_no_shards_is_refused(key: str):
    with pytest.raises(StoreError):
        shards_of(key)


def written(home: Home) -> set[tuple[str, str]]:
    """The assets and shards that have rows."""
    with open_live(home) as connection:
        return set(connection.execute("SELECT DISTINCT asset, shard FROM outcomes").fetchall())


def test_a_range_of_shards_is_carried_together_and_written_shard_by_shard(carried: Home):
    for asset in ASSETS:
        for shard in shards_of(RANGE):
            carried.shard_file(f"{asset}_outcomes", shard).unlink()
    with dg.DagsterInstance.ephemeral() as instance:
        add_missing(instance, "corpus_shards", [RANGE])
        job = build_definitions(configured(carried)).resolve_job_def("synthesise")
        made = job.execute_in_process(instance=instance, partition_key=RANGE)
        again = job.execute_in_process(
            {"resources": {"options": {"config": {"force": False}}}}, instance=instance, partition_key=RANGE
        )
    judged = {shard for asset, shard in written(carried) if asset == "procedural_documents"}
    assert judged == set(shards_of(RANGE))
    runs = [current_stage_run(carried, asset, shard) for asset in ASSETS for shard in shards_of(RANGE)]
    assert {run.run_id for run in runs if run} == {made.run_id}
    [counted] = [
        event.materialization.metadata["inputs"].value
        for event in made.get_asset_materialization_events()
        if event.asset_key.to_user_string() == "documents"
    ]
    assert counted == sum(run.inputs for run in runs[:2] if run)
    left = again.get_asset_materialization_events()
    assert len(left) == len(ASSETS)
    assert all("up to date" in str(event.materialization.metadata["changed"].value) for event in left)
