"""What a stage reads and writes: the kept records of the asset before it, and its own outcomes.

One file per (asset, shard) holds all outcomes, so a replacement is atomic and the ledger adds up by
construction. The version it replaces stays in the history.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from gem_assets.records.base import Record, content_hash, make_id
from gem_assets.records.outcome import Failed, Kept, Outcome, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.store.connections import Connection, check_table, parquet_sql
from gem_assets.store.home import Home, check_shard
from gem_assets.store.parts import write_part
from gem_assets.store.stage_runs import METADATA_KEY, StageRun, append_stage_run, run_that_wrote
from gem_assets.store.tables import as_json, as_text

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class StageInput(Generic[R]):
    """A record a stage is to judge."""

    record_id: str
    document_id: str
    record: R
    generator: str | None = None
    """Who made it, where a model or the baseline generator did."""
    child_id: str | None = None
    """The id of what is made of it, where that is none of a stage's: a document's comes from its source."""


@dataclass(frozen=True)
class ShardWrite:
    """Everything about one run of a stage over a shard but the outcomes."""

    asset: str
    shard: str
    run_id: str
    started_at: datetime
    finished_at: datetime
    model: str | None
    code_version: str
    input_version: str
    made_with: dict[str, str] = field(default_factory=dict[str, str])
    """What the code version is the hash of."""


Columns = Callable[[Any], dict[str, Any]]
"""Gives the own columns of a stage for a record."""


def child_id(asset: str, stage_input: StageInput[Any], ordinal: int) -> str:
    """Name the `ordinal`-th record that an asset makes of an input."""
    return stage_input.child_id or make_id(asset, stage_input.record_id, ordinal)


def read_kept(
    connection: Connection, home: Home, asset: str, shard: str, kind: type[R]
) -> list[StageInput[R]]:
    """Read the kept records of an asset's shard, in a fixed order; empty where it was never written."""
    path = home.shard_file(check_table(f"{asset}_outcomes"), shard)
    if not path.is_file():
        return []
    rows = connection.execute(
        f"SELECT record_id, document_id, payload, generator FROM {parquet_sql([path])} "
        "WHERE outcome = 'kept' ORDER BY record_id"
    ).fetchall()
    return [StageInput(row[0], row[1], kind.model_validate_json(row[2]), row[3]) for row in rows]


def write_outcomes(
    home: Home,
    write: ShardWrite,
    outcomes: Sequence[tuple[StageInput[Any], Outcome[Any]]],
    columns: Columns,
) -> StageRun:
    """Replace a shard by these outcomes, keep the version before, and log the run.

    Raises:
        StoreError: another process is writing the same shard of the same asset, or the disk refuses.
    """
    rows = [
        {**row, "shard": write.shard, "run_id": write.run_id, "code_version": write.code_version}
        for given, outcome in outcomes
        for row in _rows_of(write.asset, given, outcome, columns)
    ]
    run = _summarise(write, outcomes, rows)
    table = f"{write.asset}_outcomes"
    write_part(
        home,
        table,
        check_shard(write.shard),
        rows,
        what=f"{write.asset} of {write.shard}",
        metadata={METADATA_KEY: run.model_dump_json()},
        history=run_that_wrote,
    )
    append_stage_run(home, run)
    return run


def _rows_of(
    asset: str, given: StageInput[Any], outcome: Outcome[Any], columns: Columns
) -> Iterator[dict[str, Any]]:
    if not isinstance(outcome, Kept):
        yield _row(asset, given, 0, outcome, outcome.provenance) | _own(outcome, columns)
        return
    for ordinal, child in enumerate(outcome.children):
        # What a fan-out cost stands on its first row, so that a sum over rows is what was spent.
        provenance = outcome.provenance if ordinal == 0 else _without_cost(outcome.provenance)
        yield _row(asset, given, ordinal, child, provenance) | _own(child, columns)


def _own(child: Record | Rejected | Failed, columns: Columns) -> dict[str, Any]:
    """Give the own columns of a record, also of a rejected one, as far as it came."""
    record = _record_of(child)
    return {} if record is None else _storable(columns(record))


def _record_of(child: Record | Rejected | Failed) -> Record | None:
    return child if isinstance(child, Record) else getattr(child, "record", None)


def _row(
    asset: str,
    given: StageInput[Any],
    ordinal: int,
    child: Record | Rejected | Failed,
    provenance: Provenance,
) -> dict[str, Any]:
    record = _record_of(child)
    payload = record.model_dump(mode="json") if record is not None else None
    row: dict[str, Any] = {
        "record_id": child_id(asset, given, ordinal),
        "parent_id": given.record_id,
        "ordinal": ordinal,
        "document_id": given.document_id,
        "outcome": _outcome_name(child),
        "reason": None,
        "evidence": None,
        **provenance.model_dump(mode="json"),
        "content_hash": content_hash(payload) if payload is not None else None,
        "payload": as_json(payload) if payload is not None else None,
    }
    if isinstance(child, Rejected | Failed):
        row |= {"reason": str(child.reason), "evidence": child.evidence}
    return _storable(row)


def _outcome_name(child: Record | Rejected | Failed) -> str:
    if isinstance(child, Rejected):
        return "rejected"
    return "failed" if isinstance(child, Failed) else "kept"


def _without_cost(provenance: Provenance) -> Provenance:
    return provenance.model_copy(update={"input_tokens": 0, "output_tokens": 0, "cost": 0.0, "seconds": 0.0})


def _storable(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_text(value) if isinstance(value, str) else value for name, value in columns.items()}


def _summarise(
    write: ShardWrite,
    outcomes: Sequence[tuple[StageInput[Any], Outcome[Any]]],
    rows: Sequence[Mapping[str, Any]],
) -> StageRun:
    judged = [_outcome_of_input(outcome) for _, outcome in outcomes]
    reasons: dict[str, int] = {}
    for row in rows:
        if row["reason"] is not None:
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    costs = [row["cost"] for row in rows]
    return StageRun(
        **vars(write),
        inputs=len(outcomes),
        kept=judged.count("kept"),
        rejected=judged.count("rejected"),
        failed=judged.count("failed"),
        kept_rows=sum(row["outcome"] == "kept" for row in rows),
        rejected_rows=sum(row["outcome"] == "rejected" for row in rows),
        reasons=dict(sorted(reasons.items())),
        input_tokens=sum(row["input_tokens"] for row in rows),
        output_tokens=sum(row["output_tokens"] for row in rows),
        cost=None if None in costs else sum(costs),
        seconds=round((write.finished_at - write.started_at).total_seconds(), 3),
        prompt_versions=tuple(sorted({row["prompt_version"] for row in rows if row["prompt_version"]})),
        data_version=_data_version(rows),
    )


def _outcome_of_input(outcome: Outcome[Any]) -> str:
    if isinstance(outcome, Kept):
        return "kept" if outcome.records else "rejected"
    return _outcome_name(outcome)


def _data_version(rows: Sequence[Mapping[str, Any]]) -> str:
    """Hash what a reader downstream can see; run, cost and seconds do not count."""
    told = ("record_id", "parent_id", "outcome", "reason", "content_hash")
    return content_hash(json.loads(as_json(sorted([row[name] or "" for name in told] for row in rows))))
