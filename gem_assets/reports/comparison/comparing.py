"""Two versions of a stage side by side over the shards both have run: yields, reasons, changed records.

A version is what a run was made with: prompt, model, sampling, schema, logic. Records share their id over
versions, so the same input is compared with itself. Does not belong here: how it is shown.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.intervals import Difference, Pairs, paired_difference
from gem_assets.reports.queries import rows_of
from gem_assets.store.connections import Connection, open_memory, parquet_sql
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql

SHOWN_VERSIONS = 3
"""Older versions of a stage that are compared without being asked for, the latest first."""


@dataclass(frozen=True)
class Version:
    """What a stage was run with, and where: the run and file of each shard."""

    asset: str
    code_version: str
    prompts: tuple[str, ...]
    model: str | None
    finished_at: str
    shards: Mapping[str, "ShardVersion"]

    @property
    def label(self) -> str:
        """Name it by prompt and model."""
        return " · ".join([*self.prompts, self.model or "no model"])


@dataclass(frozen=True)
class ShardVersion:
    """The rows that one version made of a shard."""

    path: Path
    input_version: str


@dataclass(frozen=True)
class ReasonShift:
    """How many inputs each version lost for one reason."""

    reason: str
    before: int
    after: int


@dataclass(frozen=True)
class ChangedInput:
    """An input that the two versions judged differently, with the id by which the viewer finds it."""

    shard: str
    record_id: str
    title: str
    outcome_before: str
    outcome_after: str
    reason_before: str | None
    reason_after: str | None


@dataclass(frozen=True)
class Comparison:
    """Two versions of one stage over the inputs that both judged; no `difference` where there are none."""

    asset: str
    older: Version
    newer: Version
    shards: int
    shards_with_other_inputs: int
    """Shards whose inputs were themselves made anew in between."""
    inputs: int
    failed: int
    """Inputs that one of the two could not judge: they are left out."""
    pairs: Pairs
    difference: Difference | None
    records_before: int
    records_after: int
    reasons: tuple[ReasonShift, ...]
    changed: tuple[ChangedInput, ...]
    all_changed: int


def read_comparisons(
    home: Home, connection: Connection, chosen: tuple[str, str] | None = None
) -> tuple[Comparison, ...]:
    """Compare each stage's newest version with those before it, or the two `chosen` ones.

    A version is chosen by the beginning of its prompt version, model or code version.

    Raises:
        StoreError: a chosen version is unknown, or the two never ran on the same shard of a stage.
    """
    versions = read_versions(home, connection)
    pairs = list(_chosen(versions, *chosen) if chosen else _latest(versions))
    with open_memory() as memory:
        return tuple(_compare(memory, connection, older, newer) for older, newer in pairs)


def read_versions(home: Home, connection: Connection) -> list[Version]:
    """Find every version whose rows are still there, stage by stage, the newest last."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows_of(connection, "stage_versions"):
        found.setdefault((row["asset"], row["code_version"]), []).append(row)
    versions = [_version(home, rows) for rows in found.values()]
    order = {asset: number for number, (asset, _) in enumerate(found)}
    return sorted(
        (version for version in versions if version.shards),
        key=lambda version: (order[version.asset], version.finished_at),
    )


def _version(home: Home, rows: Sequence[Mapping[str, Any]]) -> Version:
    last = max(rows, key=lambda row: row["finished_at"])
    shards = {row["shard"]: ShardVersion(_path(home, row), row["input_version"]) for row in rows}
    return Version(
        asset=last["asset"],
        code_version=last["code_version"],
        prompts=last["prompt_versions"],
        model=last["model"],
        finished_at=last["finished_at"],
        shards={shard: version for shard, version in shards.items() if version.path.is_file()},
    )


def _path(home: Home, row: Mapping[str, Any]) -> Path:
    if row["is_current"]:
        return home.shard_file(f"{row['asset']}_outcomes", row["shard"])
    return home.history_file(row["asset"], row["shard"], row["run_id"])


def _latest(versions: Iterable[Version]) -> Iterator[tuple[Version, Version]]:
    by_asset: dict[str, list[Version]] = {}
    for version in versions:
        by_asset.setdefault(version.asset, []).append(version)
    for known in by_asset.values():
        *older, newest = known
        shared = [version for version in older if version.shards.keys() & newest.shards.keys()]
        yield from ((version, newest) for version in shared[::-1][:SHOWN_VERSIONS])


def _chosen(versions: Sequence[Version], before: str, after: str) -> Iterator[tuple[Version, Version]]:
    older, newer = ([v for v in versions if _is_called(v, name)] for name in (before, after))
    for name, matching in ((before, older), (after, newer)):
        if not matching:
            known = ", ".join(
                sorted({name for v in versions for name in (*v.prompts, v.model or "") if name})
            )
            raise StoreError(f"no run was made with {name!r}: there are {known or 'none'}")
    shared = [
        (one, other)
        for one in older
        for other in newer
        if one.asset == other.asset
        and one.code_version != other.code_version
        and one.shards.keys() & other.shards.keys()
    ]
    if not shared:
        raise StoreError(
            f"{before!r} and {after!r} never ran on the same shard of a stage, or its rows were pruned"
        )
    yield from {one.asset: (one, other) for one, other in shared}.values()


def _is_called(version: Version, name: str) -> bool:
    return any(
        known.startswith(name) for known in (*version.prompts, version.model or "", version.code_version)
    )


def _compare(memory: Connection, connection: Connection, older: Version, newer: Version) -> Comparison:
    shared = sorted(older.shards.keys() & newer.shards.keys())
    for name, version in (("older", older), ("newer", newer)):
        files = parquet_sql(version.shards[shard].path for shard in shared)
        memory.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT shard, parent_id, document_id, outcome, reason "
            f"FROM {files}"
        )
    memory.execute(read_sql("reports", "versions/paired"))
    totals = rows_of(memory, "versions/totals")[0]
    documents = [Pairs(**row) for row in rows_of(memory, "versions/documents")]
    changed = rows_of(memory, "versions/changed")
    return Comparison(
        asset=older.asset,
        older=older,
        newer=newer,
        shards=len(shared),
        shards_with_other_inputs=sum(
            older.shards[shard].input_version != newer.shards[shard].input_version for shard in shared
        ),
        pairs=Pairs(*(sum(getattr(d, n) for d in documents) for n in ("both", "gained", "lost", "neither"))),
        difference=paired_difference(documents) if documents else None,
        reasons=tuple(ReasonShift(**row) for row in rows_of(memory, "versions/reasons")),
        changed=tuple(_changed(connection, older.asset, changed)),
        all_changed=changed[0]["all_changed"] if changed else 0,
        **totals,
    )


def _changed(connection: Connection, asset: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[ChangedInput]:
    titles = dict(
        connection.execute(
            "SELECT document_id, any_value(coalesce(title, source)) FROM documents_outcomes "
            "WHERE list_contains(?, document_id) GROUP BY document_id",
            [[row["document_id"] for row in rows]],
        ).fetchall()
    )
    for row in rows:
        yield ChangedInput(
            shard=row["shard"],
            record_id=row["document_id"] if asset == "documents" else row["parent_id"],
            title=titles.get(row["document_id"], ""),
            **{
                name: row[name]
                for name in ("outcome_before", "outcome_after", "reason_before", "reason_after")
            },
        )
