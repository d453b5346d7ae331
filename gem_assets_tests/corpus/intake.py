"""Ingesting in a test: a home, some files, and what the tables then hold.

Does not belong here: tests.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gem_assets.corpus.ingest import Order, ingest
from gem_assets.corpus.progress import Progress, Summary
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql, sql_names

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
STEPS = "Open the portal, sign in, choose the day and press Book. "


def take_in(home: Home, *paths: Path, corpus: str = "demo", size: int = 4, **order: Any) -> Summary:
    """Ingest files as `gem ingest` does."""
    return ingest(home, Order(corpus, paths, size, **order), Progress(lambda line: None))


def jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    """Query what the files hold; the views are made only where the query names one."""
    words = set(re.findall(r"\w+", query))
    tables = None if words & set(sql_names("views")) else tuple(words & set(sql_names("tables")))
    with open_live(home, tables) as connection:
        return connection.execute(query).fetchall()


def shards(home: Home) -> dict[str, bytes]:
    """Every raw shard, byte for byte."""
    return {path.name: path.read_bytes() for path in sorted(home.raw.glob("[a-z]*.parquet"))}


def counts(summary: Summary) -> tuple[int, int, int]:
    total = summary.total
    assert total.rows == total.accepted + total.rejected + total.blank
    return total.accepted, total.rejected, total.blank


def broken_checks(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every check of ingestion; none may have any."""
    names = [name for name in sql_names("checks") if name.startswith("ingest")]
    assert names
    with open_live(home) as connection:
        found = {name: connection.execute(read_sql("checks", name)).fetchall() for name in names}
    return {name: rows for name, rows in found.items() if rows}
