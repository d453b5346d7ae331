import os
from pathlib import Path
from typing import Any

import pytest

from gem_assets.store.connections import column_types, open_live, open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import sql_names
from gem_assets.store.tables import (
    as_json,
    as_text,
    declare_tables,
    read_metadata,
    schema_file,
    write_rows,
)
from gem_assets_tests.store.writing import SHARD, alter, kept, query, write

TABLE = "documents_outcomes"
GOOD: dict[str, Any] = {
    "record_id": "r", "parent_id": "p", "ordinal": 0, "document_id": "d", "shard": SHARD, "outcome": "kept",
    "corpus": "demo", "source": "a.md", "place": "whole file", "character_count": 3, "recovered": False,
    "call_keys": ["k"], "input_tokens": 1, "output_tokens": 1, "cost": None, "seconds": 0.5, "run_id": "run",
    "code_version": "c", "payload": '{"text":"abc"}',
}  # fmt: skip
OTHER = {"record_id": "r2", "parent_id": "p2"}


def put(home: Home, *rows: dict[str, Any], table: str = TABLE) -> Path:
    path = home.shard_file(table, SHARD)
    write_rows(path, table, rows, {"note": "it's here"})
    return path


def test_rows_and_what_is_written_beside_them_are_read_again(home: Home):
    path = put(home, GOOD, GOOD | OTHER)
    assert read_metadata(path) == {"note": "it's here"}
    assert query(home, TABLE, "record_id, call_keys, cost, payload->>'text'") == [
        ("r", ["k"], None, "abc"),
        ("r2", ["k"], None, "abc"),
    ]


def test_a_file_has_the_declared_columns_in_order_whatever_the_rows_name(home: Home):
    put(home, dict(reversed(GOOD.items())))
    with open_memory() as connection:
        path = str(home.shard_file(TABLE, SHARD))
        described = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
    assert [(row[0], row[1]) for row in described] == list(column_types(TABLE))


@pytest.mark.parametrize(
    "rows",
    [
        [GOOD | {"payload": None}],
        [GOOD | {"outcome": "approved"}],
        [GOOD | {"outcome": None}],
        [GOOD | {"reason": "corpus_empty"}],
        [GOOD | {"outcome": "rejected", "payload": None}],
        [GOOD | {"outcome": "failed"}],
        [GOOD | {"document_id": None}],
        [GOOD, GOOD],
        [GOOD, GOOD | {"record_id": "r2"}],
        [GOOD, GOOD | {"parent_id": "p2"}],
        [{key: value for key, value in GOOD.items() if key != "shard"}],
    ],
    ids=[
        "kept without payload", "unknown outcome", "no outcome", "kept with a reason", "rejected without one",
        "failed without one", "no document", "the same row twice", "two rows of one input and ordinal",
        "two rows of one id", "a column left out",
    ],
)  # fmt: skip
def test_rows_that_break_the_declaration_are_refused_and_the_old_file_stays(
    home: Home, rows: list[dict[str, Any]]
):
    path = put(home, GOOD | OTHER)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"documents_outcomes.*rows break the table's declaration"):
        put(home, *rows)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir() if ".tmp" in entry.name] == []


@pytest.mark.parametrize(
    "row",
    [
        GOOD | {"outcome": "rejected", "reason": "corpus_empty", "payload": None},
        GOOD | {"outcome": "failed", "reason": "timeout", "payload": None},
        GOOD | {"outcome": "rejected", "reason": "corpus_empty"},
    ],
)
def test_an_outcome_that_is_not_kept_needs_a_reason_and_no_payload(home: Home, row: dict[str, Any]):
    put(home, row)
    assert query(home, TABLE, "outcome, reason") == [(row["outcome"], row["reason"])]


def test_one_input_may_have_several_children_and_one_id_may_stand_in_two_shards(home: Home):
    put(home, GOOD, GOOD | {"record_id": "r2", "ordinal": 1})
    write_rows(home.shard_file(TABLE, "demo-00001"), TABLE, [GOOD | {"shard": "demo-00001"}], {})


def test_a_column_that_is_not_declared_is_refused(home: Home):
    with pytest.raises(ValueError, match="no column"):
        put(home, GOOD | {"colour": "red"})


def test_a_table_that_is_not_declared_is_refused():
    with pytest.raises(StoreError, match="there is no table"):
        column_types("poems; DROP TABLE raw_rows")


def test_no_rows_make_a_file_with_every_column(home: Home):
    put(home)
    assert query(home, TABLE, "*") == []


def test_a_view_over_a_table_has_its_columns_before_the_first_shard(home: Home):
    tables = [name for name in sql_names("tables") if name not in ("stage_runs", "stages")]
    with open_live(home) as connection:
        for table in tables:
            described = connection.execute(f"DESCRIBE {table}").fetchall()
            assert [(row[0], row[1]) for row in described] == list(column_types(table)), table
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_declaring_again_writes_nothing_unless_a_declaration_changed(home: Home):
    schema = schema_file(home, TABLE)
    os.utime(schema, (0, 0))
    declare_tables(home)
    assert schema.stat().st_mtime == 0
    write_rows(schema, TABLE, [], {"declaration": "of an earlier version"})
    declare_tables(home)
    assert (read_metadata(schema) or {})["declaration"] != "of an earlier version"


def test_a_shard_written_before_a_column_was_declared_reads_as_null_there(home: Home):
    write(home, [kept(1, title="A title")])
    write(home, [kept(2, title="Another")], shard="demo-00001")
    alter(home, TABLE, SHARD, "ALTER TABLE rows DROP COLUMN title")
    with open_live(home) as connection:
        rows = connection.execute("SELECT shard, title FROM documents ORDER BY shard").fetchall()
    assert rows == [(SHARD, None), ("demo-00001", "Another")]


def test_text_no_file_can_hold_becomes_a_question_mark():
    assert as_text("a\ud800b\udfffc") == "a?b?c"
    assert as_json({"\ud800": ["\udc00", "𝄞"]}) == '{"?":["?","𝄞"]}'
