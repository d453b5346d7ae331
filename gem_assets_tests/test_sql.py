"""Every SQL file runs, on nothing, on the files and in the warehouse; and each check finds what it is for."""

import json
import shutil
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gem_assets.records.outcome import Kept
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.connections import column_types, open_live, open_warehouse, quote
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets.store.stage_runs import current_stage_run
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.stages.chain import chain
from gem_assets_tests.store.writing import MODEL, alter, given, kept, write

QUERIES = [(room, name) for room in ("views", "checks", "reports") for name in sql_names(room)]
SHARDS = ("demo-00000", "demo-00001")
SQL = Path(__file__).parents[1] / "sql"
# Views and reports that say something about four documents of which three come through.
FULL = (
    "documents",
    "lineage",
    "rejections",
    "stage_inputs",
    "trajectory_shape",
    "refinement_gain",
    "validated_trajectories",
    "stage_yield",
    "totals",
    "judgements",
)
# What a query of a report is asked about.
PARAMETERS = {"ways": {"way": "synthesized"}}
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def empty_warehouse(declared: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(Path(shutil.copytree(declared, tmp_path_factory.mktemp("empty") / "home")))
    build_warehouse(home)
    return home


def run(connection: duckdb.DuckDBPyConnection, room: Any, name: str) -> list[tuple[Any, ...]]:
    query = f"FROM {name}" if room == "views" else read_sql(room, name)
    return connection.execute(query, PARAMETERS.get(name)).fetchall()


def found(home: Home, check: str) -> list[dict[str, Any]]:
    with open_live(home) as connection:
        result = connection.execute(read_sql("checks", check))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def ids(home: Home, asset: str) -> list[str]:
    with open_live(home, (f"{asset}_outcomes",)) as connection:
        query = f"SELECT record_id FROM {asset}_outcomes WHERE shard = ? AND outcome = 'kept' ORDER BY 1"
        return [record_id for (record_id,) in connection.execute(query, [SHARDS[0]]).fetchall()]


def bend(home: Home, asset: str, *statements: str, shard: str = SHARDS[0]) -> None:
    alter(home, f"{asset}_outcomes", shard, *statements)


@pytest.fixture(scope="module")
def empty_tables(declared: Path) -> Generator[duckdb.DuckDBPyConnection]:
    with open_live(Home(declared)) as connection:
        yield connection


@pytest.fixture(scope="module")
def carried_tables(carried_once: Path) -> Generator[duckdb.DuckDBPyConnection]:
    with open_live(Home(carried_once)) as connection:
        yield connection


@pytest.mark.parametrize(("room", "name"), QUERIES)
def test_a_query_runs_on_empty_tables(empty_tables: duckdb.DuckDBPyConnection, room: Any, name: str):
    rows = run(empty_tables, room, name)
    assert room != "checks" or rows == []


@pytest.mark.parametrize("schema", ["main", "live"])
def test_every_query_runs_in_an_empty_warehouse(empty_warehouse: Home, schema: str):
    with open_warehouse(empty_warehouse) as connection:
        connection.execute(f"USE gem.{schema}")
        for room, name in QUERIES:
            assert run(connection, room, name) == [] or room != "checks"


@pytest.mark.parametrize(("room", "name"), QUERIES)
def test_a_query_runs_on_tables_with_rows(carried_tables: duckdb.DuckDBPyConnection, room: Any, name: str):
    rows = run(carried_tables, room, name)
    assert rows or name not in FULL
    assert not rows or room != "checks"


@pytest.mark.parametrize("path", sorted(SQL.rglob("*.sql")), ids=lambda path: path.stem)
def test_a_file_lies_in_a_room_and_says_what_it_is_for(path: Path):
    assert path.read_text("utf-8").startswith("-- ")
    assert path.relative_to(SQL).parts[0] in ("tables", "outcomes", "views", "checks", "reports")


@pytest.mark.parametrize("name", [name for name in sql_names("tables") if name.endswith("_outcomes")])
def test_every_table_of_outcomes_has_what_the_store_writes(name: str):
    columns = dict(column_types(name))
    shared = dict(column_types("documents_outcomes"))
    own = ("corpus", "source", "place", "title", "url", "license", "language", "character_count")
    shared = {column: kind for column, kind in shared.items() if column not in own}
    assert {column: columns.get(column) for column in shared} == shared


def test_a_view_of_an_asset_shows_its_kept_rows_and_no_others(carried: Home):
    bend(carried, "workflows", "UPDATE rows SET outcome = 'rejected', reason = 'extract_no_tools'")
    with open_live(carried) as connection:
        shards = connection.execute("SELECT DISTINCT shard FROM workflows").fetchall()
        told = connection.execute("SELECT asset, shard, reason FROM rejections WHERE asset = 'workflows'")
        assert shards == [(SHARDS[1],)]
        assert told.fetchall() == [("workflows", SHARDS[0], "extract_no_tools")] * 2


def test_an_input_is_kept_where_any_child_is_else_failed_where_any_failed_else_rejected(home: Home):
    workflow = chain().workflow
    write(
        home, [(given(workflow, f"p{n}"), Kept((workflow, workflow), MODEL)) for n in range(3)], "workflows"
    )
    bend(
        home,
        "workflows",
        "UPDATE rows SET outcome = 'rejected', reason = 'x' WHERE ordinal = 1 OR parent_id = 'p1'",
        "UPDATE rows SET outcome = 'failed', reason = 'timeout' WHERE parent_id = 'p2' AND ordinal = 0",
    )
    with open_live(home) as connection:
        rows = connection.execute("SELECT parent_id, outcome, kept_children FROM stage_inputs ORDER BY 1")
        assert rows.fetchall() == [("p0", "kept", 1), ("p1", "rejected", 0), ("p2", "failed", 0)]


def test_the_lineage_of_a_document_has_a_row_per_workflow_as_far_as_it_came(carried: Home):
    with open_live(carried) as connection:
        rows = connection.execute(
            "SELECT asset, outcome, reason, list_transform(path, lambda step: step.asset) "
            "FROM lineage ORDER BY ALL"
        ).fetchall()
    essay = ("procedural_documents", "rejected", "filter_not_multi_step", list(ASSETS[:2]))
    assert rows == [essay] + [("validated_trajectories", "kept", None, list(ASSETS))] * 3


def test_the_ledger_finds_an_input_without_an_outcome(carried: Home):
    [lost, *_] = ids(carried, "documents")
    bend(carried, "procedural_documents", f"DELETE FROM rows WHERE parent_id = '{lost}'")
    problem = {"shard": SHARDS[0], "problem": "has no outcome", "input_id": lost}
    assert {"asset": "procedural_documents", **problem} in found(carried, "ledger")


def test_the_ledger_finds_an_outcome_without_an_input(carried: Home):
    bend(
        carried,
        "documents",
        "UPDATE rows SET parent_id = 'nobody@1' WHERE record_id = (SELECT min(record_id) FROM rows)",
    )
    assert sorted((row["input_id"] == "nobody@1", row["problem"]) for row in found(carried, "ledger")) == [
        (False, "has no outcome"),
        (True, "has an outcome but is no input"),
    ]


@pytest.mark.parametrize("asset", ["documents", "procedural_documents", "workflows", "draft_trajectories"])
def test_the_ledger_finds_a_lost_outcome_of_any_stage(carried: Home, asset: str):
    bend(carried, asset, "DELETE FROM rows")
    assert {row["asset"] for row in found(carried, "ledger") if row["problem"] == "has no outcome"} == {asset}


def test_the_ledger_passes_over_a_shard_whose_input_was_rewritten(carried: Home):
    write(carried, [kept(1)], "documents", "second", shard=SHARDS[0], finished_at=LATER)
    rows = found(carried, "ledger")
    assert {row["asset"] for row in rows} <= {"documents"}
    assert found(carried, "orphans") != []


def test_counts_finds_a_shard_that_does_not_hold_what_its_run_says(carried: Home):
    reject = "UPDATE rows SET outcome = 'rejected', reason = 'extract_no_tools'"
    bend(carried, "workflows", f"{reject} WHERE record_id = (SELECT min(record_id) FROM rows)")
    [row] = found(carried, "counts")
    assert (row["asset"], row["shard"], row["kept"], row["held_kept"]) == ("workflows", SHARDS[0], 2, 1)


def test_counts_finds_a_shard_that_is_empty_and_a_run_that_does_not_add_up(carried: Home):
    bend(carried, "draft_trajectories", "DELETE FROM rows")
    run = current_stage_run(carried, "documents", SHARDS[1])
    assert run is not None
    with carried.stage_runs.open("a") as log:
        wrong = run.model_copy(update={"run_id": "wrong", "inputs": 99, "finished_at": LATER})
        log.write(wrong.model_dump_json() + "\n")
    assert {(row["asset"], row["shard"]) for row in found(carried, "counts")} == {
        ("draft_trajectories", SHARDS[0]),
        ("documents", SHARDS[1]),
    }


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        ("procedural_documents", "documents"),
        ("workflows", "procedural_documents"),
        ("draft_trajectories", "workflows"),
        ("refined_trajectories", "draft_trajectories"),
        ("validated_trajectories", "refined_trajectories"),
    ],
)
def test_orphans_finds_a_record_whose_parent_is_no_longer_kept(carried: Home, child: str, parent: str):
    [lost, *_] = ids(carried, parent)
    bend(carried, parent, f"UPDATE rows SET outcome = 'rejected', reason = 'x' WHERE record_id = '{lost}'")
    assert [(row["asset"], row["parent_id"]) for row in found(carried, "orphans")] == [(child, lost)]


