import shutil
from pathlib import Path

import duckdb
import pytest

from gem_assets.store.connections import open_live, open_memory, open_warehouse, quote, show, table_files
from gem_assets.store.home import Home, StoreError
from gem_assets.store.snapshot import open_snapshot
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


@pytest.mark.parametrize(
    "folder",
    [
        "it's here",
        'a "quoted" one',
        "a;b -- c",
        "ü 漢字",
        "run[1]",
        "run[0-9]",
        "r*1",
        "r**1",
        "[",
        "{a,b}",
        "a=b",
    ],
)
def test_a_home_may_have_any_name_and_reads_its_own_files_only(declared: Path, tmp_path: Path, folder: str):
    for beside in ("run1", "r1"):  # matched by some of the names, taken as a pattern
        write(Home(Path(shutil.copytree(declared, tmp_path / beside))), [kept(7)], shard="demo-00007")
    home = Home(Path(shutil.copytree(declared, tmp_path / folder)))
    write(home, [kept(1)])
    home.stage_runs.write_text("")  # the log is put right from the files
    assert build_warehouse(home)["documents_outcomes"] == 1
    with open_warehouse(home) as warehouse, open_live(home) as live, open_snapshot(home) as snapshot:
        for connection, name in ((warehouse, "live.documents"), (live, "documents"), (snapshot, "documents")):
            assert connection.execute(f"SELECT document_id FROM {name}").fetchall() == [("document-1",)]
        assert live.execute("SELECT shard FROM stage_runs").fetchall() == [("demo-00000",)]
    with open_warehouse(home) as connection:
        write(home, [kept(2)], shard="demo-00001")
        assert connection.execute("SELECT count(*) FROM live.documents").fetchone() == (2,)


def test_the_files_of_a_table_are_listed_in_order_and_nothing_beside_them(home: Home):
    for shard in ("demo-00010", "demo-00002"):
        write(home, [kept(1)], shard=shard)
    folder = home.table_folder("documents_outcomes")
    (folder / ".demo-00003.parquet.1.tmp").write_text("half a file")
    (folder / "notes.txt").write_text("not ours")
    names = [path.name for path in table_files(home, "documents_outcomes")]
    assert names == ["_schema.parquet", "demo-00002.parquet", "demo-00010.parquet"]


def test_a_table_of_a_home_that_was_never_declared_is_refused_in_a_sentence(tmp_path: Path):
    with (
        pytest.raises(StoreError, match="could not be read: No such file"),
        open_live(Home(tmp_path / "new")),
    ):
        pass


@pytest.mark.parametrize("text", ["", "it's", "''", "'; DROP TABLE a; --", "\\'", "a\nb", "ü\u2028"])
def test_quoted_text_is_one_value(text: str):
    with open_memory() as connection:
        assert connection.execute(f"SELECT {quote(text)}").fetchone() == (text,)


def test_times_are_told_in_utc(home: Home):
    write(home, [kept(1)])
    with open_live(home) as connection:
        told = connection.execute("SELECT started_at::VARCHAR FROM stage_runs").fetchone()
    assert told == ("2026-01-01 00:00:00+00",)
