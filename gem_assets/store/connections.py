"""DuckDB connections: always in memory for work, read-only for the warehouse; and how text becomes SQL.

Only names from the fixed list of tables and values quoted here ever enter a statement.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql, sql_names

Connection = duckdb.DuckDBPyConnection

_FINDING_COUNTS = {"error_findings": "decidable_findings", "warning_findings": "advisory_findings"}
RENAMED_COLUMNS: dict[str, dict[str, str]] = {
    "validated_trajectories_outcomes": _FINDING_COUNTS,
    "validated_synthesized_trajectories_outcomes": _FINDING_COUNTS,
    "judge_verdicts": {"is_error": "decidable"},
}
"""Columns whose name changed, present to former: files written before are read under the present name."""


@contextmanager
def open_memory() -> Generator[Connection]:
    """Open an in-memory database; closed on the way out, whatever happens."""
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def open_live(home: Home, tables: tuple[str, ...] | None = None) -> Generator[Connection]:
    """Open an in-memory database whose tables are views over the shard files as they are now."""
    with open_memory() as connection:
        attach_live(connection, home, tables)
        yield connection


@contextmanager
def open_warehouse(home: Home) -> Generator[Connection]:
    """Open `gem.duckdb` read-only; raises StoreError when it was never built."""
    if not home.warehouse.is_file():
        raise StoreError(f"there is no warehouse at {home.warehouse} yet: run `gem run` first")
    connection = duckdb.connect(str(home.warehouse), read_only=True)
    try:
        yield connection
    finally:
        connection.close()


def show(connection: Connection, query: str) -> str:
    """Draw the result of a query as a table; raises StoreError with DuckDB's sentence when it is refused."""
    try:
        relation = connection.sql(query)
        return "" if relation is None else str(relation)  # pyright: ignore[reportUnnecessaryComparison]
    except duckdb.Error as error:
        raise StoreError(f"the query was refused: {error}") from error


def attach_live(connection: Connection, home: Home, tables: tuple[str, ...] | None = None) -> None:
    """Create, in `connection`, a view of every table over its shard files, and the named views over those.

    With `tables` given, only those tables and no named views.
    """
    for table in tables or sql_names("tables"):
        connection.execute(live_view_sql(home, table))
    if tables is None:
        create_views(connection)


def live_view_sql(home: Home, table: str) -> str:
    """Write the statement that makes a view of a table's files; `declare_tables` must have run once."""
    return f"CREATE VIEW {table} AS {files_sql(home, table)}"


def files_sql(home: Home, table: str) -> str:
    """Write the query that reads a table's files as they are now."""
    if check_table(table) == "stage_runs":
        return _stage_runs_sql(home)
    rows = f"SELECT * FROM read_parquet({quote(home.shard_glob(table))}, union_by_name = true)"
    return _under_present_names(rows, RENAMED_COLUMNS.get(table, {}))


def create_views(connection: Connection) -> None:
    """Create the named views in an order in which each finds what it reads."""
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


def _under_present_names(rows: str, renamed: dict[str, str]) -> str:
    """Write a query over `rows` that fills each renamed column from its former name, where rows have that."""
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
    with open_memory() as connection:
        connection.execute(read_sql("tables", "stage_runs"))
        described = connection.execute("DESCRIBE stage_runs").fetchall()
    columns = ", ".join(f"{name}: {quote(kind)}" for name, kind, *_ in described)
    options = f"format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}"
    return (
        f"SELECT * FROM read_json({quote(home.stage_runs)}, {options}) "
        "WHERE asset IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY asset, shard, run_id ORDER BY finished_at DESC) = 1"
    )


def _try_create(connection: Connection, name: str) -> bool:
    try:
        connection.execute(read_sql("views", name))
    except duckdb.CatalogException:
        return False
    return True
