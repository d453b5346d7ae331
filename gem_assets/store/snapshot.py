"""The tables as they are now, copied into memory without their records: for who asks many questions of them.

A view over a thousand files opens every one of them at each question; a copy, once. Does not belong here:
views that are never stale (`connections.py`), tables that stay (`warehouse.py`).
"""

from collections.abc import Generator
from contextlib import contextmanager

from gem_assets.store.connections import (
    Connection,
    column_types,
    create_views,
    files_sql,
    live_view_sql,
    open_memory,
)
from gem_assets.store.errors import map_query_errors
from gem_assets.store.home import Home
from gem_assets.store.sql_files import sql_names

LEFT_OUT = "payload"
"""The column of records: most of what a table weighs."""


@contextmanager
def open_snapshot(home: Home) -> Generator[Connection]:
    """Open an in-memory database that holds what the shard files hold now, but for the records."""
    with open_memory(home) as connection:
        attach_snapshot(connection, home)
        yield connection


def attach_snapshot(connection: Connection, home: Home) -> None:
    """Copy, in `connection`, the tables that have records, view the others, and create the named views.

    A query that reads a record fails: it would take the lack of it for an empty one.
    """
    with map_query_errors(home):
        _copy(connection, home)


def _copy(connection: Connection, home: Home) -> None:
    connection.execute("CREATE SCHEMA copied")
    # Over many small files a second thread takes as long as it saves, and twice the CPU.
    connection.execute("SET threads = 1")
    for table in sql_names("tables"):
        kind = dict(column_types(table)).get(LEFT_OUT)
        if kind is None:
            connection.execute(live_view_sql(home, table))
            continue
        connection.execute(
            f"CREATE TABLE copied.{table} AS SELECT * EXCLUDE ({LEFT_OUT}) FROM ({files_sql(home, table)})"
        )
        connection.execute(
            f"CREATE VIEW {table} AS "
            f"SELECT *, error('a snapshot has no {LEFT_OUT}')::{kind} AS {LEFT_OUT} FROM copied.{table}"
        )
    create_views(connection)
    connection.execute("RESET threads")
