"""The log of runs: what each stage did with each shard, under which prompt, model and code.

A run's row is written into the shard file itself, where it is replaced together with the rows, and then
appended to the log. `reconcile` appends what a crash kept from being appended.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import Field

from gem_assets.records.base import Record, content_hash
from gem_assets.store.connections import open_memory, quote_files, table_files
from gem_assets.store.errors import map_file_errors
from gem_assets.store.files import append_line, only_writer
from gem_assets.store.home import Home
from gem_assets.store.sql_files import sql_names
from gem_assets.store.tables import read_metadata

METADATA_KEY = "stage_run"


class StageRun(Record):
    """One row of `stage_runs`; counts are inputs unless they say rows. Seconds and US dollars."""

    asset: str
    shard: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    inputs: int
    kept: int
    rejected: int
    failed: int
    kept_rows: int
    rejected_rows: int
    reasons: dict[str, int]
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    prompt_versions: tuple[str, ...]
    model: str | None
    code_version: str
    made_with: dict[str, str] = Field(default_factory=dict)
    """What `code_version` is the hash of; empty in runs that are older than this field."""
    input_version: str
    data_version: str

    @property
    def yield_share(self) -> float | None:
        """Kept / (kept + rejected); None where nothing was judged."""
        judged = self.kept + self.rejected
        return self.kept / judged if judged else None


def combine_runs(partition: str, runs: Sequence[StageRun]) -> StageRun:
    """Add up the runs that wrote a partition's shards; one run stays as it is."""
    if len(runs) == 1:
        return runs[0]
    newest = max(runs, key=lambda run: run.finished_at)
    counts = (
        "inputs",
        "kept",
        "rejected",
        "failed",
        "kept_rows",
        "rejected_rows",
        "input_tokens",
        "output_tokens",
    )
    costs = [run.cost for run in runs]
    reasons: Counter[str] = Counter()
    for run in runs:
        reasons.update(run.reasons)
    return newest.model_copy(
        update={
            **{name: sum(getattr(run, name) for run in runs) for name in counts},
            "shard": partition,
            "reasons": dict(sorted(reasons.items())),
            "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
            "seconds": max(run.seconds for run in runs),
            "prompt_versions": tuple(sorted({version for run in runs for version in run.prompt_versions})),
            "input_version": content_hash([run.input_version for run in runs]),
            "data_version": content_hash([run.data_version for run in runs]),
        }
    )


def append_stage_run(home: Home, run: StageRun) -> None:
    """Add a run to the log."""
    append_line(home.stage_runs, run.model_dump_json())


def current_stage_run(home: Home, asset: str, shard: str) -> StageRun | None:
    """Read which run wrote what a shard holds now; None where the stage never ran on it.

    Raises:
        StoreError: the shard's file is damaged.
    """
    path = home.shard_file(f"{asset}_outcomes", shard)
    metadata = read_metadata(path) or {}
    with map_file_errors(path):
        return _stage_run(metadata)


def run_that_wrote(metadata: Mapping[str, str]) -> str | None:
    """Name the run that wrote a shard, from what stands beside its rows."""
    run = _stage_run(metadata)
    return None if run is None else run.run_id


def reconcile(home: Home) -> int:
    """Append the runs that wrote their shard but were killed before they were logged; returns how many."""
    with only_writer(home.locks / "stage_runs.lock", "the log of runs", wait=True):
        logged = {(run.asset, run.shard, run.run_id) for run in read_stage_runs(home)}
        missing = [run for run in _written_runs(home) if (run.asset, run.shard, run.run_id) not in logged]
        for run in missing:
            append_stage_run(home, run)
    return len(missing)


def read_stage_runs(home: Home) -> list[StageRun]:
    """Read the log; a torn line is passed over."""
    if not home.stage_runs.is_file():
        return []
    # Not splitlines, which also splits at characters that JSON leaves as they are.
    lines = home.stage_runs.read_bytes().decode("utf-8", "replace").split("\n")
    runs: list[StageRun] = []
    for line in lines:
        try:
            runs.append(StageRun.model_validate_json(line))
        except ValueError:
            continue
    return runs


def _stage_run(metadata: Mapping[str, str]) -> StageRun | None:
    return StageRun.model_validate_json(metadata[METADATA_KEY]) if METADATA_KEY in metadata else None


def _written_runs(home: Home) -> list[StageRun]:
    runs: list[StageRun] = []
    for table in sql_names("tables"):
        if not table.endswith("_outcomes"):
            continue
        files = quote_files(table_files(home, table))
        with open_memory(home) as connection:
            found = connection.execute(
                f"SELECT file_name, value FROM parquet_kv_metadata({files}) WHERE key = ?",
                [METADATA_KEY.encode()],
            ).fetchall()
        for name, value in found:
            with map_file_errors(Path(name)):
                runs.append(StageRun.model_validate_json(value))
    return runs
