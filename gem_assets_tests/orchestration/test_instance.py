"""The instance under GEM_HOME: every shard a partition, and no run of a dead process shown as running."""

import os
import subprocess
import sys

import dagster as dg
import pytest

from gem_assets.orchestration.assets.partitions import register_shards
from gem_assets.orchestration.instance.opening import PROCESS_TAG, open_instance, settle_dead_runs


@pytest.fixture
def dead_process():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return child.pid


def test_only_runs_of_dead_processes_are_settled(dead_process):
    with dg.DagsterInstance.ephemeral() as instance:
        for process in (dead_process, os.getpid()):
            instance.add_run(
                dg.DagsterRun(
                    job_name="trajectories",
                    status=dg.DagsterRunStatus.STARTED,
                    tags={PROCESS_TAG: str(process)},
                )
            )
        assert settle_dead_runs(instance) == 1
        found = {run.tags[PROCESS_TAG]: run.status for run in instance.get_runs()}
    assert found[str(dead_process)] == dg.DagsterRunStatus.FAILURE
    assert found[str(os.getpid())] == dg.DagsterRunStatus.STARTED


def test_new_shards_become_partitions_once(home):
    for name in ("demo-00000", "demo-00001"):
        path = home.shard_file("raw_rows", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    with dg.DagsterInstance.ephemeral() as instance:
        assert register_shards(instance, home) == ["demo-00000", "demo-00001"]
        assert register_shards(instance, home) == []


def test_the_instance_lives_in_the_home_whatever_the_working_directory(home, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", "")
    with open_instance(home) as instance:
        assert str(home.dagster) in instance.storage_directory()
    assert list(elsewhere.iterdir()) == []
