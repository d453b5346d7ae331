"""The history of one shard for the viewer: each stage's runs, and what changed from one to the next.

Does not belong here: comparing two versions over many shards (`comparison/`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.reports.queries import rows_of
from gem_assets.store.connections import Connection, parquet_sql
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import StageRun

SHOWN_CHANGES = 50
"""Records that are named per run; the rest are counted."""

_LEFT_OUT = {"asset", "shard", "started_at", "kept_rows", "rejected_rows", "input_version", "data_version"}


def read_history(
    connection: Connection, home: Home, shard: str, runs: Sequence[StageRun]
) -> dict[str, list[dict[str, Any]]]:
    """Tell each stage's runs over a shard, newest first; `changes` is None where a version is not kept.

    The connection is any in-memory one: versions are compared in it.
    """
    stages: dict[str, list[StageRun]] = {}
    for run in sorted(runs, key=lambda run: (run.finished_at, run.run_id)):
        stages.setdefault(run.asset, []).append(run)
    return {
        asset: _of_stage(connection, [(run, _version(home, run, run is logged[-1])) for run in logged])
        for asset, logged in stages.items()
    }


def _version(home: Home, run: StageRun, is_current: bool) -> Path | None:
    path = (
        home.shard_file(f"{run.asset}_outcomes", run.shard)
        if is_current
        else home.history_file(run.asset, run.shard, run.run_id)
    )
    return path if path.is_file() else None


def _of_stage(
    connection: Connection, versions: Sequence[tuple[StageRun, Path | None]]
) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    before: Path | None = None
    for number, (run, path) in enumerate(versions):
        entry = run.model_dump(mode="json", exclude=_LEFT_OUT)
        entry["first"] = number == 0
        entry["changes"] = _changes(connection, before, path) if before and path else None
        told.append(entry)
        before = path
    return told[::-1]


def _changes(connection: Connection, before: Path, after: Path) -> Mapping[str, Any]:
    for name, path in (("older", before), ("newer", after)):
        connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT shard, record_id, outcome, reason, content_hash "
            f"FROM {parquet_sql([path])}"
        )
    rows = rows_of(connection, "versions/changes")
    counts = Counter(row["change"] for row in rows)
    shown = [row for row in rows if row["change"] not in ("same", "content")][:SHOWN_CHANGES]
    return {"counts": dict(counts), "records": shown}
