"""The Dagster instance under GEM_HOME, ready to use: configured, with every shard a partition.

Also settles runs whose process was killed, which Dagster would show as running for ever.
"""

import os
import shutil
from pathlib import Path

import dagster as dg

from gem_assets.orchestration.assets.datasets import register_recipes
from gem_assets.orchestration.assets.evaluations import register_evaluated_models
from gem_assets.orchestration.assets.itool import register_rounds
from gem_assets.orchestration.assets.partitions import register_shards
from gem_assets.store.files import is_alive, only_writer
from gem_assets.store.home import Home

PROCESS_TAG = "gem/process"


def open_instance(home: Home) -> dg.DagsterInstance:
    """Open the instance, register new shards, and mark runs of dead processes as failed."""
    prepare(home)
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    # Two processes that create Dagster's databases at the same moment leave them unusable.
    with only_writer(home.locks / "dagster.lock", "Dagster's databases", wait=True):
        instance = dg.DagsterInstance.get()
        instance.all_instigator_state()
        register_shards(instance, home)
        register_recipes(instance, home)
        register_evaluated_models(instance, home)
        register_rounds(instance, home)
        settle_dead_runs(instance)
    return instance


def prepare(home: Home) -> None:
    """Put the project's dagster.yaml where DAGSTER_HOME looks for it."""
    home.dagster.mkdir(parents=True, exist_ok=True)
    package = Path(__file__).resolve().parents[2]
    packaged = package / "dagster.yaml"
    source = packaged if packaged.is_file() else package.parent / "dagster.yaml"
    target = home.dagster / "dagster.yaml"
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def settle_dead_runs(instance: dg.DagsterInstance) -> int:
    """Fail the runs that say they are under way in a process that no longer exists; returns how many."""
    filters = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    settled = 0
    for run in instance.get_runs(filters=filters):
        process = run.tags.get(PROCESS_TAG, "")
        if process.isdigit() and not is_alive(int(process)):
            instance.report_run_failed(run, f"its process {process} was killed; materialise the shard again")
            settled += 1
    return settled
