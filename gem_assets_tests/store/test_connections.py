import shutil
from pathlib import Path

import duckdb
import pytest

from gem_assets.store.connections import open_live, open_memory, open_warehouse, quote, show
from gem_assets.store.home import Home, StoreError
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.store.writing import kept, write


def test_a_warehouse_that_was_never_built_is_told_in_a_sentence(home: Home):
    with (
        pytest.raises(StoreError, match=r"there is no warehouse at .*: run `gem run` first"),
        open_warehouse(home),
    ):
        pass


def test_a_query_that_is_refused_is_told_in_a_sentence(home: Home):
    with open_live(home) as connection:
        for query in ("FROM poems", "SELEC 1", "SELECT 1/'a'"):
            with pytest.raises(StoreError, match="the query was refused"):
                show(connection, query)


def test_a_query_is_drawn_as_a_table_and_an_empty_one_as_nothing(home: Home):
    write(home, [kept(1)])
    with open_live(home) as connection:
        assert "document-1" in show(connection, "SELECT document_id FROM documents")
        assert show(connection, "-- only a remark") == ""


def test_the_warehouse_cannot_be_written_by_whoever_asks_it(home: Home):
    build_warehouse(home)
    with open_warehouse(home) as connection, pytest.raises(duckdb.InvalidInputException):
        connection.execute("DELETE FROM raw_rows")


def test_the_live_tables_are_those_of_the_files_and_take_no_rows(home: Home):
    with open_live(home) as connection, pytest.raises(duckdb.Error):
        connection.execute("INSERT INTO raw_rows SELECT * FROM raw_rows")


@pytest.mark.parametrize("folder", ["it's here", 'a "quoted" one', "a;b -- c", "ü 漢字"])
def test_a_home_may_have_any_name(declared: Path, tmp_path: Path, folder: str):
    home = Home(Path(shutil.copytree(declared, tmp_path / folder)))
    write(home, [kept(1)])
    assert build_warehouse(home)["documents_outcomes"] == 1
    with open_warehouse(home) as connection:
        assert connection.execute("SELECT document_id FROM live.documents").fetchall() == [("document-1",)]


@pytest.mark.parametrize("text", ["", "it's", "''", "'; DROP TABLE a; --", "\\'", "a\nb", "ü\u2028"])
def test_quoted_text_is_one_value(text: str):
    with open_memory() as connection:
        assert connection.execute(f"SELECT {quote(text)}").fetchone() == (text,)


def test_times_are_told_in_utc(home: Home):
    write(home, [kept(1)])
    with open_live(home) as connection:
        told = connection.execute("SELECT started_at::VARCHAR FROM stage_runs").fetchone()
    assert told == ("2026-01-01 00:00:00+00",)
