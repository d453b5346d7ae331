"""The tables of an evaluation: a part per table, evaluated model and part of a benchmark.

Does not belong here: how a part of a table is written (`store/parts.py`), what the rows say.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gem_assets.evaluation.evaluated_models import EvaluationError, check_name
from gem_assets.store import parts
from gem_assets.store.home import Home

PARTS = {
    "bfcl": ("base", "miss_func", "miss_param", "long_context"),
    "tau2": ("airline", "retail"),
}
"""The categories of BFCL V3 multi-turn and the domains of tau2-bench that the paper reports."""

LIMIT_TAG = "gem/entries"
"""Tag of a run that answers only so many entries of a part: a trial, whose score is marked."""
THREADS_TAG = "gem/threads"
"""Tag of a run: entries at a time."""


def part_key(name: str, part: str) -> str:
    """Name the rows about one model on one part; raises EvaluationError where there is no such part."""
    if not any(part in known for known in PARTS.values()):
        known = "; ".join(f"{benchmark}: {', '.join(its)}" for benchmark, its in PARTS.items())
        raise EvaluationError(f"there is no category {part}: {known}")
    return f"{check_name(name)}={part}"


def write_part(
    home: Home,
    table: str,
    name: str,
    part: str,
    rows: Sequence[Mapping[str, Any]],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Replace the rows; raises StoreError where another process is writing the same."""
    what = f"{table} of {name}, {part}"
    parts.write_part(home, table, part_key(name, part), rows, what=what, metadata=metadata)


def read_part(home: Home, table: str, name: str, part: str) -> list[dict[str, Any]]:
    """Read the rows, in the order of their declaration's first columns; none where none were written."""
    return parts.read_part(home, table, part_key(name, part), ordered=True)


def part_metadata(home: Home, table: str, name: str, part: str) -> dict[str, str]:
    """Read what was written beside the rows; empty where none were."""
    return parts.read_part_metadata(home, table, part_key(name, part))


def drop_part(home: Home, table: str, name: str, part: str) -> None:
    """Take rows away that hold no longer."""
    parts.drop_part(home, table, part_key(name, part))
