"""Raw rows as they are read: a shard's, each with what the rows of all shards say of it.

Almost every row is neither superseded nor a repetition, so only the exceptions are kept, in one small file
that is worked out anew when the folder of raw shards changes: looking at one shard does not read a million
rows of the others. Does not belong here: writing shards (`raw_shards.py`), judging rows (`stages/corpus.py`).
"""

import os
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from gem_assets.records.document import RawRow, RowStatus
from gem_assets.store.connections import Connection, attach_live, open_memory, parquet_sql, quote
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import is_writable, replacing
from gem_assets.store.home import Home, check_corpus, check_shard
from gem_assets.store.sql_files import read_sql
from gem_assets.store.tables import read_metadata

_FIELDS = "document_id, corpus, source, place, source_id, title, url, license, language, text, version"


def shard_names(home: Home, corpus: str | None = None) -> list[str]:
    """List the shards there are, in order."""
    found = sorted(path.stem for path in home.raw.glob("[a-z0-9]*.parquet"))
    return [name for name in found if corpus is None or name.rpartition("-")[0] == check_corpus(corpus)]


def read_row_statuses(
    connection: Connection, home: Home, shard: str, exceptions: Path | None = None
) -> list[RowStatus]:
    """Read a shard's raw rows, each with what the other rows of all shards say of it.

    Who reads many shards gives `exceptions_file`, so that the folder is looked at once.
    """
    exceptions = exceptions or exceptions_file(home)
    found = connection.execute(
        f"""
        SELECT {_FIELDS}, coalesce(odd.superseded, false),
               CASE WHEN odd.document_id IS NULL THEN document_id ELSE odd.first_document_id END,
               coalesce(odd.exact, true)
        FROM {parquet_sql([home.shard_file("raw_rows", check_shard(shard))])} AS raw
        LEFT JOIN (SELECT * FROM {parquet_sql([exceptions])} WHERE shard = ?) AS odd
        USING (document_id, version)
        ORDER BY raw.position
        """,
        [shard],
    ).fetchall()
    names = _FIELDS.split(", ")
    return [_status(names, values) for values in found]


def exceptions_file(home: Home) -> Path:
    """Name the file of rows that are superseded or repeat another, brought up to date.

    Where the home may only be read, a newer one stands outside it, as long as this process runs.
    """
    path = home.raw / "status" / "exceptions.parquet"
    state = {"raw": _state(home)}
    if read_metadata(path) == state:
        return path
    if not is_writable(home.raw):
        path = Path(_process_folder().name) / f"{state['raw']}.parquet"
        if path.is_file():
            return path
    with open_memory(home) as connection:
        attach_live(connection, home, ("raw_rows", "ingests"))
        connection.execute(read_sql("views", "raw_row_status"))
        with map_store_errors(str(path)), replacing(path) as temporary:
            connection.execute(
                "COPY (SELECT document_id, version, shard, superseded, first_document_id, exact "
                "FROM raw_row_status WHERE superseded OR first_document_id <> document_id "
                f"ORDER BY shard, position) TO {quote(temporary)} "
                f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{raw: {quote(state['raw'])}}})"
            )
    return path


def find_raw_rows(connection: Connection, prefix: str) -> list[RawRow]:
    """Read the newest version of the document whose id starts with `prefix`, where it is only one."""
    found = connection.execute(
        f"SELECT {_FIELDS} FROM raw_rows WHERE starts_with(document_id, ?) "
        "QUALIFY row_number() OVER (PARTITION BY document_id ORDER BY version DESC) = 1",
        [prefix],
    ).fetchall()
    names = _FIELDS.split(", ")
    rows = [RawRow.model_validate(dict(zip(names, values, strict=True))) for values in found]
    return rows if len(rows) == 1 else []


def _status(names: Sequence[str], values: Sequence[object]) -> RowStatus:
    row = RawRow.model_validate(dict(zip(names, values[:-3], strict=True)))
    superseded, first, exact = values[-3:]
    return RowStatus(
        row=row,
        superseded=bool(superseded),
        first_document_id=None if first is None else str(first),
        exact=bool(exact),
    )


@cache
def _process_folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="gem-")


def _state(home: Home) -> str:
    """Fingerprint raw shards and ingests: names, sizes, times and inodes."""
    digest = sha256()
    for folder in (home.raw, home.table_folder("ingests")):
        with os.scandir(folder) as entries:
            for entry in sorted((e for e in entries if e.name.endswith(".parquet")), key=lambda e: e.name):
                found = entry.stat()
                told = f"{entry.name} {found.st_size} {found.st_mtime_ns} {found.st_ino}\n"
                digest.update(told.encode())
    return digest.hexdigest()
