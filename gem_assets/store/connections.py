"""DuckDB connections: always in memory for work, read-only for the warehouse; and how text becomes SQL.

Only names from the fixed list of tables and values quoted here ever enter a statement.
"""

import os
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from gem_assets.store.errors import map_database_errors, map_query_errors, query_sentence
from gem_assets.store.home import Home, StoreError
from gem_assets.store.relations import create_relations
from gem_assets.store.sql_files import read_sql, sql_names

Connection = duckdb.DuckDBPyConnection

# A folder called like `a=b` is no column.
_NO_HIVE = "hive_partitioning = false"
_OPTIONS = f"union_by_name = true, {_NO_HIVE}"
RENAMED_COLUMNS = {
    "error_findings": "decidable_findings",
    "warning_findings": "advisory_findings",
    "is_error": "decidable",
}
"""Columns whose name changed, present to former: files written before are read under the present name."""


@contextmanager
def open_memory(home: Home | None = None) -> Generator[Connection]:
    """Open an in-memory database; closed on the way out, whatever happens.

    What it refuses in the block comes out as a StoreError; with `home` a damaged file there is looked for.
    """
    connection = duckdb.connect(":memory:")
    try:
        with map_query_errors(home):
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
    finally:
        connection.close()


@contextmanager
def open_live(home: Home, tables: tuple[str, ...] | None = None) -> Generator[Connection]:
    """Open an in-memory database whose tables are views over the shard files as they are now."""
    with open_memory(home) as connection:
        attach_live(connection, home, tables)
        yield connection


@contextmanager
def open_warehouse(home: Home) -> Generator[Connection]:
    """Open `gem.duckdb` read-only; raises StoreError when it was never built."""
    if not home.warehouse.is_file():
        raise StoreError(f"there is no warehouse at {home.warehouse} yet: run `gem run` first")
    with map_database_errors(home.warehouse, "`gem run` builds it anew"):
        connection = duckdb.connect(str(home.warehouse), read_only=True)
    if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'stages'").fetchall():
        connection.close()
        raise StoreError(
            f"{home.warehouse} was built by an earlier version of gem_assets: `gem run` builds it anew, and "
            "`gem sql --live` asks the files"
        )
    try:
        with map_query_errors(home):
            yield connection
    finally:
        connection.close()


def show(connection: Connection, query: str, home: Home | None = None) -> str:
    """Draw the result of a query as a table; raises StoreError with DuckDB's sentence when it is refused.

    With `home`, a file that is damaged there is named.
    """
    try:
        relation = connection.sql(query)
        return "" if relation is None else str(relation)  # pyright: ignore[reportUnnecessaryComparison]
    except duckdb.Error as error:
        raise StoreError(query_sentence(error, home, whole=True)) from error


def attach_live(connection: Connection, home: Home, tables: tuple[str, ...] | None = None) -> None:
    """Create, in `connection`, a view of every table over its shard files, and the named views over those.

    With `tables` given, only those tables and no named views.
    """
    with map_query_errors(home):
        for table in tables or sql_names("tables"):
            connection.execute(live_view_sql(home, table))
        if tables is None:
            create_views(connection)


def live_view_sql(home: Home, table: str) -> str:
    """Write the statement that makes a view of a table's files; `declare_tables` must have run once."""
    return f"CREATE VIEW {table} AS {files_sql(home, table)}"


def lasting_view_sql(home: Home, table: str) -> str:
    """Write the statement that makes a view of whatever files a table has at the time of a query."""
    if check_table(table) == "stage_runs":
        return live_view_sql(home, table)
    # The only pattern there is: its star is ours, and the folder stands for itself.
    pattern = quote(f"{literal_path(home.table_folder(table))}/*.parquet")
    return f"CREATE VIEW {table} AS SELECT * FROM read_parquet({pattern}, {_OPTIONS})"


