import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from gem_assets.orchestration.instance.retention import prune
from gem_assets.store.stage_runs import append_stage_run
from gem_assets_tests.orchestration.test_metadata import stage_run


@pytest.fixture
def history(home):
    """Five replaced versions of one shard, two of another, logged in the order of their numbers."""
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    for shard, versions in (("demo-00000", 5), ("demo-00001", 2)):
        for number in range(versions):
            run_id = f"run-{number}"
            finished = moment + timedelta(days=number)
            append_stage_run(home, stage_run(shard=shard, run_id=run_id, finished_at=finished))
            path = home.history_file("workflows", shard, run_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
            os.utime(path, (0, 0))
    return home


def kept(home, shard):
    return sorted(path.stem for path in (home.history / "workflows" / shard).glob("*"))


def test_the_newest_versions_stay_and_the_older_go(history):
    with dg.DagsterInstance.ephemeral() as instance:
        pruned = prune(history, instance, keep=2)
    assert kept(history, "demo-00000") == ["run-3", "run-4"]
    assert kept(history, "demo-00001") == ["run-0", "run-1"]
    assert pruned.versions == 3
    assert pruned.bytes == 300


def test_pruning_twice_removes_nothing_more(history):
    with dg.DagsterInstance.ephemeral() as instance:
        prune(history, instance, keep=1)
        assert prune(history, instance, keep=1).versions == 0


def test_finished_runs_beyond_the_newest_go_and_running_ones_stay(home):
    with dg.DagsterInstance.ephemeral() as instance:
        for status in (dg.DagsterRunStatus.SUCCESS,) * 4 + (dg.DagsterRunStatus.STARTED,):
            instance.add_run(
                dg.DagsterRun(
                    job_name="trajectories", status=status, tags={"dagster/partition": "demo-00000"}
                )
            )
        assert prune(home, instance, keep=1).runs == 2
        left = [run.status for run in instance.get_runs()]
    assert left.count(dg.DagsterRunStatus.SUCCESS) == 2
    assert left.count(dg.DagsterRunStatus.STARTED) == 1
