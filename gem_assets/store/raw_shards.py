"""Write raw shards: numbered, immutable, the same bytes for the same rows.

Does not belong here: reading files (`corpus/`), reading raw rows (`raw.py`).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gem_assets.store.arrow_tables import write_columns
from gem_assets.store.files import replacing
from gem_assets.store.home import Home, StoreError, check_corpus


class StoredRow(NamedTuple):
    """A row as `raw_rows` holds it, but for its place in a shard. A tuple because there are millions."""

    document_id: str
    version: int
    corpus: str
    source: str
    place: str
    source_id: str | None
    title: str | None
    url: str | None
    license: str | None
    language: str | None
    text: str
    text_hash: str
    duplicate_key: str
    original: str | None
    control_count: int
    invisible_count: int
    note: str | None
    ingest: str


def next_number(home: Home, corpus: str) -> int:
    """Number the next shard of a corpus: after all there are, also after those that were emptied."""
    taken = [path.stem for path in home.raw.glob(f"{check_corpus(corpus)}-?????.parquet")]
    return int(max(taken).rpartition("-")[2]) + 1 if taken else 0


def write_raw_shard(home: Home, corpus: str, number: int, rows: Sequence[StoredRow]) -> str:
    """Put a new shard in place; equal rows give equal bytes.

    Raises:
        StoreError: the corpus has as many shards as can be named.
    """
    if number > 99_999:
        raise StoreError(f"{corpus} has 100,000 shards, which is all: raise --shard-size in another corpus")
    shard = f"{check_corpus(corpus)}-{number:05d}"
    columns: dict[str, Any] = dict(zip(StoredRow._fields, zip(*rows, strict=True), strict=True))
    columns |= {"shard": [shard] * len(rows), "position": range(len(rows))}
    with replacing(home.shard_file("raw_rows", shard)) as temporary:
        write_columns(str(temporary), "raw_rows", columns)
    return shard
