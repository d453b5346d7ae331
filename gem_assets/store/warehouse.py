"""`gem.duckdb`: real tables with their keys, built aside from the shard files and put in place whole.

Its schema `live` holds views of the same names over the files, which are never stale.
"""

import duckdb

from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import Connection, create_views, files_sql, lasting_view_sql, quote
from gem_assets.store.errors import map_store_errors
from gem_assets.store.files import only_writer, replacing
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets.store.stage_runs import reconcile
from gem_assets.store.tables import declare_tables

# The oldest storage format that holds what we store, so that clients of 2025 can open the file too.
STORAGE_VERSION = "v1.2.0"


def build_warehouse(home: Home) -> dict[str, int]:
    """Load every table, replace `gem.duckdb`, and count the rows per table.

    Waits for another build that is under way: the last one sees everything.
    """
    declare_tables(home)
    reconcile(home)
    refresh_calls(home)
    with (
        only_writer(home.locks / "warehouse.lock", "the warehouse", wait=True),
        map_store_errors("the warehouse", home),
        replacing(home.warehouse) as temporary,
    ):
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"ATTACH {quote(temporary)} AS gem (STORAGE_VERSION {quote(STORAGE_VERSION)})")
            connection.execute("USE gem")
            counts = {table: _load_table(connection, home, table) for table in sql_names("tables")}
            create_views(connection)
            connection.execute("CREATE SCHEMA live")
            connection.execute("USE gem.live")
            for table in sql_names("tables"):
                connection.execute(lasting_view_sql(home, table))
            create_views(connection)
            connection.execute("USE memory")
            connection.execute("DETACH gem")
        finally:
            connection.close()
    return counts


def _load_table(connection: Connection, home: Home, table: str) -> int:
    connection.execute(read_sql("tables", table))
    connection.execute(f"INSERT INTO {table} BY NAME {files_sql(home, table)}")
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0
