"""Where the tables of an evaluation lie: one file per table, evaluated model and part, replaced whole.

Does not belong here: what the rows say.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.evaluation.evaluated_models import EvaluationError, check_name
from gem_assets.store.connections import check_table, open_memory
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home
from gem_assets.store.tables import read_metadata, write_rows

PARTS = {
    "bfcl": ("base", "miss_func", "miss_param", "long_context"),
    "tau2": ("airline", "retail"),
}
"""The categories of BFCL V3 multi-turn and the domains of tau2-bench that the paper reports."""

LIMIT_TAG = "gem/entries"
"""Tag of a run that answers only so many entries of a part: a trial, whose score is marked."""
THREADS_TAG = "gem/threads"
"""Tag of a run: entries at a time."""


def part_file(home: Home, table: str, name: str, part: str) -> Path:
    """Name the file of a table's rows about one model on one part."""
    if not any(part in parts for parts in PARTS.values()):
        known = "; ".join(f"{benchmark}: {', '.join(parts)}" for benchmark, parts in PARTS.items())
        raise EvaluationError(f"there is no category {part}: {known}")
    return home.tables / check_table(table) / f"{check_name(name)}={part}.parquet"


def write_part(
    home: Home,
    table: str,
    name: str,
    part: str,
    rows: Sequence[Mapping[str, Any]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Replace the rows; raises StoreError where another process is writing the same."""
    path = part_file(home, table, name, part)
    with only_writer(home.locks / table / f"{path.stem}.lock", f"{table} of {name}, {part}"):
        write_rows(path, table, [dict(row) for row in rows], dict(metadata or {}))


def read_part(home: Home, table: str, name: str, part: str) -> list[dict[str, Any]]:
    """Read the rows, in the order of their declaration's first columns; none where none were written."""
    path = part_file(home, table, name, part)
    if not path.is_file():
        return []
    with open_memory() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?) ORDER BY ALL", [str(path)])
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def part_metadata(home: Home, table: str, name: str, part: str) -> dict[str, str]:
    """Read what was written beside the rows; empty where none were."""
    return read_metadata(part_file(home, table, name, part)) or {}


def drop_part(home: Home, table: str, name: str, part: str) -> None:
    """Take rows away that hold no longer."""
    part_file(home, table, name, part).unlink(missing_ok=True)
