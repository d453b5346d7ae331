"""Counts of an ingest as rows of its ledger.

Does not belong here: what is counted when (`ingest.py`), writing the ledger (`store/ingest_ledger.py`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from gem_assets.corpus.progress import Summary
from gem_assets.corpus.rows import Refused
from gem_assets.corpus.walking import FoundFile
from gem_assets.store.home import Home
from gem_assets.store.ingest_ledger import FileLine, RejectionLine
from gem_assets.store.parts import write_part


@dataclass
class FileCount:
    """What became of a file's rows so far."""

    file: FoundFile
    kind: str
    rows: int = 0
    accepted: int = 0
    added: int = 0
    changed: int = 0
    """Of those added: new versions of stored documents."""
    rejected: int = 0
    blank: int = 0
    size: int = 0
    """Characters of text so far: how far the reading is, roughly."""

    def line(self, ingest: str, corpus: str) -> FileLine:
        """Write the counts as a row of `ingested_files`."""
        return FileLine(
            ingest,
            corpus,
            self.file.source,
            self.kind,
            self.file.size,
            self.file.modified,
            self.rows,
            self.accepted,
            self.added,
            self.changed,
            self.rejected,
            self.blank,
        )


def rejection_line(
    ingest: str, corpus: str, source: str, refused: Refused, document_id: str | None
) -> RejectionLine:
    """Write a refusal as a row of `ingest_rejections`."""
    return RejectionLine(
        ingest,
        corpus,
        source,
        refused.place,
        not refused.counts,
        refused.reason.value,
        refused.found,
        refused.remedy,
        refused.excerpt,
        document_id,
    )


def write_ingest(home: Home, name: str, corpus: str, started: datetime, summary: Summary) -> None:
    """Write the row of a finished ingest."""
    total = summary.total
    row = {
        "ingest": name,
        "corpus": corpus,
        "started_at": started,
        "finished_at": datetime.now(UTC),
        "files": total.files,
        "passed_over": summary.passed_over,
        "rows_read": total.rows,
        "accepted": total.accepted,
        "added": total.added,
        "changed": total.changed,
        "rejected": total.rejected,
        "blank": total.blank,
        "shards": summary.shards,
    }
    write_part(home, "ingests", name, [row], what=f"the ledger of the ingest {name}")
