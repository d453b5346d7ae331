"""The tables of a recipe: a part per table and recipe, whose key is the recipe's name.

Does not belong here: how a part is written (`store/parts.py`), what the rows say.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.datasets.recipes import check_recipe_name
from gem_assets.store import parts
from gem_assets.store.connections import Connection
from gem_assets.store.home import Home, check_run

OUTCOMES = "trajectory_dataset_outcomes"
RUN = "run_id"


def recipe_file(home: Home, table: str, recipe: str) -> Path:
    """The file of a table's recipe; raises StoreError on a name that is none."""
    return parts.part_file(home, table, check_recipe_name(recipe))


def history_file(home: Home, recipe: str, run_id: str) -> Path:
    """Where the choice that `run_id` made is kept after another replaced it."""
    return parts.history_file(home, OUTCOMES, check_recipe_name(recipe), run_id)


def write_recipe_rows(
    home: Home, table: str, recipe: str, rows: Sequence[dict[str, Any]], run_id: str
) -> None:
    """Replace a recipe's rows of a table; the choice before stays in the history.

    Raises:
        StoreError: another process is writing the same, or the disk is full; the old rows stay.
    """
    parts.write_part(
        home,
        table,
        check_recipe_name(recipe),
        rows,
        what=f"{table} of the recipe {recipe}",
        metadata={RUN: check_run(run_id)},
        history=_run_of if table == OUTCOMES else None,
    )


def written_run(home: Home, table: str, recipe: str) -> str | None:
    """Say which run wrote a recipe's rows of a table; None where none did."""
    return _run_of(parts.read_part_metadata(home, table, check_recipe_name(recipe)))


def read_recipe_rows(connection: Connection, home: Home, table: str, recipe: str) -> list[dict[str, Any]]:
    """Read a recipe's rows of a table, ordered by shard and id; empty where it was never built."""
    return parts.read_part_in(connection, home, table, check_recipe_name(recipe))


def _run_of(metadata: Mapping[str, str]) -> str | None:
    return metadata.get(RUN)
