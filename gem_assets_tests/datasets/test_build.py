import json

import duckdb
import pytest

from gem_assets.datasets.build import build_all, build_dataset
from gem_assets.datasets.comparison import compare_datasets, kept_choices
from gem_assets.datasets.dataset_files import OUTCOMES, recipe_file, written_run
from gem_assets.datasets.recipe_staleness import stale_reason
from gem_assets.datasets.recipes import load_recipe
from gem_assets.settings import Settings
from gem_assets.stages.catalog import declare_home
from gem_assets.store.connections import open_live, open_warehouse
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.configured import configured


def ask(home: Home, query: str) -> list[tuple]:
    with open_live(home) as connection:
        return connection.execute(query).fetchall()


def test_inputs_are_kept_or_rejected_and_the_run_says_how_many(built: Home):
    [(inputs, kept, rejected)] = ask(built, "SELECT inputs, kept, rejected FROM latest_dataset_runs")
    assert (inputs, kept + rejected) == (3, 3)
    assert ask(built, "SELECT count(*), count(split) FROM trajectory_dataset_outcomes") == [(3, kept)]


@pytest.mark.parametrize("check", ["dataset_counts", "dataset_splits", "decontamination"])
def test_the_checks_find_nothing_in_good_data(built: Home, check: str):
    assert ask(built, read_sql("checks", check)) == []


@pytest.mark.parametrize(
    ("check", "change"),
    [
        ("dataset_counts", "DELETE FROM rows WHERE record_id = (SELECT min(record_id) FROM rows)"),
        ("dataset_splits", "UPDATE rows SET document_group = 'one'"),
        ("dataset_splits", "UPDATE rows SET document_id = 'one'"),
    ],
)
def test_the_checks_find_what_they_are_for(built: Home, check: str, change: str):
    path = recipe_file(built, OUTCOMES, "mine")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{path}')")
        connection.execute(
            "UPDATE rows SET split = 'test' WHERE record_id = (SELECT min(record_id) FROM rows)"
        )
        connection.execute(
            "UPDATE rows SET split = 'train' "
            "WHERE split <> 'test' OR record_id = (SELECT max(record_id) FROM rows)"
        )
        connection.execute(change)
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")
    assert ask(built, read_sql("checks", check)) != []


def test_the_demo_corpus_is_nothing_for_the_default_recipe(carried: Home):
    declare_home(carried)
    run = build_all(configured(carried), load_recipe("default", carried), "one")
    assert (run.inputs, run.kept, run.reasons) == (3, 0, {"dataset_corpus": 3})


@pytest.mark.parametrize(
    ("recipe", "table"),
    [("without_refinement", "draft"), ("without_judge", "validated"), ("without_verification", "refined")],
)
def test_an_ablation_takes_another_stage(carried: Home, recipe: str, table: str):
    declare_home(carried)
    wanted = load_recipe(recipe, carried).model_copy(update={"leave_out_corpora": ()})
    build_dataset(Settings(home=carried.root), wanted, "one")
    rows = ask(
        carried,
        f"""SELECT count(*) FROM trajectory_dataset_outcomes AS chosen
        JOIN {table}_trajectories AS taken ON taken.trajectory_id = chosen.parent_id""",
    )
    assert rows == [(3,)]


def test_what_only_the_judge_rejected_is_there_without_a_judge(carried: Home):
    declare_home(carried)
    path = carried.shard_file("validated_trajectories_outcomes", "demo-00000")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{path}')")
        connection.execute("UPDATE rows SET outcome = 'rejected', reason = 'judge_context_hallucination'")
        connection.execute(f"COPY rows TO '{path}' (FORMAT parquet)")
    settings, everything = Settings(home=carried.root), {"leave_out_corpora": ()}
    with_judge = load_recipe("default", carried).model_copy(update=everything)
    without = load_recipe("without_judge", carried).model_copy(update=everything)
    assert build_dataset(settings, with_judge, "one").inputs == 1
    assert build_dataset(settings, without, "two").inputs == 3


def test_the_same_again_is_the_same_data_version_and_another_recipe_is_not(built: Home):
    settings = Settings(home=built.root)
    recipe = load_recipe("mine", built)
    one, two = build_dataset(settings, recipe, "one"), build_dataset(settings, recipe, "two")
    assert one.data_version == two.data_version
    other = recipe.model_copy(update={"description": "other"})
    assert build_dataset(settings, other, "three").data_version != one.data_version


