"""Find a record by the beginning of its id, and read the rows before and after it, with their runs.

Does not belong here: how any of it is shown.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gem_assets.store.connections import Connection, check_table
from gem_assets.store.home import Home, StoreError

MAXIMUM_CANDIDATES = 10

_SOURCES = "SELECT * FROM raw_rows WHERE document_id = ? ORDER BY version DESC"
_FOUND = """
    SELECT record_id, asset, document_id, outcome
    FROM (SELECT record_id, asset, document_id, outcome FROM outcomes
          UNION ALL SELECT document_id, 'raw_rows', document_id, 'ingested' FROM raw_rows)
    LEFT JOIN stages USING (asset)
    WHERE starts_with(record_id, ?) ORDER BY record_id, stages.number NULLS LAST
"""
_WHEN = "strftime(timezone('UTC', finished_at), '%Y-%m-%d %H:%M')"


@dataclass(frozen=True)
class Found:
    """A record that exists: in which asset (`raw_rows` where no stage has seen it), of which document."""

    record_id: str
    asset: str
    document_id: str
    outcome: str


@dataclass(frozen=True)
class EarlierVersion:
    """What an earlier run had made of a record; `outcome` is None where it made no such record."""

    run_id: str
    finished_at: str | None
    outcome: str | None
    reason: str | None


@dataclass(frozen=True)
class AuditedRow:
    """A row of a stage: its columns, its record as JSON, when its run ended, and what stood there before."""

    number: int
    asset: str
    columns: Mapping[str, Any]
    payload: Mapping[str, Any]
    finished_at: str | None = None
    earlier: tuple[EarlierVersion, ...] = ()

    @property
    def record_id(self) -> str:
        """Name of the row."""
        return self.columns["record_id"]

    @property
    def shard(self) -> str:
        """Where it stands."""
        return self.columns["shard"]

    @property
    def parent(self) -> tuple[str, str]:
        """Shard and id of what it was made from."""
        return self.shard, self.columns["parent_id"]


@dataclass(frozen=True)
class Chain:
    """A record with all it came from and all that came of it, per shard in the order of the stages."""

    found: Found
    sources: tuple[Mapping[str, Any], ...]
    """The document's ingested rows, newest version first."""
    rows: tuple[AuditedRow, ...]
    other_rows: int
    """Rows of the same document on other branches."""

    @property
    def call_keys(self) -> list[str]:
        """Keys of all calls behind the rows, each once."""
        return list(dict.fromkeys(key for row in self.rows for key in row.columns["call_keys"]))


def find_record(connection: Connection, prefix: str) -> Found:
    """Find the one record whose id begins with `prefix`; an id given whole wins over longer ones.

    Raises:
        StoreError: there is none, or several; the sentence lists up to 10 of them.
    """
    rows = connection.execute(_FOUND, [prefix]).fetchall()
    # The first of equal ids counts: raw rows come after all stages.
    found: dict[str, Found] = {}
    for row in rows:
        found.setdefault(row[0], Found(*row))
    if prefix in found:
        return found[prefix]
    return _only(prefix, list(found.values()))


def read_chain(connection: Connection, home: Home, found: Found) -> Chain:
    """Read what a record came from and what came of it, with runs and earlier versions."""
    assets = read_assets(connection)
    rows = [
        row
        for number, asset in enumerate(assets)
        for row in _read_rows(connection, number, asset, found.document_id)
    ]
    chosen = _chain(rows, found.record_id)
    ended = _read_run_ends(connection, sorted({row.shard for row in chosen}))
    earlier = _read_earlier(connection, home, chosen, ended)
    return Chain(
        found=found,
        sources=_select(connection, _SOURCES, [found.document_id]),
        rows=tuple(
            replace(
                row,
                finished_at=ended.get((row.asset, row.shard, row.columns["run_id"])),
                earlier=tuple(earlier.get((row.asset, row.shard, row.record_id), ())),
            )
            for row in chosen
        ),
        other_rows=len(rows) - len(chosen),
    )


