"""Small outcomes to write, and a way to bend what was written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gem_assets.records.document import Document
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.records.provenance import Provenance
from gem_assets.stages.catalog import stage_of
from gem_assets.store.connections import open_memory, quote
from gem_assets.store.home import Home
from gem_assets.store.shards import ShardWrite, StageInput, write_outcomes
from gem_assets.store.stage_runs import StageRun
from gem_assets.store.tables import read_metadata

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
