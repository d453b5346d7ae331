import os
import shutil

import duckdb
import pytest

from gem_assets.store.connections import column_types, open_live, open_warehouse
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets.store.tables import declare_tables
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.store.processes import first_line, let_go, started
from gem_assets_tests.store.writing import kept, write

TABLES = sql_names("tables")


def count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return row[0] if row else -1


def test_every_table_holds_the_rows_of_its_files(carried: Home):
    built = build_warehouse(carried)
    with open_live(carried) as live, open_warehouse(carried) as warehouse:
        for table in TABLES:
            rows = live.execute(f"FROM {table} ORDER BY ALL").fetchall()
            assert warehouse.execute(f"FROM main.{table} ORDER BY ALL").fetchall() == rows
            assert built[table] == len(rows)
    assert built["raw_rows"] == built["documents_outcomes"] == 4
    assert built["validated_trajectories_outcomes"] == 3


def test_every_view_says_the_same_over_tables_and_files(carried: Home):
    build_warehouse(carried)
    with open_warehouse(carried) as connection:
        for view in sql_names("views"):
            told = connection.execute(f"FROM main.{view} ORDER BY ALL").fetchall()
            assert connection.execute(f"FROM live.{view} ORDER BY ALL").fetchall() == told


OLD_ROW = """
    SELECT 'a' AS record_id, 'b' AS parent_id, 0 AS ordinal, 'c' AS document_id, 'demo-00000' AS shard,
           'rejected' AS outcome, 'rule_end' AS reason, false AS recovered, [] AS call_keys,
           0 AS input_tokens, 0 AS output_tokens, 0 AS seconds, 'r' AS run_id, 'v' AS code_version,
           2 AS error_findings, 1 AS warning_findings,
           '[{"reason": "rule_end", "level": "decidable"},
             {"reason": "verify_double_use", "level": "advisory"}]' AS findings
"""


def test_counts_of_findings_written_under_their_former_names_are_read(home: Home):
    table = "validated_trajectories_outcomes"
    declare_tables(home)
    renamed = "error_findings AS decidable_findings, warning_findings AS advisory_findings"
    with duckdb.connect() as connection:
        connection.execute(read_sql("tables", table))
        connection.execute(f"INSERT INTO {table} BY NAME {OLD_ROW}")
        path = home.shard_file(table, "demo-00000")
        connection.execute(f"COPY (SELECT * RENAME ({renamed}) FROM {table}) TO '{path}' (FORMAT parquet)")
    assert build_warehouse(home)[table] == 1
    counts = f"SELECT error_findings, warning_findings FROM {table}"
    with open_live(home) as live, open_warehouse(home) as warehouse:
        for connection in (live, warehouse):
            assert connection.execute(counts).fetchall() == [(2, 1)]
            levels = connection.execute("SELECT level FROM findings ORDER BY ALL").fetchall()
            assert levels == [("error",), ("warning",)]
        columns = [row[0] for row in live.execute(f"DESCRIBE {table}").fetchall()]
    assert columns == [name for name, _ in column_types(table)]


def test_the_keys_of_the_tables_hold(carried: Home):
    build_warehouse(carried)
    with duckdb.connect(str(carried.warehouse)) as connection:
        full = [table for table in TABLES if count(connection, f"main.{table}")]
        assert len(full) >= 8
        for table in full:
            with pytest.raises(duckdb.ConstraintException):
                connection.execute(f"INSERT INTO main.{table} SELECT * FROM live.{table}")


def test_live_sees_a_shard_written_after_the_build_and_the_tables_do_not(home: Home):
    write(home, [kept(1)])
    build_warehouse(home)
    write(home, [kept(2)], shard="demo-00001")
    with open_warehouse(home) as connection:
        for name in ("documents_outcomes", "documents", "stage_runs", "latest_stage_runs", "stage_inputs"):
            assert (count(connection, name), count(connection, f"live.{name}")) == (1, 2)
    build_warehouse(home)
    with open_warehouse(home) as connection:
        assert count(connection, "documents") == 2


def test_the_warehouse_is_readable_under_another_name(home: Home):
    write(home, [kept(1)])
    build_warehouse(home)
    copy = home.root / "copy of the tables.duckdb"
    shutil.copy(home.warehouse, copy)
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert [count(connection, name) for name in ("documents", "live.documents")] == [1, 1]


def test_two_builds_at_once_both_succeed(home: Home):
    write(home, [kept(1)])
    home.stage_runs.write_text("")  # both find a run that is not logged
    with started(home, "build", "build") as processes:
        for process in processes:
            assert first_line(process) == "ready"
        let_go(processes)
    with open_warehouse(home) as connection:
        assert (count(connection, "documents"), count(connection, "stage_runs")) == (1, 1)


def test_a_reader_goes_on_reading_what_it_opened_while_the_warehouse_is_replaced(home: Home):
    write(home, [kept(number, text=f"{number} " * 50_000) for number in range(20)])
    build_warehouse(home)
    with started(home, "read") as [reader]:
        assert first_line(reader) == "20"
        write(home, [kept(1)], shard="demo-00001")
        build_warehouse(home)
        with open_warehouse(home) as connection:
            assert count(connection, "documents") == 21
        assert let_go([reader]) == ["20\n"]


def test_a_build_that_breaks_leaves_the_warehouse_before(home: Home):
    write(home, [kept(1)])
    build_warehouse(home)
    broken = home.shard_file("documents_outcomes", "demo-00001")
    broken.write_text("no parquet")
    with pytest.raises(StoreError, match=f"{broken} is damaged, or no Parquet file: remove it and run again"):
        build_warehouse(home)
    home.shard_file("documents_outcomes", "demo-00001").unlink()
    with open_warehouse(home) as connection:
        assert count(connection, "documents") == 1
    assert sorted(path.name for path in home.root.glob(".gem*")) == []


def test_a_build_is_not_disturbed_by_what_a_dead_process_of_its_number_left(home: Home):
    write(home, [kept(1)])
    leftover = home.root / f".{home.warehouse.name}.{os.getpid()}.tmp"
    with duckdb.connect(str(leftover)) as connection:
        connection.execute("CREATE TABLE raw_rows (half INTEGER)")
    leftover.with_name(f"{leftover.name}.wal").write_bytes(b"half a log")
    assert build_warehouse(home)["documents_outcomes"] == 1


def test_a_home_that_was_never_declared_gets_an_empty_warehouse(tmp_path):
    assert set(build_warehouse(Home(tmp_path / "new")).values()) == {0}


def test_two_versions_of_a_document_stand_side_by_side_in_two_shards(home: Home):
    write(home, [kept(1, text="The first version.")])
    write(home, [kept(1, text="The second version.")], shard="demo-00001")
    build_warehouse(home)
    with open_warehouse(home) as connection:
        rows = connection.execute("SELECT document_id, shard, text FROM documents ORDER BY shard").fetchall()
    assert rows == [
        ("document-1", "demo-00000", "The first version."),
        ("document-1", "demo-00001", "The second version."),
    ]
