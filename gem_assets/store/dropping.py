"""Take documents out of the raw shards, and remember that they are to stay out.

A shard keeps its name when nothing is left in it, so that no later text gets a place another text had.
Does not belong here: asking and printing (`commands/intake.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gem_assets.store.connections import attach_live, open_live, open_memory, parquet_sql, quote
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import only_writer, replacing
from gem_assets.store.home import Home, StoreError, check_corpus
from gem_assets.store.parts import next_number, write_part


@dataclass(frozen=True)
class Dropped:
    """What a drop took out."""

    documents: int
    rows: int
    shards: int
    descendants: int
    """Kept records of all stages that stand on it and go with the next run."""


def find_documents(home: Home, corpus: str | None, prefix: str | None) -> tuple[str, list[str]]:
    """Find the documents of a corpus, or the one whose id begins with `prefix`: (corpus, ids).

    Raises:
        StoreError: there is none, or more than one begins so.
    """
    with open_live(home, ("raw_rows",)) as connection:
        if prefix is None:
            query, value = "corpus = ?", check_corpus(corpus or "")
        else:
            query, value = "starts_with(document_id, ?)", prefix
        found = connection.execute(
            f"SELECT DISTINCT corpus, document_id FROM raw_rows WHERE {query} ORDER BY document_id", [value]
        ).fetchall()
    if corpus is not None:
        found = [row for row in found if row[0] == corpus]
    if not found:
        what = f"corpus {corpus}" if prefix is None else f"document {prefix}"
        raise StoreError(f'there is no {what}: gem sql --live "FROM raw_rows" lists what was ingested')
    if prefix is not None and len(found) > 1:
        raise StoreError(f"{len(found)} documents begin with {prefix}: give more of the id")
    return found[0][0], [row[1] for row in found]


def drop_documents(home: Home, corpus: str, document_ids: Sequence[str]) -> Dropped:
    """Note the documents as dropped, then rewrite the shards that hold them; doing it again finishes it.

    Raises:
        StoreError: another process is writing the corpus.
    """
    with only_writer(home.locks / f"corpus-{check_corpus(corpus)}.lock", f"the corpus {corpus}"):
        with open_memory(home) as connection:
            attach_live(connection, home, ("raw_rows",))
            connection.execute("CREATE TABLE gone (document_id VARCHAR PRIMARY KEY)")
            connection.execute("INSERT INTO gone SELECT DISTINCT unnest(?)", [list(document_ids)])
            held = connection.execute(
                "SELECT document_id, max(version) FROM raw_rows SEMI JOIN gone USING (document_id) "
                "WHERE corpus = ? GROUP BY document_id ORDER BY document_id",
                [corpus],
            ).fetchall()
            shards = connection.execute(
                "SELECT shard, count(*) FROM raw_rows SEMI JOIN gone USING (document_id) "
                "WHERE corpus = ? GROUP BY shard ORDER BY shard",
                [corpus],
            ).fetchall()
            _note(home, corpus, held)
            for shard, _ in shards:
                path = home.shard_file("raw_rows", shard)
                with map_store_errors(f"the shard {shard}"), replacing(path) as temporary:
                    connection.execute(
                        f"COPY (SELECT * FROM {parquet_sql([path])} "
                        f"ANTI JOIN gone USING (document_id) ORDER BY position) "
                        f"TO {quote(temporary)} (FORMAT parquet, COMPRESSION zstd)"
                    )
        descendants = _count_descendants(home, document_ids)
    return Dropped(len(held), sum(count for _, count in shards), len(shards), descendants)


def _note(home: Home, corpus: str, held: Sequence[tuple[str, int]]) -> None:
    now = datetime.now(UTC)
    rows = [
        {"document_id": document_id, "corpus": corpus, "version": version, "dropped_at": now}
        for document_id, version in held
    ]
    if not rows:
        return
    key = f"{corpus}-{next_number(home, 'dropped_documents', corpus):05d}"
    write_part(home, "dropped_documents", key, rows, what=f"the note of what was dropped from {corpus}")


def _count_descendants(home: Home, document_ids: Sequence[str]) -> int:
    with open_live(home) as connection:
        connection.execute(
            "CREATE TEMP TABLE gone AS SELECT DISTINCT unnest(?) AS document_id", [list(document_ids)]
        )
        row = connection.execute(
            "SELECT count(*) FROM dropped_records SEMI JOIN gone USING (document_id)"
        ).fetchone()
    return int(row[0]) if row else 0
