"""What the database, Arrow or the file system refuses, as a StoreError: one sentence with what to do.

Everything that writes or reads for another room goes through one of these, so that no room has to know the
database's errors. Does not belong here: what a query or a name got wrong (the modules that check them).
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet as parquet  # pyright: ignore[reportMissingTypeStubs]

from gem_assets.store.files import unwritten
from gem_assets.store.home import Home, StoreError

# pyarrow has no types.
_ARROW_ERROR = cast(type[Exception], cast(Any, pyarrow).ArrowException)
# How DuckDB begins its sentence about a file that is no Parquet; it names the file in quotes.
_DAMAGED = re.compile(r"(?:File|at end of file|in file|reading file) ['\"](.+?\.parquet)['\"]", re.DOTALL)
_MISSING = re.compile(r"No files found that match the pattern \"(.+?)\"", re.DOTALL)
# Errors that a damaged file can bring about without being named; some have no kind of their own.
_OF_A_FILE = (
    duckdb.Error,
    duckdb.IOException,
    duckdb.InvalidInputException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)


@contextmanager
def map_store_errors(what: str, home: Home | None = None) -> Generator[None]:
    """Turn what the disk, Arrow or the database refuses while `what` is written into a StoreError.

    With `home`, for who writes what the tables hold: a damaged file among them is looked for.
    """
    try:
        yield
    except duckdb.ConstraintException as error:
        raise StoreError(
            f"{what} was not written, because its rows break the table's declaration: {_first_line(error)}"
        ) from error
    except (OSError, duckdb.Error, _ARROW_ERROR) as error:
        damaged = _damaged_file(error, home)
        raise StoreError(_damaged_sentence(damaged) if damaged else unwritten(what, error)) from error


@contextmanager
def map_query_errors(home: Home | None = None) -> Generator[None]:
    """Turn what the database refuses while tables are read into a StoreError.

    With `home`, a damaged file that the database does not name is looked for among its tables.
    """
    try:
        yield
    except duckdb.Error as error:
        raise StoreError(query_sentence(error, home)) from error


def query_sentence(error: duckdb.Error, home: Home | None = None, *, whole: bool = False) -> str:
    """Say why a query failed: a damaged or missing file, by its path and with the remedy, or DuckDB's reason.

    `whole` gives all of that reason, which points to the place in the query.
    """
    damaged = _damaged_file(error, home)
    if damaged is not None:
        return _damaged_sentence(damaged)
    missing = _MISSING.search(str(error))
    if missing:
        return f"there is no file {missing[1]} any more: run this again"
    return f"the query was refused: {error if whole else _first_line(error)}"


def find_damaged(home: Home) -> Iterator[Path]:
    """Find the Parquet files of a home's tables that cannot be read; reads every one of them whole."""
    for folder in (home.raw, home.tables):
        for path in sorted(folder.rglob("*.parquet")):
            try:
                with cast(Any, parquet).ParquetFile(path) as file:
                    for group in range(file.num_row_groups):
                        file.read_row_group(group, use_threads=False)
            except FileNotFoundError:
                continue  # replaced or taken away meanwhile
            except (OSError, _ARROW_ERROR):
                yield path


@contextmanager
def map_database_errors(path: Path, remedy: str) -> Generator[None]:
    """Turn what DuckDB refuses when it opens the database file `path` into a StoreError with this remedy."""
    try:
        yield
    except duckdb.Error as error:
        if "Could not set lock" in str(error):
            raise StoreError(
                f"another process has {path} open and may write to it: close it, and run this again"
            ) from error
        raise StoreError(f"{path} could not be opened: {_first_line(error)}: {remedy}") from error


@contextmanager
def map_file_errors(path: Path) -> Generator[None]:
    """Turn what Arrow, or who parses what stands in it, refuses of the file `path` into a StoreError.

    FileNotFoundError is the caller's.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, _ARROW_ERROR) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise StoreError(f"{path} could not be read: {os.strerror(error.errno)}") from error
        raise StoreError(_damaged_sentence(path)) from error


def _damaged_sentence(path: Path) -> str:
    if path.parent.name == "raw":
        remedy = "put it back from a copy, or remove it and ingest its documents again"
    elif "history" in path.parts[-4:-1]:
        remedy = "put it back from a copy, or remove this earlier version"
    else:
        remedy = "remove it and run again what wrote it; what models answered is in the journal"
    return f"{path} is damaged, or no Parquet file: {remedy}"


def _damaged_file(error: Exception, home: Home | None) -> Path | None:
    """Give the damaged file that an error names, or one in `home` where the error may come of such."""
    named = _DAMAGED.search(str(error)) if isinstance(error, duckdb.Error) else None
    if named:
        return Path(named[1])
    return next(find_damaged(home), None) if home is not None and type(error) in _OF_A_FILE else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