def read_assets(connection: Connection) -> tuple[str, ...]:
    """Name the stages in their order."""
    found = connection.execute("SELECT asset FROM stages ORDER BY number").fetchall()
    return tuple(asset for (asset,) in found)


def _only(prefix: str, found: list[Found]) -> Found:
    if len(found) == 1:
        return found[0]
    if not found:
        raise StoreError(
            f"no record and no document has an id that begins with {prefix!r}: "
            '`gem sql --live "FROM lineage"` lists them'
        )
    named = ", ".join(f"{one.record_id} ({one.asset}, {one.outcome})" for one in found[:MAXIMUM_CANDIDATES])
    more = f" and {len(found) - MAXIMUM_CANDIDATES} more" if len(found) > MAXIMUM_CANDIDATES else ""
    raise StoreError(f"{len(found)} ids begin with {prefix!r}, give more of one: {named}{more}")


def _read_rows(connection: Connection, number: int, asset: str, document_id: str) -> Iterator[AuditedRow]:
    table = check_table(f"{asset}_outcomes")
    query = f"SELECT * FROM {table} WHERE document_id = ? ORDER BY shard, parent_id, ordinal"
    for columns in _select(connection, query, [document_id]):
        payload = columns.pop("payload")
        yield AuditedRow(number, asset, columns, json.loads(payload) if payload else {})


def _chain(rows: Sequence[AuditedRow], record_id: str) -> list[AuditedRow]:
    """Pick a record's ancestors, itself and its descendants, each branch down to its end before the next."""
    by_id = {(row.shard, row.record_id): row for row in rows}
    by_parent: dict[tuple[str, str], list[AuditedRow]] = defaultdict(list)
    for row in rows:
        by_parent[row.parent].append(row)
    chosen: list[AuditedRow] = []
    for target in (row for row in rows if row.record_id == record_id):
        ancestors: list[AuditedRow] = []
        parent = by_id.get(target.parent)
        while parent is not None:
            ancestors.append(parent)
            parent = by_id.get(parent.parent)
        chosen += [*reversed(ancestors), *_branch(target, by_parent)]
    return chosen


def _branch(row: AuditedRow, by_parent: Mapping[tuple[str, str], list[AuditedRow]]) -> Iterator[AuditedRow]:
    yield row
    for child in by_parent.get((row.shard, row.record_id), ()):
        yield from _branch(child, by_parent)


def _read_run_ends(connection: Connection, shards: list[str]) -> dict[tuple[str, str, str], str]:
    found = connection.execute(
        f"SELECT asset, shard, run_id, {_WHEN} FROM stage_runs WHERE list_contains(?, shard)", [shards]
    ).fetchall()
    return {(asset, shard, run_id): when for asset, shard, run_id, when in found}


def _read_earlier(
    connection: Connection,
    home: Home,
    rows: Sequence[AuditedRow],
    ended: Mapping[tuple[str, str, str], str],
) -> dict[tuple[str, str, str], list[EarlierVersion]]:
    """Read what the kept versions of each row's shard hold of it, oldest first."""
    earlier: dict[tuple[str, str, str], list[EarlierVersion]] = {}
    for row in rows:
        files = home.history_file(row.asset, row.shard, "any").parent.glob("*.parquet")
        # A run that was killed between keeping a version and replacing it left the current one here, too.
        for file in sorted(file for file in files if file.stem != row.columns["run_id"]):
            query = "SELECT outcome, reason FROM read_parquet(?) WHERE record_id = ?"
            held = connection.execute(query, [str(file), row.record_id]).fetchone() or (None, None)
            version = EarlierVersion(file.stem, ended.get((row.asset, row.shard, file.stem)), *held)
            earlier.setdefault((row.asset, row.shard, row.record_id), []).append(version)
    return {key: sorted(versions, key=lambda one: one.finished_at or "") for key, versions in earlier.items()}


def _select(connection: Connection, query: str, values: list[Any]) -> tuple[dict[str, Any], ...]:
    found = connection.execute(query, values)
    names = [column[0] for column in found.description or ()]
    return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())
