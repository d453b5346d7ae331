"""Carry files into raw shards: streaming, in a fixed order, nothing lost and nothing twice.

A shard is written when it is full and never touched again. An ingest that was killed is done again from the
start: what it stored is recognised, so the shards come out byte for byte as they would have without the kill.
Does not belong here: reading files (`reading.py`), looking documents up (`store/known_documents.py`).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gem_assets.corpus.identity import document_id_of, duplicate_key_of, text_hash_of
from gem_assets.corpus.kinds import inner_suffix
from gem_assets.corpus.normalising import strip_hidden
from gem_assets.corpus.progress import KindCount, Progress, Summary
from gem_assets.corpus.reading import empty, read_file, repeated
from gem_assets.corpus.rows import Blank, Reading, RefusalReason, Refused, Row, excerpt_of
from gem_assets.corpus.splitting import split_row
from gem_assets.corpus.tally import FileCount, rejection_line, write_ingest
from gem_assets.corpus.walking import FoundFile, Walked, walk
from gem_assets.reports.visible import visible
from gem_assets.settings import IngestSettings
from gem_assets.store.files import only_writer, sweep
from gem_assets.store.home import Home, check_corpus
from gem_assets.store.ingest_ledger import Ledger, next_ingest, open_ledger
from gem_assets.store.known_documents import KnownDocuments, open_known
from gem_assets.store.raw_shards import StoredRow, next_number, write_raw_shard

# Bounds of memory, not of results: how much is looked up in the store at once.
_BLOCK_ROWS = 20_000
_BLOCK_BYTES = 32 * 2**20
_SOURCE_ID_CHARACTERS = 500


@dataclass(frozen=True)
class Order:
    """What is to be ingested, and how."""

    corpus: str
    paths: Sequence[Path]
    shard_size: int
    reading: Reading = field(default_factory=Reading)
    limits: IngestSettings = field(default_factory=IngestSettings)
    again: bool = False
    """Take in also what was dropped."""
    split: bool = False
    """Cut what is too long for stage 0 into parts instead of leaving it whole."""
    wanted: Callable[[FoundFile], bool] = lambda file: True


def ingest(home: Home, order: Order, progress: Progress) -> Summary:
    """Store what is new or changed in new shards, after those there are, and write the ledger.

    Raises:
        IngestionError: a path does not exist.
        StoreError: another process is ingesting into the corpus.
    """
    corpus = check_corpus(order.corpus)
    with only_writer(home.locks / f"corpus-{corpus}.lock", f"the corpus {corpus}"):
        sweep(home.raw)
        name, started, clock = next_ingest(home, corpus), datetime.now(UTC), time.monotonic()
        walked = walk(order.paths, order.reading.follow_links)
        with (
            open_known(home, corpus, name, again=order.again) as known,
            open_ledger(home, name) as ledger,
        ):
            intake = _Intake(home, order, name, known, ledger, progress)
            intake.take_all(walked)
        progress.finish()
        summary = intake.summary
        summary.seconds = time.monotonic() - clock
        write_ingest(home, name, corpus, started, summary)
    return summary


@dataclass
class _Block:
    """Rows read and not yet looked up."""

    rows: list[tuple[FileCount, Row, StoredRow]] = field(
        default_factory=list[tuple[FileCount, Row, StoredRow]]
    )
    size: int = 0
    files: list[FileCount] = field(default_factory=list[FileCount])


_Read = tuple[FileCount, Row, StoredRow]


class _Intake:
    """An ingest under way: the rows held back until a block, and a shard, is full."""

    def __init__(
        self, home: Home, order: Order, name: str, known: KnownDocuments, ledger: Ledger, progress: Progress
    ) -> None:
        self.summary = Summary()
        self._home, self._order, self._name = home, order, name
        self._known, self._ledger, self._progress = known, ledger, progress
        self._block = _Block()
        self._pending: list[StoredRow] = []
        self._pending_bytes = 0
        self._number = next_number(home, order.corpus)
        self._rows = self._files = self._bytes = 0

    def take_all(self, walked: Iterable[Walked]) -> None:
        """Take every file in."""
        for item in walked:
            if not isinstance(item, FoundFile):
                self._refuse_file(*item)
            elif self._order.wanted(item):
                self._take_file(item)
        self._settle()
        if self._pending:
            self._write_shard()

    def _refuse_file(self, source: str, refused: Refused) -> None:
        """Note a file that is not opened; one that was meant to be read counts as a row that was refused."""
        if not refused.counts:
            self.summary.passed_over += 1
            self._write_rejection(source, refused, None)
            return
        count = FileCount(FoundFile("", source, 0, 0), inner_suffix(source) or "(none)", rows=1)
        self._reject(count, refused, None)
        self._block.files.append(count)

    def _take_file(self, file: FoundFile) -> None:
        count = FileCount(file, inner_suffix(file.source) or "(none)")
        self._files += 1
        for found in read_file(file, self._order.reading, self._order.limits):
            if isinstance(found, Refused) and not found.counts:
                self._refuse_file(file.source, found)
                continue
            count.rows += 1
            self._rows += 1
            if isinstance(found, Row):
                self._take_row(count, found)
            elif isinstance(found, Blank):
                count.blank += 1
            else:
                self._reject(count, found, None)
            if not self._rows % 256:
                self._progress.tick(self._rows, self._files, self._bytes + min(count.size, file.size))
        self._bytes += file.size
        self._progress.tick(self._rows, self._files, self._bytes)
        self._block.files.append(count)
        if len(self._block.files) >= _BLOCK_ROWS:
            self._settle()

    def _take_row(self, count: FileCount, row: Row) -> None:
        parts = split_row(row, self._order.limits) if self._order.split else (row,)
        # The parts of one text are one row in the ledger of the file, and as many rows in the shards.
        count.rows += len(parts) - 1
        for part in parts:
            stored = self._stored(count.file.source, part)
            if stored is None:
                self._reject(count, empty(part), None)
                continue
            block = self._block
            block.rows.append((count, part, stored))
            size = len(stored.text) + len(stored.original or "")
            block.size += size
            count.size += size
            if len(block.rows) >= _BLOCK_ROWS or block.size >= _BLOCK_BYTES:
                self._settle()

    def _stored(self, source: str, row: Row) -> StoredRow | None:
        text, note = row.text, row.note
        if "\x00" in text:
            # Databases and C programs take it for an end; no writing system has it.
            text, note = text.replace("\x00", ""), "NUL characters were left out"
        normal = strip_hidden(text)
        if not normal.text or normal.text.isspace():
            return None
        source_id = row.source_id
        if source_id and (len(source_id) > _SOURCE_ID_CHARACTERS or not source_id.isprintable()):
            source_id = visible(source_id[:_SOURCE_ID_CHARACTERS])
        return StoredRow(
            document_id_of(self._order.corpus, source, row),
            1,
            self._order.corpus,
            source,
            row.place,
            source_id,
            row.title,
            row.url,
            row.license,
            row.language,
            text,
            text_hash_of(text.encode()),
            duplicate_key_of(normal.text),
            row.original,
            normal.controls + len(row.text) - len(text),
            normal.invisibles,
            note,
            self._name,
        )

    def _settle(self) -> None:
        """Look the block's documents up, keep what is new, refuse what is repeated or was dropped."""
        block, self._block = self._block, _Block()
        if block.rows:
            standings = self._known.settle(
                [stored.document_id for _, _, stored in block.rows],
                [stored.text_hash for _, _, stored in block.rows],
            )
            for (count, row, stored), standing in zip(block.rows, standings, strict=True):
                if standing.verdict == "repeated":
                    self._reject(count, repeated(row), stored.document_id)
                elif standing.verdict == "dropped":
                    self._reject(count, _dropped(row), stored.document_id)
                else:
                    count.accepted += 1
                    count.added += standing.verdict != "there"
                    if standing.verdict == "new":
                        self._keep(
                            stored if standing.version == 1 else stored._replace(version=standing.version)
                        )
        for count in block.files:
            self._write_file(count)

    def _keep(self, row: StoredRow) -> None:
        self._pending.append(row)
        self._pending_bytes += len(row.text) + len(row.original or "")
        full = len(self._pending) >= self._order.shard_size
        if full or self._pending_bytes >= self._order.limits.maximum_shard_bytes:
            self._write_shard()

    def _write_shard(self) -> None:
        shard = write_raw_shard(self._home, self._order.corpus, self._number, self._pending)
        self.summary.shards.append(shard)
        self._number += 1
        self._pending, self._pending_bytes = [], 0

    def _reject(self, count: FileCount, refused: Refused, document_id: str | None) -> None:
        count.rejected += 1
        self.summary.reasons[refused.reason] += 1
        self._write_rejection(count.file.source, refused, document_id)

    def _write_rejection(self, source: str, refused: Refused, document_id: str | None) -> None:
        self._progress.refused(source, refused)
        given = (self._name, self._order.corpus, source)
        self._ledger.rejections.add(rejection_line(*given, refused, document_id))

    def _write_file(self, count: FileCount) -> None:
        kind = self.summary.kinds.setdefault(count.kind, KindCount())
        kind.files += 1
        kind.rows += count.rows
        kind.accepted += count.accepted
        kind.rejected += count.rejected
        kind.blank += count.blank
        self.summary.added += count.added
        self._ledger.files.add(count.line(self._name, self._order.corpus))


def _dropped(row: Row) -> Refused:
    found, remedy = "it was taken out with gem drop", "give --again to take it in again"
    return Refused(row.place, RefusalReason.DROPPED, found, remedy, excerpt_of(row.text))
