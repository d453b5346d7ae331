"""What the disk or a damaged file refuses comes out of the store as one sentence with the remedy."""

import errno
import os
import resource
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import open_live, open_memory, open_warehouse, show
from gem_assets.store.errors import map_query_errors, map_store_errors
from gem_assets.store.files import append_line, only_writer, write_text
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import shard_names
from gem_assets.store.raw_versions import raw_versions
from gem_assets.store.snapshot import open_snapshot
from gem_assets.store.stage_runs import current_stage_run, reconcile
from gem_assets.store.tables import declare_tables
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.store.writing import SHARD, kept, query, write

TABLE = "documents_outcomes"
RAW_REMEDY = "is damaged, or no Parquet file: put it back from a copy, or remove it and ingest"
REMEDY = "is damaged, or no Parquet file: remove it and run again what wrote it"


def overwrite(data: bytes, start: int) -> bytes:
    return data[:start] + b"\x37" * 40 + data[start + 40 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "another kind of file": lambda data: b"half a file " * 20,
    "first half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-8],
    "schema overwritten": lambda data: overwrite(data, data.rindex(b"record_id%")),
    "run overwritten": lambda data: overwrite(data, data.rindex(b'{"asset":"documents"')),
}


def damage(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.unlink()  # not in place: the history may hold the same file
    path.write_bytes(DAMAGES[how](data))


def ask(home: Home) -> None:
    with open_live(home) as connection:
        show(connection, f"SELECT max(payload) FROM {TABLE}", home)


def snapshot(home: Home) -> None:
    with open_snapshot(home) as connection:
        connection.execute(f"SELECT count(*) FROM {TABLE}")


READERS: dict[str, Callable[[Home], object]] = {
    "a query": ask,
    "a snapshot": snapshot,
    "the warehouse": build_warehouse,
    "the log of runs": reconcile,
    "the version of a shard": lambda home: current_stage_run(home, "documents", SHARD),
    "the next write": lambda home: write(home, [kept(2)], run_id="run-2", minutes=1),
}


@pytest.mark.parametrize(
    ("how", "reader"),
    [("first half", reader) for reader in READERS]
    + [(how, reader) for how in DAMAGES for reader in ("the version of a shard", "the log of runs")]
    + [("schema overwritten", reader) for reader in ("a query", "a snapshot")],
)
def test_a_damaged_file_is_named_with_what_to_do_whoever_reads_it(home: Home, how: str, reader: str):
    write(home, [kept(1)])
    write(home, [kept(2)], shard="demo-00001")
    path = home.shard_file(TABLE, SHARD)
    damage(path, how)
    with pytest.raises(StoreError) as refused:
        READERS[reader](home)
    assert str(refused.value).startswith(f"{path} {REMEDY}")
    path.unlink()
    write(home, [kept(1)])
    READERS[reader](home)


def test_rows_damaged_in_the_middle_of_a_file_are_found_where_the_database_names_no_file(home: Home):
    write(home, [kept(number, text=f"{os.urandom(2000).hex()}") for number in range(20)])
    path = home.shard_file(TABLE, SHARD)
    data = path.read_bytes()
    middle = len(data) // 3
    path.write_bytes(data[:4] + b"\x55" * middle + data[middle + 4 :])
    with pytest.raises(StoreError) as refused:
        ask(home)
    assert str(refused.value).startswith(f"{path} {REMEDY}")


def test_a_damaged_raw_shard_is_ingested_again_and_not_run_again(carried: Home):
    path = carried.shard_file("raw_rows", shard_names(carried)[0])
    damage(path, "first half")
    with pytest.raises(StoreError, match=f"{path} {RAW_REMEDY}"), open_live(carried) as connection:
        connection.execute("FROM raw_rows")


def test_a_damaged_warehouse_is_built_anew(home: Home):
    home.warehouse.write_text("half a database " * 1000)
    with (
        pytest.raises(StoreError, match=rf"{home.warehouse} could not be opened: .*`gem run` builds it anew"),
        open_warehouse(home),
    ):
        pass
    build_warehouse(home)
    with open_warehouse(home) as connection:
        assert connection.execute("SELECT count(*) FROM raw_rows").fetchone() == (0,)


def test_what_is_wrong_with_a_query_is_a_sentence_wherever_it_is_asked(home: Home):
    for wrong in ("FROM poems", "SELEC 1", "SELECT 1/'a'", "SELECT error('x')"):
        with (
            pytest.raises(StoreError, match=r"the query was refused: .+") as refused,
            open_memory() as connection,
        ):
            connection.execute(wrong)
        assert "\n" not in str(refused.value)


def full(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_only(*_: Any, **__: Any) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


FULL = "could not be written: No space left on device: free some space and run this again"
READ_ONLY = "could not be written: Read-only file system: make the folder writable, or set GEM_HOME"
WRITERS: dict[str, Callable[[Home], object]] = {
    "a shard": lambda home: write(home, [kept(2)], run_id="run-2", minutes=1),
    "a page": lambda home: write_text(home.reports / "page.html", "text"),
    "the log": lambda home: append_line(home.stage_runs, "{}"),
    "the warehouse": build_warehouse,
}


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_a_sentence_and_what_was_there_stays(
    home: Home, monkeypatch: pytest.MonkeyPatch, writer: str
):
    write(home, [kept(1)])
    before = query(home, TABLE, "*")
    with monkeypatch.context() as patch, pytest.raises(StoreError, match=FULL):
        patch.setattr(os, "fsync", full)
        WRITERS[writer](home)
    assert query(home, TABLE, "*") == before
    assert list(home.root.rglob(".*.tmp*")) == []
    WRITERS[writer](home)


def test_a_file_the_database_cannot_write_to_its_end_is_a_sentence_and_the_old_rows_stay(home: Home):
    write(home, [kept(1)])
    before = query(home, TABLE, "*")
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, allowed[1]))
    try:
        with pytest.raises(
            StoreError, match=r"documents of demo-00000 could not be written: .*File too large"
        ):
            write(home, [kept(2, text=os.urandom(100_000).hex())], run_id="run-2", minutes=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    assert query(home, TABLE, "*") == before
    assert list(home.root.rglob(".*.tmp*")) == []


def test_a_full_disk_is_known_by_the_words_in_which_a_library_passes_it_on():
    words = (
        'IO Error: Async write failed: {"message":"Could not write: No space left on device","errno":"28"}'
    )
    with pytest.raises(StoreError, match=f"^the part {FULL}$"), map_store_errors("the part"):
        raise duckdb.IOException(words)


@pytest.mark.parametrize("call", ["mkdir", "replace"])
def test_a_folder_that_may_not_be_written_is_a_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, call: str
):
    monkeypatch.setattr(os, call, read_only)
    with pytest.raises(StoreError, match=READ_ONLY):
        write_text(home.root / "new" / "page.html" if call == "mkdir" else home.root / "page.html", "text")