def files_sql(home: Home, table: str) -> str:
    """Write the query that reads the files that a table has now."""
    if check_table(table) == "stage_runs":
        return _stage_runs_sql(home)
    return _under_present_names(f"SELECT * FROM {parquet_sql(table_files(home, table))}", table)


def table_files(home: Home, table: str) -> list[Path]:
    """List a table's files in order of their names, with the empty one that carries the columns.

    Raises:
        StoreError: the table was not declared in this home, or its folder cannot be read.
    """
    folder = home.table_folder(check_table(table))
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".parquet"))
    except OSError as error:
        raise StoreError(f"{folder} could not be read: {error.strerror}") from error
    return [folder / name for name in names]


def parquet_sql(paths: Iterable[Path]) -> str:
    """Write the rows of Parquet files as a table of a FROM; a column that some lack is NULL there."""
    return f"read_parquet({quote_files(paths)}, {_OPTIONS})"


def quote_files(paths: Iterable[Path]) -> str:
    """Write paths as an SQL list of files, each standing for the file of that name and no other."""
    return f"[{', '.join(quote(literal_path(path)) for path in paths)}]"


def literal_path(path: Path) -> str:
    """Write a path so that DuckDB, which takes any path for a pattern, takes each sign in it for itself."""
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def create_views(connection: Connection) -> None:
    """Create the relations over all stages, then the named views, each after those it reads."""
    create_relations(connection)
    waiting = list(sql_names("views"))
    while waiting:
        remaining = [name for name in waiting if not _try_create(connection, name)]
        if len(remaining) == len(waiting):
            connection.execute(read_sql("views", remaining[0]))
        waiting = remaining


def check_table(table: str) -> str:
    """Return a table's name, or raise StoreError where there is none of that name."""
    if table not in sql_names("tables"):
        raise StoreError(f"there is no table {table!r}: {', '.join(sql_names('tables'))}")
    return table


def quote(text: str | Path) -> str:
    """Write text as an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def _under_present_names(rows: str, table: str) -> str:
    """Write a query over `rows` that fills each renamed column from its former name, where rows have that."""
    declared = {name for name, _ in column_types(table)}
    renamed = {name: former for name, former in RENAMED_COLUMNS.items() if name in declared}
    if not renamed:
        return rows
    former = ", ".join(renamed.values())
    # A file may lack the former column, and then nothing may name it: the empty row makes it be there.
    empty = ", ".join(f"NULL AS {name}" for name in renamed.values())
    filled = ", ".join(f"coalesce({name}, {old}) AS {name}" for name, old in renamed.items())
    return (
        f"SELECT * EXCLUDE ({former}) REPLACE ({filled}) "
        f"FROM ({rows} UNION ALL BY NAME SELECT {empty} WHERE false)"
    )


def _stage_runs_sql(home: Home) -> str:
    """Write the query that reads the log of runs; a line torn by a crash is passed over.

    A run that was logged twice (it was tried again, or was under way while `reconcile` looked) counts once.
    """
    columns = ", ".join(f"{name}: {quote(kind)}" for name, kind in column_types("stage_runs"))
    options = f"format = 'newline_delimited', ignore_errors = true, {_NO_HIVE}, columns = {{{columns}}}"
    return (
        f"SELECT * FROM read_json({quote(literal_path(home.stage_runs))}, {options}) "
        "WHERE asset IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY asset, shard, run_id ORDER BY finished_at DESC) = 1"
    )


@cache
def column_types(table: str) -> tuple[tuple[str, str], ...]:
    """Name the columns of a declared table with their DuckDB types, in order."""
    with open_memory() as connection:
        connection.execute(read_sql("tables", check_table(table)))
        return tuple((row[0], row[1]) for row in connection.execute(f"DESCRIBE {table}").fetchall())


def _try_create(connection: Connection, name: str) -> bool:
    try:
        connection.execute(read_sql("views", name))
    except duckdb.CatalogException:
        return False
    return True
