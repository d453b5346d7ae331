import pytest

from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import (
    StageRun,
    append_stage_run,
    current_stage_run,
    read_stage_runs,
    reconcile,
)
from gem_assets_tests.store.processes import first_line, let_go, started
from gem_assets_tests.store.writing import SHARD, kept, query, write


def logged(home: Home) -> list[str]:
    with open_live(home) as connection:
        found = connection.execute("SELECT run_id FROM stage_runs ORDER BY finished_at").fetchall()
    return [run_id for (run_id,) in found]


def test_a_run_is_read_from_the_log_as_it_was_written(home: Home):
    run = write(home, [kept(1)], model="m 'quoted' \u2028 \x85 é temperature=0.2")
    assert read_stage_runs(home) == [run]
    assert current_stage_run(home, "documents", SHARD) == run


def test_the_table_of_runs_has_every_field_of_a_run(home: Home):
    run = write(home, [kept(1)])
    with open_live(home) as connection:
        found = connection.execute("FROM stage_runs")
        names = [column[0] for column in found.description or []]
        row = dict(zip(names, found.fetchone() or (), strict=True))
    assert set(names) == set(StageRun.model_fields)
    assert StageRun.model_validate(row) == run


def test_a_log_that_does_not_exist_holds_no_run(home: Home):
    home.stage_runs.unlink()
    assert read_stage_runs(home) == []


@pytest.mark.parametrize(
    "torn", [b'{"asset":"doc', b"{}", b"\n\n", b'{"asset":"documents","shard":"d', "ö".encode()[:1], b"[1]"]
)
def test_a_torn_line_is_passed_over_and_the_next_run_is_not_spoilt(home: Home, torn: bytes):
    write(home, [kept(1)], run_id="first")
    with home.stage_runs.open("ab") as file:
        file.write(torn)
    assert [run.run_id for run in read_stage_runs(home)] == ["first"]
    assert logged(home) == ["first"]
    write(home, [kept(2)], run_id="second", minutes=1)
    assert [run.run_id for run in read_stage_runs(home)] == ["first", "second"]
    assert logged(home) == ["first", "second"]


def test_a_run_that_was_killed_before_it_was_logged_is_logged_later_and_once(home: Home):
    write(home, [kept(1)], run_id="before")
    with started(home, "die_unlogged") as [process]:
        assert process.wait(timeout=60) == -9
    assert query(home, "documents_outcomes", "document_id, run_id") == [("document-7", "killed")]
    assert logged(home) == ["before"]
    assert [reconcile(home), reconcile(home)] == [1, 0]
    assert logged(home) == ["before", "killed"]
    assert current_stage_run(home, "documents", SHARD) == read_stage_runs(home)[-1]


def test_three_processes_that_settle_at_once_log_a_run_once(home: Home):
    write(home, [kept(1)])
    home.stage_runs.write_text("")
    with started(home, *["settle"] * 3) as processes:
        for process in processes:
            assert first_line(process) == "ready"
        let_go(processes)
    assert len(home.stage_runs.read_text().splitlines()) == 1


def test_nothing_is_to_be_settled_where_nothing_was_written(home: Home):
    assert reconcile(home) == 0
    assert home.stage_runs.read_text() == ""


def test_a_run_that_was_logged_twice_counts_once_as_it_was_last(home: Home):
    first = write(home, [kept(1)], run_id="a")
    append_stage_run(home, first)
    write(home, [kept(1), kept(2)], run_id="a", minutes=1)
    with open_live(home) as connection:
        assert connection.execute("SELECT run_id, inputs FROM stage_runs").fetchall() == [("a", 2)]
        assert connection.execute("SELECT run_id FROM latest_stage_runs").fetchall() == [("a",)]
