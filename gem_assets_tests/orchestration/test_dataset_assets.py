"""The assets of a recipe run in Dagster, and the check that blocks does."""

import dagster as dg
import duckdb
import pytest

from gem_assets.orchestration.assets.datasets import DATASET_ASSETS, decontaminated, register_recipes
from gem_assets.orchestration.assets.shards import STAGE_ASSETS
from gem_assets.orchestration.resources.options import RunOptions
from gem_assets.orchestration.resources.workplace import workplace_resource
from gem_assets.settings import read_environment
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured

RECIPE = 'description = "All."\njudgement = "passed_or_not_run"\n'


@pytest.fixture
def home(carried: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GEM_HOME", str(carried.root))
    (carried.root / "recipes").mkdir()
    (carried.root / "recipes" / "mine.toml").write_text(RECIPE)
    return carried


def materialise(home: Home, recipe: str) -> dg.ExecuteInProcessResult:
    instance = dg.DagsterInstance.ephemeral()
    register_recipes(instance, home)
    definitions = dg.Definitions(
        assets=[*STAGE_ASSETS.values(), *DATASET_ASSETS],
        asset_checks=[decontaminated],
        resources={
            "workplace": workplace_resource(configured(home, read_environment())),
            "database": None,
            "options": RunOptions(),
        },
        jobs=[dg.define_asset_job("datasets", selection=list(DATASET_ASSETS))],
        executor=dg.in_process_executor,
    )
    job = definitions.resolve_job_def("datasets")
    return job.execute_in_process(instance=instance, partition_key=recipe, raise_on_error=False)


def made(result: dg.ExecuteInProcessResult) -> dict[str, dict]:
    return {
        str(event.asset_key and event.asset_key.to_user_string()): {
            name: value.value
            for name, value in event.step_materialization_data.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
    }


def test_every_recipe_becomes_a_partition_once(home: Home):
    instance = dg.DagsterInstance.ephemeral()
    assert "mine" in register_recipes(instance, home)
    assert register_recipes(instance, home) == []
    assert {"default", "demo", "mine"} <= set(instance.get_dynamic_partitions("recipes"))


def test_a_recipe_is_chosen_and_written_as_rows(home: Home):
    result = materialise(home, "mine")
    found = made(result)
    assert result.success
    assert list(found) == ["trajectory_dataset", "policy_examples", "synthesizer_examples"]
    assert (found["trajectory_dataset"]["inputs"], found["trajectory_dataset"]["kept"]) == (3, 3)
    assert found["policy_examples"]["dagster/partition_row_count"] == 3
    [checked] = result.get_asset_check_evaluations()
    assert checked.passed


def test_a_recipe_that_cannot_be_read_fails_with_its_sentence(home: Home):
    (home.root / "recipes" / "mine.toml").write_text("description = ")
    result = materialise(home, "mine")
    assert not result.success
    failure = result.failure_data_for_node("trajectory_dataset")
    assert failure is not None
    assert "is not TOML" in str(failure.user_failure_data and failure.user_failure_data.description)


def test_words_of_a_benchmark_stop_what_comes_after(home: Home, monkeypatch: pytest.MonkeyPatch):
    from gem_assets.datasets import build
    from gem_assets.datasets.benchmarks import BenchmarkList, Benchmarks
    from gem_assets.datasets.shingles import find_words, hash_grams

    with duckdb.connect() as connection:
        files = str(home.table_folder("documents_outcomes") / "*.parquet")
        query = "SELECT payload->>'text' FROM read_parquet(?, union_by_name = true) WHERE outcome = 'kept'"
        texts = [text for (text,) in connection.execute(query, [files]).fetchall()]
    grams = frozenset(
        gram for text in texts for gram in hash_grams([word.text for word in find_words(text)], 13)
    )
    planted = BenchmarkList(
        name="tau2",
        source="planted",
        user_texts=0,
        policies=1,
        user_grams=frozenset(),
        long_grams=frozenset(),
        policy_grams=grams,
        tools=(),
    )
    found = Benchmarks((planted,), {"tau2": "checked", "bfcl": "not checked (no list)"})
    monkeypatch.setattr(build, "load_benchmarks", lambda: found)
    (home.root / "recipes" / "mine.toml").write_text(RECIPE + 'decontamination = "report"\n')
    result = materialise(home, "mine")
    assert not result.success
    assert list(made(result)) == ["trajectory_dataset"]
    [checked] = result.get_asset_check_evaluations()
    assert not checked.passed
    assert checked.metadata["trajectories"].value == 3
    assert "bfcl not checked" in str(checked.metadata["not_checked"].value)

    (home.root / "recipes" / "mine.toml").write_text(RECIPE)
    again = materialise(home, "mine")
    assert again.success
    assert made(again)["trajectory_dataset"]["reason/dataset_contaminated"] == 3
