import os
import signal

import pytest

from gem_assets.store.files import append_line, only_writer, replacing, sweep, write_text
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.store.processes import first_line, let_go, started
from gem_assets_tests.store.writing import SHARD, kept, query, write


def temporaries(home: Home) -> list[str]:
    return sorted(path.name for path in home.root.rglob(".*.tmp*"))


def dead_process() -> int:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)
    return process


def test_a_file_is_replaced_whole(home: Home):
    path = home.reports / "page.html"
    write_text(path, "first")
    write_text(path, "second")
    assert path.read_text() == "second"
    assert temporaries(home) == []


def test_an_error_while_writing_leaves_the_old_file_and_nothing_else(home: Home):
    path = home.reports / "page.html"
    write_text(path, "first")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first"
    assert temporaries(home) == []


def test_a_crash_before_the_replacement_leaves_the_old_rows_and_a_file_that_is_swept(home: Home):
    write(home, [kept(1)])
    before = query(home, "documents_outcomes", "*")
    with started(home, "replace") as [process]:
        assert first_line(process) == "ready"
        assert len(temporaries(home)) == 1
        assert sweep(home.root) == 0
        assert len(temporaries(home)) == 1
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert query(home, "documents_outcomes", "*") == before
    assert sweep(home.root) == 1
    assert temporaries(home) == []
    assert query(home, "documents_outcomes", "*") == before


def test_the_log_of_a_half_built_database_is_swept_with_it(home: Home):
    dead = dead_process()
    for name in (f".gem.duckdb.{dead}.tmp", f".gem.duckdb.{dead}.tmp.wal"):
        (home.root / name).write_text("half")
    assert sweep(home.root) == 2
    assert temporaries(home) == []


def test_only_files_named_as_temporary_are_swept(home: Home):
    names = [".tmp", ".notes.tmp", f".page.html.{os.getpid()}.tmp", "1.tmp", ".a.99999999x.tmp", ".a.tmp.bak"]
    for name in names:
        (home.root / name).write_text("not ours to remove")
    assert sweep(home.root) == 0
    assert all((home.root / name).is_file() for name in names)


def test_what_a_dead_process_of_the_same_number_left_does_not_get_into_the_file(home: Home):
    path = home.reports / "page.html"
    path.parent.mkdir()
    leftover = path.with_name(f".page.html.{os.getpid()}.tmp")
    leftover.write_text("half of another file")
    with replacing(path) as temporary:
        assert temporary == leftover
        assert not temporary.exists()
        temporary.write_text("whole")
    assert path.read_text() == "whole"


def test_the_second_writer_of_a_shard_is_told_so_at_once_and_changes_nothing(home: Home):
    write(home, [kept(1)])
    before = query(home, "documents_outcomes", "*")
    with started(home, "hold") as [holder]:
        assert first_line(holder) == "ready"
        with pytest.raises(StoreError, match="another process is writing documents of demo-00000"):
            write(home, [kept(2)], run_id="run-2", minutes=1)
        assert query(home, "documents_outcomes", "*") == before
        assert len(home.stage_runs.read_text().splitlines()) == 1
        write(home, [kept(3)], shard="demo-00001")  # another shard is free


def test_the_lock_is_free_when_its_holder_was_killed(home: Home):
    with started(home, "hold") as [holder]:
        assert first_line(holder) == "ready"
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        write(home, [kept(2)])
    assert query(home, "documents_outcomes", "document_id") == [("document-2",)]


def test_the_lock_is_free_after_an_error(home: Home):
    lock = home.locks / "a.lock"
    with pytest.raises(RuntimeError), only_writer(lock, "it"):
        raise RuntimeError
    with only_writer(lock, "it"):
        pass


def test_the_same_process_counts_as_a_second_writer(home: Home):
    lock = home.locks / "documents_outcomes" / f"{SHARD}.lock"
    with only_writer(lock, "it"), pytest.raises(StoreError), only_writer(lock, "it"):
        pass


def test_four_processes_that_append_at_once_lose_no_line_and_tear_none(home: Home):
    with started(home, "append", "append", "append", "append") as processes:
        for process in processes:
            assert first_line(process) == "ready"
        let_go(processes)
        pids = [process.pid for process in processes]
    lines = home.stage_runs.read_text().splitlines()
    assert sorted(lines) == sorted(f"{pid} {n} {'x' * n}" for pid in pids for n in range(60))


@pytest.mark.parametrize("torn", ["", "half a li", "whole\n", "whole\nhalf", "\n", "ö"])
def test_a_torn_last_line_spoils_no_later_one(home: Home, torn: str):
    home.stage_runs.write_text(torn)
    append_line(home.stage_runs, "first")
    append_line(home.stage_runs, "second")
    assert home.stage_runs.read_text().splitlines()[-2:] == ["first", "second"]
    assert home.stage_runs.read_text().startswith(torn)
