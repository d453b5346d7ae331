"""Which documents of a corpus are stored, met in this ingest, or dropped: asked block by block.

They stand in a throw-away SQLite file under GEM_HOME, so that memory stays flat however many there are.
Does not belong here: reading files, writing shards (`raw_shards.py`).
"""

import shutil
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.store.errors import map_file_errors
from gem_assets.store.home import Home, check_corpus

CACHE_MEBIBYTES = 64
_LOADED_AT_ONCE = 50_000


class Standing(NamedTuple):
    """What is known of a document that an ingest meets."""

    verdict: Literal["new", "changed", "there", "repeated", "dropped"]
    """`changed`: a new version of a document that is stored."""
    version: int
    """The one a new or changed text is to get."""
    ours: bool = False
    """Stored already, by this very ingest before it was stopped."""


_NEW = Standing("new", 1)
_THERE = Standing("there", 1)
_REPEATED = Standing("repeated", 1)


class KnownDocuments:
    """The documents of one corpus, for one ingest."""

    def __init__(self, database: sqlite3.Connection, *, again: bool) -> None:
        self._database, self._again = database, again
        self._rows = count()
        self._first = not self._any("stored") and not self._any("dropped")
        """Nothing was ever stored: what is met for the first time is new."""

    def settle(self, document_ids: Sequence[str], text_hashes: Sequence[str]) -> list[Standing]:
        """Say for each document of a block what it is, and remember that it was met."""
        numbers = [number for number, _ in zip(self._rows, document_ids, strict=False)]
        before = self._database.total_changes
        # Sorted, because neighbours in the file are then written together.
        self._database.executemany(
            "INSERT OR IGNORE INTO met VALUES (?, ?)", sorted(zip(document_ids, numbers, strict=True))
        )
        all_met_first = self._database.total_changes - before == len(numbers)
        if self._first and all_met_first:
            return [_NEW] * len(numbers)
        self._database.execute("DELETE FROM given")
        self._database.executemany(
            "INSERT INTO given VALUES (?, ?, ?)", zip(numbers, document_ids, text_hashes, strict=True)
        )
        standings = [_THERE] * len(numbers)
        for number, *stored_and_dropped in self._database.execute(_LOOK_UP):
            standings[number - numbers[0]] = self._standing(*stored_and_dropped)
        if not all_met_first:
            for (number,) in self._database.execute(_REPEATS):
                standings[number - numbers[0]] = _REPEATED
        return standings

    def _standing(
        self, version: int | None, oldest: int | None, same: bool | None, dropped: int | None
    ) -> Standing:
        if version is None or oldest is None:
            if dropped is None:
                return _NEW
            return Standing("new" if self._again else "dropped", dropped + 1)
        if not same:
            return Standing("changed", version + 1)
        return Standing("changed" if oldest < version else "new", version, ours=True)

    def _any(self, table: Literal["stored", "dropped"]) -> bool:
        return self._database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None


@contextmanager
def open_known(home: Home, corpus: str, ingest: str, *, again: bool) -> Generator[KnownDocuments]:
    """Load what is known of a corpus."""
    folder = home.root / "spill" / (ingest or corpus)
    # What a process that was killed left there.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        with closing(sqlite3.connect(folder / "known.db", isolation_level=None)) as database:
            # It is thrown away whatever happens, so nothing of it need survive a crash.
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA temp_store = MEMORY")
            database.execute(f"PRAGMA cache_size = -{CACHE_MEBIBYTES * 1024}")
            for statement in (*_TABLES, "BEGIN"):
                database.execute(statement)
            _load(database, home, corpus, ingest)
            yield KnownDocuments(database, again=again)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(database: sqlite3.Connection, home: Home, corpus: str, ingest: str) -> None:
    name = f"{check_corpus(corpus)}-?????.parquet"
    rows = (
        (document_id, version, version, text_hash, added_by == ingest)
        for path in sorted(home.raw.glob(name))
        for document_id, version, text_hash, added_by in _columns(
            path, "document_id", "version", "text_hash", "ingest"
        )
    )
    for block in _blocks(rows):
        database.executemany(_REMEMBER_STORED, block)
    paths = sorted(home.table_folder("dropped_documents").glob(name))
    for block in _blocks(row for path in paths for row in _columns(path, "document_id", "version")):
        database.executemany(_REMEMBER_DROPPED, block)


def _columns(path: Path, *names: str) -> Iterable[tuple[Any, ...]]:
    """Read columns of a shard row by row; not through DuckDB, which holds far more than one shard at once."""
    with map_file_errors(path), cast(Any, parquet).ParquetFile(path) as file:
        there = [name for name in names if name in file.schema_arrow.names]
        table = file.read(columns=there, use_threads=False)
    absent = [None] * table.num_rows
    return zip(*(table[name].to_pylist() if name in there else absent for name in names), strict=True)


def _blocks(rows: Iterable[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    """Gather rows so that each block is written in the order of its ids, as the file holds them."""
    block: list[tuple[Any, ...]] = []
    for row in rows:
        block.append(row)
        if len(block) >= _LOADED_AT_ONCE:
            yield sorted(block)
            block.clear()
    yield sorted(block)


_TABLES = (
    """
    CREATE TABLE stored (
        document_id TEXT PRIMARY KEY, version INTEGER, oldest INTEGER, text_hash TEXT, ours INTEGER
    ) WITHOUT ROWID
    """,
    "CREATE TABLE dropped (document_id TEXT PRIMARY KEY, version INTEGER) WITHOUT ROWID",
    "CREATE TABLE met (document_id TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID",
    "CREATE TEMP TABLE given (number INTEGER PRIMARY KEY, document_id TEXT, text_hash TEXT)",
)
_REMEMBER_STORED = """
INSERT INTO stored VALUES (?, ?, ?, ?, ?) ON CONFLICT (document_id) DO UPDATE SET
    oldest = min(oldest, excluded.oldest),
    text_hash = CASE WHEN excluded.version > version THEN excluded.text_hash ELSE text_hash END,
    ours = CASE WHEN excluded.version > version THEN excluded.ours ELSE ours END,
    version = max(version, excluded.version)
"""
_REMEMBER_DROPPED = """
INSERT INTO dropped VALUES (?, ?)
ON CONFLICT (document_id) DO UPDATE SET version = max(version, excluded.version)
"""
_REPEATS = "SELECT given.number FROM given JOIN met USING (document_id) WHERE met.number <> given.number"
# What is there as it was is by far the most, and is not listed.
_LOOK_UP = """
SELECT number, stored.version, oldest, stored.text_hash = given.text_hash, dropped.version
FROM given
LEFT JOIN stored USING (document_id)
LEFT JOIN dropped ON dropped.document_id = given.document_id AND stored.document_id IS NULL
WHERE stored.document_id IS NULL OR stored.text_hash IS NOT given.text_hash OR ours
"""
