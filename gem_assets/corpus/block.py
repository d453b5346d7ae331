"""Rows that were read and are not yet looked up: column by column, because there are millions of them.

Does not belong here: what becomes of them (`ingest.py`), looking them up (`store/known_documents.py`).
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from gem_assets.corpus.identity import document_id_of, fingerprints
from gem_assets.corpus.normalising import strip_hidden
from gem_assets.corpus.rows import Row
from gem_assets.corpus.tally import FileCount
from gem_assets.display.visible import visible

# Bounds of memory, not of results: how much is looked up in the store at once.
BLOCK_ROWS = 10_000
BLOCK_CHARACTERS = 32 * 2**20
_SOURCE_ID_CHARACTERS = 500


class Block:
    """The rows of one look-up, each with the count of the file it stands in."""

    def __init__(self, corpus: str, ingest: str) -> None:
        self._corpus, self._ingest = corpus, ingest
        self.counts: list[FileCount] = []
        self.document_ids: list[str] = []
        self.text_hashes: list[str] = []
        self.files: list[FileCount] = []
        """Files that were read to their end."""
        self._rows: list[Row] = []
        self._as_read: dict[int, Row] = {}
        """The few rows that are stored otherwise than they were read, by their place in the block."""
        self._duplicate_keys: list[str] = []
        self._hidden: dict[int, tuple[int, int]] = {}
        """Control and invisible characters of the few rows that have any."""
        self._sizes: list[int] = []
        self._characters = 0

    @property
    def full(self) -> bool:
        """Whether it is time to look the rows up."""
        return (
            len(self._rows) >= BLOCK_ROWS
            or self._characters >= BLOCK_CHARACTERS
            or len(self.files) >= BLOCK_ROWS
        )

    def take(self, count: FileCount, row: Row) -> int | None:
        """Take a row; gives its characters, and None where it holds no visible one and is not taken."""
        nuls = "\x00" in row.text
        stored = _without_nuls(row) if nuls else row
        text = stored.text
        normal, controls, invisibles = strip_hidden(text)
        if not normal or normal.isspace():
            return None
        document_id = document_id_of(self._corpus, count.file.source, row)
        source_id = row.source_id
        if source_id and (len(source_id) > _SOURCE_ID_CHARACTERS or not source_id.isprintable()):
            stored = stored._replace(source_id=visible(source_id[:_SOURCE_ID_CHARACTERS]))
        number = len(self._rows)
        if stored is not row:
            self._as_read[number] = row
        controls += len(row.text) - len(text)
        if controls or invisibles:
            self._hidden[number] = (controls, invisibles)
        text_hash, duplicate_key = fingerprints(text, normal)
        size = len(text) + len(row.original or "")
        self.counts.append(count)
        self._rows.append(stored)
        self.document_ids.append(document_id)
        self.text_hashes.append(text_hash)
        self._duplicate_keys.append(duplicate_key)
        self._sizes.append(size)
        self._characters += size
        return size

    def as_read(self, number: int) -> Row:
        """Give a row as it stood in its file."""
        return self._as_read.get(number) or self._rows[number]

    def columns(
        self, kept: Sequence[int], versions: Sequence[int]
    ) -> tuple[dict[str, Sequence[Any]], list[int]]:
        """Give the columns of `raw_rows` for some of the rows, and the characters of each."""
        if not kept:
            return {}, []
        pick = _picking(kept, len(self._rows))
        columns: dict[str, Sequence[Any]] = dict(
            zip(Row._fields, zip(*pick(self._rows), strict=True), strict=True)
        )
        hidden = [self._hidden.get(number, (0, 0)) for number in kept]
        columns |= {
            "document_id": pick(self.document_ids),
            "version": versions,
            "corpus": [self._corpus] * len(kept),
            "source": [count.file.source for count in pick(self.counts)],
            "text_hash": pick(self.text_hashes),
            "duplicate_key": pick(self._duplicate_keys),
            "control_count": [controls for controls, _ in hidden],
            "invisible_count": [invisibles for _, invisibles in hidden],
            "ingest": [self._ingest] * len(kept),
        }
        return columns, list(pick(self._sizes))


def _without_nuls(row: Row) -> Row:
    # Databases and C programs take it for an end; no writing system has it.
    return row._replace(text=row.text.replace("\x00", ""), note="NUL characters were left out")


def _picking(kept: Sequence[int], rows: int) -> Any:  # noqa: ANN401 - from a list of anything to a sequence of it
    if len(kept) == rows:
        return lambda column: column
    if len(kept) == 1:
        return lambda column: [column[kept[0]]]
    return itemgetter(*kept)
