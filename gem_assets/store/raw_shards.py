"""Write raw shards: numbered, immutable, the same bytes for the same rows.

Does not belong here: reading files (`corpus/`), reading raw rows (`raw.py`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gem_assets.store.arrow_tables import write_columns
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import replacing_all
from gem_assets.store.home import Home, StoreError, check_corpus
from gem_assets.store.parts import next_number

RAW_COLUMNS = (
    "document_id",
    "version",
    "corpus",
    "source",
    "place",
    "source_id",
    "title",
    "url",
    "license",
    "language",
    "text",
    "text_hash",
    "duplicate_key",
    "original",
    "control_count",
    "invisible_count",
    "note",
    "ingest",
)
"""What a row holds, but for its place in a shard."""
_LAST = 99_999
_TOGETHER = 64
"""Shards that are flushed to disk together: one by one, waiting for the disk takes most of the time."""

RawColumns = Mapping[str, Sequence[Any]]
"""The values of rows, column by column: there are millions of rows."""


class ShardWriter:
    """Cuts rows into the next shards of a corpus; a shard is written when it is full."""

    def __init__(self, home: Home, corpus: str, shard_size: int, maximum_characters: int) -> None:
        self.shards: list[str] = []
        self._home, self._corpus = home, check_corpus(corpus)
        self._size, self._characters = shard_size, maximum_characters
        self._number = next_number(home, "raw_rows", corpus)
        self._held: dict[str, list[Any]] = {name: [] for name in RAW_COLUMNS}
        self._open = self._open_characters = 0
        """Rows and characters of the shard that is not full yet."""

    def add(self, rows: RawColumns, sizes: Sequence[int]) -> None:
        """Take rows, each of so many characters, and write the shards that are full.

        Raises:
            StoreError: the corpus has as many shards as can be named.
        """
        for name, held in self._held.items():
            held += rows[name]
        end, ends = len(self._held["version"]) - len(sizes), list[int]()
        for size in sizes:
            end += 1
            self._open += 1
            self._open_characters += size
            if self._open >= self._size or self._open_characters >= self._characters:
                ends.append(end)
                self._open = self._open_characters = 0
        self._write(ends)

    def finish(self) -> None:
        """Write what is left."""
        self._write([len(self._held["version"])] if self._open else [])
        self._open = self._open_characters = 0

    def _write(self, ends: Sequence[int]) -> None:
        start = 0
        for at in range(0, len(ends), _TOGETHER):
            cuts: list[dict[str, Sequence[Any]]] = []
            for end in ends[at : at + _TOGETHER]:
                cuts.append({name: held[start:end] for name, held in self._held.items()})
                start = end
            self.shards += write_raw_shards(self._home, self._corpus, self._number, cuts)
            self._number += len(cuts)
        if start:
            for held in self._held.values():
                del held[:start]


def write_raw_shards(home: Home, corpus: str, first: int, shards: Sequence[RawColumns]) -> list[str]:
    """Put new shards in place, one after the other; equal rows give equal bytes.

    Raises:
        StoreError: the corpus has as many shards as can be named.
    """
    last = first + len(shards) - 1
    if last > _LAST:
        raise StoreError(f"{corpus} has 100,000 shards, which is all: raise --shard-size in another corpus")
    names = [f"{corpus}-{number:05d}" for number in range(first, last + 1)]
    with replacing_all([home.shard_file("raw_rows", name) for name in names]) as temporaries:
        for name, rows, temporary in zip(names, shards, temporaries, strict=True):
            count = len(rows["version"])
            columns = {**rows, "shard": [name] * count, "position": range(count)}
            with map_store_errors(f"the shard {name}"):
                write_columns(str(temporary), "raw_rows", columns)
    return names
