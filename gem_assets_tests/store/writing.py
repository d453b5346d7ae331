"""Small outcomes and raw rows to write, and a way to bend what was written."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gem_assets.corpus.identity import duplicate_key_of, text_hash_of
from gem_assets.corpus.normalising import strip_hidden
from gem_assets.records.document import Document, RawRow
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.records.provenance import Provenance
from gem_assets.stages.catalog import stage_of
from gem_assets.store.connections import open_memory, quote
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, check_corpus
from gem_assets.store.known_documents import open_known
from gem_assets.store.raw_shards import RAW_COLUMNS, ShardWriter
from gem_assets.store.shards import ShardWrite, StageInput, write_outcomes
from gem_assets.store.stage_runs import StageRun
from gem_assets.store.tables import as_text, read_metadata

SHARD = "demo-00000"
START = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = Provenance(
    prompt_version="p@1", model="m", generator="model", call_keys=("k",), input_tokens=10, output_tokens=5,
    cost=0.25, seconds=1.5,
)  # fmt: skip


def document(number: int = 0, **changes: Any) -> Document:
    fields = {
        "document_id": f"document-{number}",
        "corpus": "demo",
        "source": "rows.jsonl",
        "place": f"line {number}",
        "language": "en",
        "text": f"Open the app. Then press {number}.",
    }
    return Document.model_validate(fields | changes)


def given(record: Any, record_id: str | None = None) -> StageInput[Any]:
    document_id = record.document_id
    return StageInput(record_id or document_id, document_id, record)


def source(document_id: str, version: int, record: Any) -> StageInput[Any]:
    """A raw row as the first stage is given it."""
    return StageInput(f"{document_id}@{version}", document_id, record, child_id=document_id)


def kept(number: int = 0, **changes: Any) -> tuple[StageInput[Any], Outcome[Any]]:
    """A raw row, named as `documents` names it, and the document made of it."""
    made = document(number, **changes)
    return source(made.document_id, 1, made), Kept((made,))


def write(
    home: Home,
    outcomes: Sequence[tuple[StageInput[Any], Outcome[Any]]],
    asset: str = "documents",
    run_id: str = "run-1",
    minutes: int = 0,
    **changes: Any,
) -> StageRun:
    fields = {
        "asset": asset,
        "shard": SHARD,
        "run_id": run_id,
        "started_at": START + timedelta(minutes=minutes),
        "finished_at": START + timedelta(minutes=minutes, seconds=30),
        "model": "m temperature=0.2",
        "code_version": "code-1",
        "input_version": "input-1",
    }
    return write_outcomes(home, ShardWrite(**(fields | changes)), outcomes, stage_of(asset).columns)


def alter(home: Home, table: str, shard: str, *statements: str) -> None:
    """Change a shard's file behind the store's back: the statements see its rows as `rows`."""
    path = home.shard_file(table, shard)
    pairs = ", ".join(f"{key}: {quote(value)}" for key, value in (read_metadata(path) or {}).items())
    with open_memory() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet({quote(path)})")
        for statement in statements:
            connection.execute(statement)
        path.unlink()  # not in place: the history may hold the same file
        connection.execute(f"COPY rows TO {quote(path)} (FORMAT parquet, KV_METADATA {{{pairs}}})")


def query(home: Home, table: str, columns: str, shard: str = SHARD) -> list[tuple[Any, ...]]:
    with open_memory() as connection:
        path = quote(home.shard_file(table, shard))
        return connection.execute(f"SELECT {columns} FROM read_parquet({path}) ORDER BY ALL").fetchall()


def add_rows(home: Home, corpus: str, rows: Sequence[RawRow], shard_size: int) -> list[str]:
    """Store the rows that are new or changed in new shards after those there are; returns these.

    For rows at hand: `corpus/ingest.py` carries files, and writes a ledger.
    """
    with (
        only_writer(home.locks / f"corpus-{check_corpus(corpus)}.lock", f"the corpus {corpus}"),
        open_known(home, corpus, "", again=False) as known,
    ):
        writer = ShardWriter(home, corpus, shard_size, sys.maxsize)
        stored = [_stored(row) for row in rows]
        standings = known.settle([row["document_id"] for row in stored], [row["text_hash"] for row in stored])
        fresh = [
            row | {"version": standing.version}
            for row, standing in zip(stored, standings, strict=True)
            if standing.verdict in ("new", "changed") and not standing.ours
        ]
        columns = {name: [row[name] for row in fresh] for name in RAW_COLUMNS}
        writer.add(columns, [1] * len(fresh))
        writer.finish()
        return writer.shards


def _stored(row: RawRow) -> dict[str, Any]:
    normal = strip_hidden(row.text)
    return dict.fromkeys(RAW_COLUMNS) | {
        **row.model_dump(),
        "text": as_text(row.text),
        "text_hash": text_hash_of(row.text.encode("utf-8", "replace")),
        "duplicate_key": duplicate_key_of(normal.text),
        "control_count": normal.controls,
        "invisible_count": normal.invisibles,
        "ingest": "",
    }