def test_a_lock_that_cannot_be_made_is_a_sentence(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "mkdir", read_only)
    with pytest.raises(StoreError, match=f"it {READ_ONLY}"), only_writer(home.locks / "x" / "a.lock", "it"):
        pass


def test_a_home_that_may_only_be_read_is_read_and_not_touched(
    carried: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shards = shard_names(carried)
    raw_versions(carried, shards)
    build_warehouse(carried)
    for path in (carried.raw / "status").iterdir():
        path.unlink()
    monkeypatch.setattr("gem_assets.store.raw._process_folder", partial(SimpleNamespace, name=tmp_path))
    monkeypatch.setattr(Path, "touch", read_only)
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = sorted((path, path.stat().st_mtime_ns) for path in carried.root.rglob("*"))
    declare_tables(carried)
    refresh_calls(carried)
    assert set(raw_versions(carried, shards)) == set(shards)
    with open_live(carried) as live, open_warehouse(carried) as warehouse:
        counted = "SELECT count(*) FROM validated_trajectories_outcomes"
        assert live.execute(counted).fetchone() == warehouse.execute(counted).fetchone() == (3,)
    assert sorted((path, path.stat().st_mtime_ns) for path in carried.root.rglob("*")) == before


def test_an_error_of_another_kind_passes_as_it_is():
    for mapping in (map_store_errors("it"), map_query_errors()):
        with pytest.raises(KeyError), mapping:
            raise KeyError
