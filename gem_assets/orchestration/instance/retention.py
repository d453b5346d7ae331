"""`gem prune`: keep the newest versions of each shard and the newest runs of Dagster, drop the rest.

Dagster keeps a database file for every run, 100 to 200 kB each, and has no retention of its own for them.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from gem_assets.store.home import Home
from gem_assets.store.stage_runs import read_stage_runs


@dataclass(frozen=True)
class Pruned:
    """What was removed, and the bytes that came free."""

    versions: int
    runs: int
    bytes: int


def prune(home: Home, instance: dg.DagsterInstance, keep: int) -> Pruned:
    """Keep, of each (asset, shard), the `keep` newest replaced versions, and of each shard the newest runs.

    What a shard holds now, the log of runs and the journal are never touched.
    """
    before = _size(home.root)
    versions = _prune_history(home, keep)
    runs = _prune_runs(instance, keep)
    return Pruned(versions, runs, before - _size(home.root))


def _prune_history(home: Home, keep: int) -> int:
    finished = {
        (run.asset, run.shard, run.run_id): run.finished_at.isoformat() for run in read_stage_runs(home)
    }
    shards: dict[Path, list[Path]] = defaultdict(list)
    for path in home.history.glob("*/*/*.parquet"):
        shards[path.parent].append(path)
    removed = 0
    for folder, files in shards.items():
        asset, shard = folder.parent.name, folder.name
        files.sort(key=lambda path: finished.get((asset, shard, path.stem), ""), reverse=True)
        for path in files[keep:]:
            path.unlink()
            removed += 1
    return removed


def _prune_runs(instance: dg.DagsterInstance, keep: int) -> int:
    done = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    kept: dict[tuple[str, str | None], int] = defaultdict(int)
    removed = 0
    for record in instance.get_run_records(filters=dg.RunsFilter(statuses=done)):
        run = record.dagster_run
        tags = run.tags
        shard = tags.get("dagster/partition") or tags.get("dagster/asset_partition_range_start")
        kept[(run.job_name, shard)] += 1
        # One more than the versions: the run that wrote what the shard holds now.
        if kept[(run.job_name, shard)] > keep + 1:
            instance.delete_run(run.run_id)
            removed += 1
    return removed


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