def test_a_parent_in_another_shard_does_not_do(carried: Home):
    [lost, *_] = ids(carried, "documents")
    bend(carried, "documents", f"DELETE FROM rows WHERE record_id = '{lost}'")
    copy = f"INSERT INTO rows SELECT * REPLACE ('{lost}' AS record_id) FROM rows LIMIT 1"
    bend(carried, "documents", copy, shard=SHARDS[1])
    assert [row["parent_id"] for row in found(carried, "orphans")] == [lost]


def _without_a_result(messages: list[dict[str, Any]]) -> None:
    messages.pop(next(place for place, message in enumerate(messages) if message["role"] == "tool"))


def _with_a_result_twice(messages: list[dict[str, Any]]) -> None:
    messages.append(next(message for message in messages if message["role"] == "tool"))


def _with_a_result_of_no_call(messages: list[dict[str, Any]]) -> None:
    messages.append({"role": "tool", "content": "{}", "tool_calls": [], "call_id": None})


def _with_a_call_id_twice(messages: list[dict[str, Any]]) -> None:
    first, second = [message for message in messages if message["tool_calls"]][:2]
    second["tool_calls"][0]["call_id"] = first["tool_calls"][0]["call_id"]


@pytest.mark.parametrize(
    ("change", "pairs"),
    [
        (_without_a_result, [(1, 0)]),
        (_with_a_result_twice, [(1, 2)]),
        (_with_a_result_of_no_call, [(0, 1)]),
        (_with_a_call_id_twice, [(0, 1), (2, 1)]),
    ],
)
def test_pairing_finds_calls_and_results_that_do_not_belong_together(
    carried: Home, change: Any, pairs: list[tuple[int, int]]
):
    [trajectory, *_] = ids(carried, "validated_trajectories")
    with open_live(carried, ("validated_trajectories_outcomes",)) as connection:
        query = "SELECT payload FROM validated_trajectories_outcomes WHERE record_id = ?"
        [(payload,)] = connection.execute(query, [trajectory]).fetchall()
    record = json.loads(payload)
    change(record["messages"])
    update = f"UPDATE rows SET payload = {quote(json.dumps(record))} WHERE record_id = '{trajectory}'"
    bend(carried, "validated_trajectories", update)
    rows = found(carried, "call_result_pairing")
    assert {row["trajectory_id"] for row in rows} == {trajectory}
    assert sorted((row["calls"], row["results"]) for row in rows) == pairs


