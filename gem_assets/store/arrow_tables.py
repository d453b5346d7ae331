"""Declared tables as Arrow: written straight to Parquet where rows come by the million.

Equal rows give equal bytes. Does not belong here: tables that are written whole and checked (`tables.py`).
"""

from functools import cache
from pathlib import Path
from typing import Any, cast

import pyarrow  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.store.connections import column_types

# Neither has types.
_pa, _pq = cast(Any, pyarrow), cast(Any, parquet)
_ROWS = 5_000
_KINDS = {"VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "BOOLEAN": "bool_"}


class TableWriter:
    """Streams rows of a declared table into a Parquet file."""

    def __init__(self, path: str, table: str) -> None:
        self._schema = arrow_schema(table)
        self._writer = _pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def add(self, row: tuple[Any, ...]) -> None:
        """Take one row, its values in the order of the declaration."""
        self._rows.append(row)
        if len(self._rows) >= _ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            columns = dict(zip(self._schema.names, zip(*self._rows, strict=True), strict=True))
            self._writer.write_table(arrow_table(self._schema, columns))
            self._rows.clear()


def write_columns(path: str, table: str, columns: dict[str, Any]) -> None:
    """Write the columns of a declared table, each a sequence of the same length, as one Parquet file."""
    # Small files: statistics and dictionaries of columns that hardly repeat cost a quarter of the time.
    repeated = ["corpus", "source", "shard", "license", "language", "ingest", "note"]
    options = {"compression": "zstd", "write_statistics": False, "use_dictionary": repeated}
    written = arrow_table(arrow_schema(table), columns)
    # Into memory first: to open a file, pyarrow looks for a file system, which costs as much as writing.
    buffer = _pa.BufferOutputStream()
    with _pq.ParquetWriter(buffer, written.schema, **options) as writer:
        writer.write_table(written)
    Path(path).write_bytes(buffer.getvalue())


def arrow_table(schema: Any, columns: dict[str, Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Build an Arrow table of a schema; raises ArrowInvalid where a value does not fit its type."""
    arrays = [_pa.array(columns[field.name], field.type) for field in schema]
    return _pa.Table.from_arrays(arrays, schema=schema)


@cache
def arrow_schema(table: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Write the declaration of a table as an Arrow schema."""
    return _pa.schema([_pa.field(name, getattr(_pa, _KINDS[kind])()) for name, kind in column_types(table)])
