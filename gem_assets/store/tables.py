"""The declared tables as files: one Parquet file per shard, and an empty one that carries the schema.

Because every table folder holds that empty file, a view over the folder has the right columns before the
first shard is written, and gains a column for old shards when a declaration does.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import pyarrow as pa  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as pq  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.records.base import content_hash
from gem_assets.store.connections import Connection, check_table, column_types, open_memory, quote
from gem_assets.store.errors import map_file_errors, map_store_errors
from gem_assets.store.files import map_os_errors, replacing
from gem_assets.store.home import Home
from gem_assets.store.sql_files import common_columns, read_sql, sql_names

SCHEMA_FILE = "_schema.parquet"


def declare_tables(home: Home) -> None:
    """Write the empty schema file of every table whose declaration is new or has changed."""
    # Only what is not there: a home that may only be read can be.
    if not home.stage_runs.is_file():
        with map_os_errors(f"the tables of {home.root}"):
            home.stage_runs.parent.mkdir(parents=True, exist_ok=True)
            home.stage_runs.touch()
    for table in sql_names("tables"):
        if table == "stage_runs":
            continue
        path = schema_file(home, table)
        version = {"declaration": content_hash(read_sql("tables", table))}
        if read_metadata(path) != version:
            write_rows(path, table, [], version)


def schema_file(home: Home, table: str) -> Path:
    """The empty file that has every column of a table, also those that older files lack."""
    return home.table_folder(table) / SCHEMA_FILE


def write_rows(
    path: Path, table: str, rows: Sequence[Mapping[str, Any]], metadata: Mapping[str, str], what: str = ""
) -> None:
    """Check rows against the table's declaration and put them in place as one zstd Parquet file.

    `what` names them in an error's sentence; without it, the path does.

    Raises:
        StoreError: a row breaks the declaration, or the disk refuses; the old file stays.
        ValueError: a row has a column that the table does not.
    """
    with open_memory() as connection, map_store_errors(what or str(path)), replacing(path) as temporary:
        _load(connection, table, rows)
        pairs = ", ".join(f"{key}: {quote(value)}" for key, value in metadata.items())
        connection.execute(
            f"COPY (SELECT * FROM {table}) TO {quote(temporary)} "
            f"(FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{pairs}}})"
        )


def read_metadata(path: Path) -> dict[str, str] | None:
    """Read what was written beside the rows of a file; None where there is no file.

    Raises:
        StoreError: the file is damaged or may not be read.
    """
    try:
        # Not through DuckDB: opening one takes ten times as long, and staleness asks this of every shard.
        with map_file_errors(path):
            metadata = cast(dict[bytes, bytes], cast(Any, pq).read_metadata(path).metadata or {})
            return {key.decode(): value.decode() for key, value in metadata.items() if key != b"ARROW:schema"}
    except FileNotFoundError:
        return None


@cache
def own_columns(table: str) -> tuple[tuple[str, str], ...]:
    """Name the columns that a table of outcomes has beside those all of them have."""
    with open_memory() as connection:
        connection.execute(common_columns())
        common = {row[0] for row in connection.execute("DESCRIBE common").fetchall()}
    return tuple(column for column in column_types(table) if column[0] not in common)


def _load(connection: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(read_sql("tables", check_table(table)))
    if not rows:
        return
    given = dict.fromkeys(key for row in rows for key in row)
    unknown = set(given) - {name for name, _ in column_types(table)}
    if unknown:
        raise ValueError(f"{table} has no column {sorted(unknown)}")
    if len(rows) == 1:
        # To take Arrow in, DuckDB imports pandas, which takes longer than storing many rows does.
        names, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows[0].values()))
        return
    # Arrow takes its columns from the first row, so each row names all of them.
    table_rows = [{**given, **row} for row in rows]
    arrow = cast(object, pa.Table.from_pylist(table_rows))  # pyright: ignore[reportUnknownMemberType]
    connection.register("new_rows", arrow)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows")
    connection.unregister("new_rows")


def as_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a value for a JSON column; half a surrogate pair, which no file can hold, becomes `?`."""
    return as_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def as_text(text: str) -> str:
    """Make text storable as UTF-8."""
    return text.encode("utf-8", "replace").decode()