def test_a_result_in_another_shard_does_not_do(carried: Home):
    [trajectory, *_] = ids(carried, "validated_trajectories")
    with open_live(carried, ("validated_trajectories_outcomes",)) as connection:
        query = "SELECT payload FROM validated_trajectories_outcomes WHERE record_id = ?"
        [(payload,)] = connection.execute(query, [trajectory]).fetchall()
    record = json.loads(payload)
    bend(
        carried,
        "validated_trajectories",
        f"UPDATE rows SET record_id = '{trajectory}', payload = {quote(payload)}",
        shard=SHARDS[1],
    )
    _without_a_result(record["messages"])
    lost = f"UPDATE rows SET payload = {quote(json.dumps(record))} WHERE record_id = '{trajectory}'"
    bend(carried, "validated_trajectories", lost)
    assert [row["shard"] for row in found(carried, "call_result_pairing")] == [SHARDS[0]]


@pytest.mark.parametrize("column", ["generator", "model", "prompt_version"])
def test_provenance_finds_a_kept_record_of_which_nobody_knows_who_made_it(carried: Home, column: str):
    nameless = {}
    for asset in ("procedural_documents", "workflows", "draft_trajectories", "refined_trajectories"):
        [nameless[asset], *_] = ids(carried, asset)
        bend(carried, asset, f"UPDATE rows SET {column} = NULL WHERE record_id = '{nameless[asset]}'")
    rows = [(row["asset"], row["record_id"]) for row in found(carried, "provenance")]
    assert sorted(rows) == sorted(nameless.items())


def test_provenance_asks_nothing_of_a_record_that_was_rejected(carried: Home):
    bend(
        carried,
        "workflows",
        "UPDATE rows SET outcome = 'rejected', reason = 'x', generator = NULL, model = NULL",
    )
    assert found(carried, "provenance") == []
