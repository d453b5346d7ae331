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

from gem_assets.corpus.block import Block
from gem_assets.corpus.kinds import inner_suffix
from gem_assets.corpus.progress import KindCount, Progress, Summary
from gem_assets.corpus.reading import empty, read_file, repeated
from gem_assets.corpus.rows import Blank, Reading, RefusalReason, Refused, Row, excerpt_of
from gem_assets.corpus.splitting import split_row
from gem_assets.corpus.tally import FileCount, rejection_line, write_ingest
from gem_assets.corpus.walking import FoundFile, Walked, walk
from gem_assets.settings import IngestSettings
from gem_assets.store.files import only_writer, sweep
from gem_assets.store.home import Home, check_corpus
from gem_assets.store.ingest_ledger import Ledger, next_ingest, open_ledger
from gem_assets.store.known_documents import KnownDocuments, open_known
from gem_assets.store.raw_shards import ShardWriter


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


class _Intake:
    """An ingest under way: the rows held back until a block, and a shard, is full."""

    def __init__(
        self, home: Home, order: Order, name: str, known: KnownDocuments, ledger: Ledger, progress: Progress
    ) -> None:
        self.summary = Summary()
        self._order, self._name = order, name
        self._known, self._ledger, self._progress = known, ledger, progress
        self._block = Block(order.corpus, name)
        self._shards = ShardWriter(home, order.corpus, order.shard_size, order.limits.maximum_shard_bytes)
        self._rows = self._files = self._bytes = 0

    def take_all(self, walked: Iterable[Walked]) -> None:
        """Take every file in."""
        for item in walked:
            if not isinstance(item, FoundFile):
                self._refuse_file(*item)
            elif self._order.wanted(item):
                self._take_file(item)
        self._settle()
        self._shards.finish()
        self.summary.shards = self._shards.shards

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
        if self._block.full:
            self._settle()

    def _take_row(self, count: FileCount, row: Row) -> None:
        parts = split_row(row, self._order.limits) if self._order.split else (row,)
        # The parts of one text are one row in the ledger of the file, and as many rows in the shards.
        count.rows += len(parts) - 1
        for part in parts:
            size = self._block.take(count, part)
            if size is None:
                self._reject(count, empty(part), None)
                continue
            count.size += size
            if self._block.full:
                self._settle()

    def _settle(self) -> None:
        """Look the block's documents up, keep what is new, refuse what is repeated or was dropped."""
        block, self._block = self._block, Block(self._order.corpus, self._name)
        kept: list[int] = []
        versions: list[int] = []
        standings = self._known.settle(block.document_ids, block.text_hashes)
        for number, (count, standing) in enumerate(zip(block.counts, standings, strict=True)):
            verdict = standing.verdict
            if verdict == "repeated":
                self._reject(count, repeated(block.as_read(number)), block.document_ids[number])
                continue
            if verdict == "dropped":
                self._reject(count, _dropped(block.as_read(number)), block.document_ids[number])
                continue
            count.accepted += 1
            if verdict != "there":
                count.added += 1
                count.changed += verdict == "changed"
                if not standing.ours:
                    kept.append(number)
                    versions.append(standing.version)
        if kept:
            self._shards.add(*block.columns(kept, versions))
        for count in block.files:
            self._write_file(count)

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
        kind.added += count.added
        kind.changed += count.changed
        self._ledger.files.add(count.line(self._name, self._order.corpus))


def _dropped(row: Row) -> Refused:
    found, remedy = "it was taken out with gem drop", "give --again to take it in again"
    return Refused(row.place, RefusalReason.DROPPED, found, remedy, excerpt_of(row.text))
