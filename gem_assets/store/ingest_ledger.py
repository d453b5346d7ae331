"""The ledger of one ingest: every file with its counts and every refusal, streamed, put in place at the end.

Does not belong here: counting (`corpus/ingest.py`).
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from gem_assets.store.arrow_tables import TableWriter
from gem_assets.store.connections import open_live
from gem_assets.store.files import replacing
from gem_assets.store.home import Home
from gem_assets.store.parts import next_number


class FileLine(NamedTuple):
    """A row of `ingested_files`."""

    ingest: str
    corpus: str
    source: str
    kind: str
    size: int
    modified: int
    rows_read: int
    accepted: int
    added: int
    changed: int
    rejected: int
    blank: int


class RejectionLine(NamedTuple):
    """A row of `ingest_rejections`."""

    ingest: str
    corpus: str
    source: str
    place: str
    passed_over: bool
    reason: str
    found: str
    remedy: str
    excerpt: str
    document_id: str | None


class Ledger(NamedTuple):
    """Where an ingest writes down what became of files and rows."""

    files: TableWriter
    rejections: TableWriter


@contextmanager
def open_ledger(home: Home, ingest: str) -> Generator[Ledger]:
    """Open the two tables; they are put in place on the way out, and not at all after an error."""
    with ExitStack() as stack:
        writers: list[TableWriter] = []
        for table in ("ingested_files", "ingest_rejections"):
            path = stack.enter_context(replacing(home.shard_file(table, ingest)))
            writers.append(TableWriter(str(path), table))
            stack.callback(writers[-1].close)
        yield Ledger(*writers)


def next_ingest(home: Home, corpus: str) -> str:
    """Name the next ingest of a corpus; one that was killed left no name and is done again under its own."""
    return f"{corpus}-{next_number(home, 'ingests', corpus):05d}"


def read_ingested(home: Home, corpus: str) -> set[tuple[str, int, int]]:
    """Read which files of a corpus were ingested: source, size and time of change."""
    with open_live(home, ("ingested_files",)) as connection:
        found = connection.execute(
            "SELECT DISTINCT source, size, modified FROM ingested_files WHERE corpus = ?", [corpus]
        ).fetchall()
    return {(source, size, modified) for source, size, modified in found}
