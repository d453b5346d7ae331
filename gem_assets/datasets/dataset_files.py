"""Where the tables of a recipe lie and how they are put there: one file per table and recipe, replaced whole.

Does not belong here: what the rows say.
"""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gem_assets.datasets.recipes import check_recipe_name
from gem_assets.store.connections import Connection, check_table
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError, check_run
from gem_assets.store.tables import read_metadata, write_rows

OUTCOMES = "trajectory_dataset_outcomes"
RUN = "run_id"

# How the database says that the disk refused; a commit on a full one is a TransactionException.
_REFUSALS = ("IOException", "TransactionException")


def recipe_file(home: Home, table: str, recipe: str) -> Path:
    """The file of a table's recipe; raises StoreError on a name that is none."""
    return home.tables / check_table(table) / f"{check_recipe_name(recipe)}.parquet"


def history_file(home: Home, recipe: str, run_id: str) -> Path:
    """Where the choice that `run_id` made is kept after another replaced it."""
    return (
        home.root
        / "history"
        / "trajectory_dataset"
        / check_recipe_name(recipe)
        / f"{check_run(run_id)}.parquet"
    )


def write_recipe_rows(
    home: Home, table: str, recipe: str, rows: Sequence[dict[str, Any]], run_id: str
) -> None:
    """Replace a recipe's rows of a table; the choice before stays in the history.

    Raises:
        StoreError: another process is writing the same, or the disk is full; the old rows stay.
    """
    path = recipe_file(home, table, recipe)
    with only_writer(home.locks / table / f"{recipe}.lock", f"{table} of the recipe {recipe}"):
        if table == OUTCOMES:
            _keep_history(home, recipe, path)
        with said_in_a_sentence(f"{table} of the recipe {recipe}"):
            write_rows(path, table, rows, {RUN: check_run(run_id)})


@contextmanager
def said_in_a_sentence(what: str) -> Generator[None]:
    """Turn what the disk or the database refuses into a StoreError that names `what`."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{what} could not be written: {error.strerror or error}") from error
    except Exception as error:
        # Known by its module's name: only the store may import the database.
        if type(error).__name__ not in _REFUSALS:
            raise
        first = str(error).partition("\n")[0]
        raise StoreError(f"{what} could not be written: {first}") from error


def written_run(home: Home, table: str, recipe: str) -> str | None:
    """Say which run wrote a recipe's rows of a table; None where none did."""
    return (read_metadata(recipe_file(home, table, recipe)) or {}).get(RUN)


def read_recipe_rows(connection: Connection, home: Home, table: str, recipe: str) -> list[dict[str, Any]]:
    """Read a recipe's rows of a table, ordered by shard and id; empty where it was never built."""
    path = recipe_file(home, table, recipe)
    return read_rows(connection, path) if path.is_file() else []


def read_rows(connection: Connection, path: Path) -> list[dict[str, Any]]:
    """Read all rows of a table's file as dictionaries, in the order of their first columns."""
    found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _keep_history(home: Home, recipe: str, path: Path) -> None:
    replaced = (read_metadata(path) or {}).get(RUN)
    if replaced is None:
        return
    kept = history_file(home, recipe, replaced)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.unlink(missing_ok=True)
    os.link(path, kept)