def test_choices_before_are_kept_and_can_be_compared(built: Home):
    settings, recipe = Settings(home=built.root), load_recipe("mine", built)
    stricter = recipe.model_copy(update={"leave_out_corpora": ("demo",)})
    build_dataset(settings, stricter, "second")
    build_dataset(settings, recipe, "third")
    assert kept_choices(built, "mine") == ["second", "first"]
    comparison = compare_datasets(built, "mine")
    assert (comparison.before, comparison.after, comparison.counts) == ("second", "third", {"pile": 3})
    assert {change.before for change in comparison.changes} == {"dataset_corpus"}
    assert all(str(change.after).startswith("kept in ") for change in comparison.changes)
    assert compare_datasets(built, "mine", "first").counts == {"same": 3}


def test_nothing_to_compare_is_told(built: Home):
    with pytest.raises(StoreError, match="no other choice of mine"):
        compare_datasets(built, "mine")
    with pytest.raises(StoreError, match="by nobody"):
        compare_datasets(built, "mine", "nobody")
    with pytest.raises(StoreError, match="never built"):
        compare_datasets(built, "default")


def test_every_run_is_logged_once(built: Home):
    settings, recipe = Settings(home=built.root), load_recipe("mine", built)
    for run_id in ("second", "second"):
        build_dataset(settings, recipe, run_id)
    assert ask(built, "SELECT run_id FROM dataset_runs ORDER BY finished_at") == [("first",), ("second",)]


def test_a_data_set_is_stale_when_its_recipe_or_its_trajectories_changed(built: Home):
    recipe = load_recipe("mine", built)
    assert stale_reason(built, load_recipe("default", built)) == "never built"
    assert stale_reason(built, recipe) is None
    changed = recipe.model_copy(update={"description": "other"})
    assert stale_reason(built, changed) == "the recipe changed"
    built.shard_file("validated_trajectories_outcomes", "demo-00000").unlink()
    assert stale_reason(built, recipe) == "its trajectories changed"


def test_figures_are_rows(built: Home):
    found = dict(ask(built, "SELECT metric, value FROM dataset_metrics WHERE label = ''"))
    assert found["documents"] == 3
    assert found["distinct_tools"] > 5
    assert 0 <= found["self_overlap"] <= 1
    assert found["mean_call_count"] >= found["draft_mean_call_count"]
    labels = ask(built, "SELECT sum(value) FROM dataset_metrics WHERE metric = 'task_category'")
    assert labels == [(3,)]


def test_the_tables_are_in_the_warehouse(built: Home):
    build_warehouse(built)
    with open_warehouse(built) as connection:
        rows = connection.execute("SELECT count(*) FROM policy_examples").fetchall()
        live = connection.execute("SELECT count(*) FROM live.trajectory_dataset").fetchall()
    assert rows == live == [(3,)]


def test_a_full_disk_is_told_and_the_old_rows_stay(built: Home, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gem_assets.store.parts.write_rows", full)
    with pytest.raises(StoreError, match=r"trajectory_dataset_outcomes .* No space left on device"):
        build_dataset(Settings(home=built.root), load_recipe("mine", built), "second")
    assert written_run(built, OUTCOMES, "mine") == "first"


def test_two_builds_of_one_recipe_exclude_each_other(built: Home):
    from gem_assets.store.files import only_writer

    with (
        only_writer(built.locks / OUTCOMES / "mine.lock", "it"),
        pytest.raises(StoreError, match="another process is writing"),
    ):
        build_dataset(Settings(home=built.root), load_recipe("mine", built), "second")


def test_a_new_version_of_a_text_supersedes_the_old_ones_trajectories(carried: Home):
    declare_home(carried)
    path = carried.shard_file("raw_rows", "demo-00000")
    newer = carried.shard_file("raw_rows", "demo-00007")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM read_parquet('{path}')")
        connection.execute("UPDATE rows SET version = version + 1, shard = 'demo-00007'")
        connection.execute(f"COPY rows TO '{newer}' (FORMAT parquet)")
    recipe = load_recipe("demo", carried)
    run = build_dataset(Settings(home=carried.root), recipe, "one")
    assert run.reasons == {"dataset_superseded": 2}
    recorded = ask(carried, "SELECT recipe_json FROM dataset_runs")[0][0]
    assert json.loads(recorded)["name"] == "demo"
