"""Parquet: row group by row group, only the columns that are wanted.

Does not belong here: which column is which (`columns.py`).
"""

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from gem_assets.corpus.columns import missing_text, refuse_long_text, row_of
from gem_assets.corpus.opening import open_regular
from gem_assets.corpus.rows import (
    FieldNames,
    Found,
    RefusalReason,
    Refused,
    RefusedFileError,
    Row,
    excerpt_of,
)
from gem_assets.settings import IngestSettings

_ROWS = 512
_TEXTS = frozenset(
    {pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()}
)


def read_parquet(path: str, names: FieldNames, limits: IngestSettings) -> Iterator[Found]:
    """Read the rows of a Parquet file.

    Raises:
        RefusedFileError: it is no Parquet file, is damaged, or has no column that holds text.
    """
    with open_regular(path) as file:
        number = 0
        try:
            # The text is read as a dictionary: a string that repeats a million times is held once.
            table = pq.ParquetFile(file, pre_buffer=False)
            wanted, names = _wanted(table.schema_arrow, names)
            if table.metadata.num_rows == 0:
                return
            text = names.text[0]
            kind = table.schema_arrow.field(text).type
            if not _is_text(kind):
                yield from _refuse_all(table.metadata.num_rows, text, kind)
                return
            table = pq.ParquetFile(file, pre_buffer=False, read_dictionary=[text])
            for batch in table.iter_batches(batch_size=_ROWS, columns=wanted, use_threads=False):
                yield from _rows_of(batch, number, names, limits)
                number += batch.num_rows
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            told = excerpt_of(str(error).split("\n")[0])
            found = f"cannot be read as Parquet after {number} rows: {told}"
            raise RefusedFileError(
                RefusalReason.UNREADABLE_PARQUET, found, "fetch the file again, or write it anew"
            ) from error


def _wanted(schema: pa.Schema, names: FieldNames) -> tuple[list[str], FieldNames]:
    """Choose the columns to read, the text first; their order in `names` decides."""
    there = {name.casefold(): name for name in reversed(schema.names)} | {name: name for name in schema.names}
    chosen: dict[str, str | None] = {}
    for field, usual in names.usual().items():
        chosen[field] = next((there[name] for name in usual if name in there), None) or next(
            (there[name.casefold()] for name in usual if name.casefold() in there), None
        )
    if chosen["text"] is None:
        found, remedy = missing_text(schema.names, names)
        raise RefusedFileError(RefusalReason.MISSING_TEXT, found, remedy)
    columns = [column for column in dict.fromkeys(chosen.values()) if column is not None]
    twice = [column for column in columns if schema.names.count(column) > 1]
    if twice:
        found = f"two columns are named {excerpt_of(twice[0])}"
        raise RefusedFileError(RefusalReason.UNREADABLE_PARQUET, found, "rename one")
    # A title or licence of another type is none; an id is refused row by row, unless it is nested.
    kinds = {column: schema.field(column).type for column in columns}
    wanted = [c for c in columns if c == chosen["text"] or _is_plain(kinds[c])]
    if chosen["id"] and chosen["id"] not in wanted and not pa.types.is_nested(kinds[chosen["id"]]):
        wanted.append(chosen["id"])
    return wanted, names.chosen(**chosen)


def _is_plain(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return _is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return kind in _TEXTS


def _refuse_all(rows: int, column: str, kind: pa.DataType) -> Iterator[Refused]:
    found = f"the column {excerpt_of(column)} holds {excerpt_of(str(kind))}"
    for number in range(1, rows + 1):
        yield Refused(f"row {number}", RefusalReason.TEXT_NOT_STRING, found, "name another with --text-field")


def _rows_of(
    batch: pa.RecordBatch, before: int, names: FieldNames, limits: IngestSettings
) -> Iterator[Found]:
    text_column = names.text[0]
    texts = cast(Any, batch.column(text_column))
    others = {name: batch.column(name).to_pylist() for name in batch.schema.names if name != text_column}
    # Each string of the dictionary becomes one Python string, however many rows hold it.
    words = [_decoded(value, limits) for value in texts.dictionary]
    for at, index in enumerate(texts.indices.to_pylist()):
        place = f"row {before + at + 1}"
        text = None if index is None else words[index]
        if isinstance(text, Refused):
            yield text._replace(place=place)
            continue
        fields = {name: values[at] for name, values in others.items()}
        fields[text_column] = text
        found = row_of(fields, place, names, limits.maximum_text_bytes)
        if isinstance(found, Row) and "\ud800" <= max(found.text, default="") <= "\udfff":
            found = Refused(place, RefusalReason.BAD_UNICODE, "half of a surrogate pair", "write it whole")
        yield found


def _decoded(value: Any, limits: IngestSettings) -> str | Refused | None:  # noqa: ANN401 - an Arrow scalar
    data = value.as_buffer()
    if data is None:
        return None
    if data.size > limits.maximum_text_bytes:
        head = data.slice(0, min(1000, data.size)).to_pybytes().decode("utf-8", "ignore")
        return refuse_long_text(head, "", limits.maximum_text_bytes)._replace(
            found=f"a text of {data.size:,} bytes, at most {limits.maximum_text_bytes:,} are read"
        )
    try:
        return data.to_pybytes().decode()
    except UnicodeDecodeError as error:
        found = f"not UTF-8 at byte {error.start} of the text"
        return Refused("", RefusalReason.NOT_UTF8, found, "write it as UTF-8", excerpt_of(data.to_pybytes()))
