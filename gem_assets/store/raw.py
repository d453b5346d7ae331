"""Raw rows: immutable shards of ingested text, and what the rows say of each other.

Does not belong here: reading files (`stages/ingestion.py`) and judging rows (`stages/corpus.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gem_assets.records.base import content_hash
from gem_assets.records.document import RawRow
from gem_assets.store.connections import Connection, attach_live, open_live
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, check_corpus, check_shard
from gem_assets.store.sql_files import read_sql
from gem_assets.store.tables import write_rows

_FIELDS = "document_id, corpus, source, place, source_id, title, url, license, language, text, version"


@dataclass(frozen=True)
class RowStatus:
    """A raw row as `documents` has to judge it."""

    row: RawRow
    superseded: bool
    first_document_id: str | None
    """The document that holds the same text and comes first; its own id when it does."""

    @property
    def key(self) -> str:
        """Name the row among all versions."""
        return f"{self.row.document_id}@{self.row.version}"


def shard_names(home: Home, corpus: str | None = None) -> list[str]:
    """List the shards there are, in order."""
    found = sorted(path.stem for path in home.raw.glob("[a-z0-9]*.parquet"))
    return [name for name in found if corpus is None or name.rpartition("-")[0] == check_corpus(corpus)]


def add_rows(home: Home, corpus: str, rows: Sequence[RawRow], shard_size: int) -> list[str]:
    """Store rows that are new or changed in new shards, after those there are; returns the shards written.

    A row whose text stands already under its document id is passed over, so adding twice adds nothing.
    """
    with only_writer(home.locks / f"corpus-{check_corpus(corpus)}.lock", f"the corpus {corpus}"):
        stored = _stored_versions(home, corpus)
        fresh: list[RawRow] = []
        for row in rows:
            version, text_hash = stored.get(row.document_id, (0, ""))
            if text_hash != _text_hash(row.text):
                fresh.append(row.model_copy(update={"version": version + 1}))
        return _write_shards(home, corpus, fresh, shard_size)


def read_row_statuses(connection: Connection, home: Home, shard: str) -> list[RowStatus]:
    """Read a shard's raw rows, each with what the other rows of all shards say of it."""
    attach_live(connection, home, ("raw_rows",))
    connection.execute(read_sql("views", "raw_row_status"))
    found = connection.execute(
        f"SELECT {_FIELDS}, superseded, first_document_id FROM raw_row_status "
        "WHERE shard = ? ORDER BY position",
        [check_shard(shard)],
    ).fetchall()
    names = _FIELDS.split(", ")
    return [
        RowStatus(RawRow.model_validate(dict(zip(names, values, strict=False))), values[-2], values[-1])
        for values in found
    ]


def _write_shards(home: Home, corpus: str, rows: Sequence[RawRow], size: int) -> list[str]:
    taken = shard_names(home, corpus)
    number = int(taken[-1].rpartition("-")[2]) + 1 if taken else 0
    written: list[str] = []
    for start in range(0, len(rows), size):
        shard = f"{corpus}-{number + start // size:05d}"
        content = [
            {
                **row.model_dump(),
                "shard": shard,
                "position": position,
                "text_hash": _text_hash(row.text),
                "duplicate_key": _duplicate_key(row.text),
            }
            for position, row in enumerate(rows[start : start + size])
        ]
        write_rows(home.shard_file("raw_rows", shard), "raw_rows", content, {})
        written.append(shard)
    return written


def _stored_versions(home: Home, corpus: str) -> dict[str, tuple[int, str]]:
    with open_live(home, ("raw_rows",)) as connection:
        found = connection.execute(
            "SELECT document_id, max(version), arg_max(text_hash, version) FROM raw_rows "
            "WHERE corpus = ? GROUP BY document_id",
            [corpus],
        ).fetchall()
    return {document_id: (version, text_hash) for document_id, version, text_hash in found}


def _text_hash(text: str) -> str:
    return content_hash(text)


def _duplicate_key(text: str) -> str:
    return content_hash(" ".join(text.casefold().split()))


def find_raw_rows(connection: Connection, prefix: str) -> list[RawRow]:
    """Read the newest version of the document whose id starts with `prefix`, where it is only one."""
    found = connection.execute(
        f"SELECT {_FIELDS} FROM raw_rows WHERE starts_with(document_id, ?) "
        "QUALIFY row_number() OVER (PARTITION BY document_id ORDER BY version DESC) = 1",
        [prefix],
    ).fetchall()
    names = _FIELDS.split(", ")
    rows = [RawRow.model_validate(dict(zip(names, values, strict=True))) for values in found]
    return rows if len(rows) == 1 else []
