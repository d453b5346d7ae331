"""Files of an export: lines of JSON, Parquet, DuckDB, and the config stubs that lie beside this module.

Does not belong here: what a row looks like (`shapes`), which files a format has (`layouts`).
"""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from gem_assets.datasets.exports.rows import TASKS, TrainingRow, TrainingRows
from gem_assets.store.connections import open_memory, parquet_sql, quote

STUBS = Path(__file__).parent / "stubs"

Shape = Callable[[TrainingRow], dict[str, Any]]

_OPTIONAL = re.compile(r"\s*# only with (\w+)_(\w+)$")


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_splits(folder: Path, rows: TrainingRows, shape: Shape) -> list[Path]:
    """Write TASK_SPLIT.jsonl for every task and split that holds rows."""
    written: list[Path] = []
    for task in TASKS:
        for split in rows.splits(task):
            path = folder / f"{task}_{split}.jsonl"
            write_json_lines(path, (shape(row) for row in rows.of(task, split)))
            written.append(path)
    return written


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows of plain columns as one zstd Parquet file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(rows), path, compression="zstd")


def write_database(path: Path, sources: dict[str, Path]) -> None:
    """Write Parquet files as the tables of one DuckDB file that older clients open, too."""
    with open_memory() as connection:
        connection.execute(f"ATTACH {quote(path)} AS export (STORAGE_VERSION 'v1.2.0')")
        for table, source in sources.items():
            connection.execute(f"CREATE TABLE export.{table} AS FROM {parquet_sql([source])}")
        connection.execute("DETACH export")


def write_stubs(folder: Path, format_name: str, rows: TrainingRows) -> None:
    """Copy a format's config stubs; lines about a split without rows are left out."""
    present = {f"{task}_{split}" for task in TASKS for split in rows.splits(task)}
    for stub in sorted((STUBS / format_name).iterdir()):
        lines = [_kept(line, present) for line in stub.read_text("utf-8").split("\n")]
        text = "\n".join(line for line in lines if line is not None)
        (folder / stub.name.removesuffix(".stub")).write_text(text.replace("RECIPE", rows.recipe), "utf-8")


def _kept(line: str, present: set[str]) -> str | None:
    marked = _OPTIONAL.search(line)
    if marked is None:
        return line
    return line[: marked.start()] if f"{marked[1]}_{marked[2]}" in present else None
