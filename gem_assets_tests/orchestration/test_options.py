"""What is chosen in the launchpad for a run is what the run does."""

from typing import Any

import dagster as dg
import pytest

from gem_assets.configuration import read_configuration
from gem_assets.orchestration.assets.partitions import register_shards
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.orchestration.resources.options import ModelOverrides, RunOptions
from gem_assets.stages.catalog import ASSETS
from gem_assets.stages.staleness import find_stale
from gem_assets.store.home import Home
from gem_assets.store.raw import shard_names
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.configured import configured

SHARD = "demo-00000"


@pytest.fixture
def served(carried: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GEM_HOME", str(carried.root))
    return carried


def synthesise(home: Home, **options: Any) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        register_shards(instance, home)
        job = build_definitions(configured(home)).resolve_job_def("synthesise")
        return job.execute_in_process(
            {"resources": {"options": {"config": options}}},
            instance=instance,
            partition_key=SHARD,
            raise_on_error=False,
        )


def wrote(home: Home) -> dict[str, str]:
    runs = {asset: current_stage_run(home, asset, SHARD) for asset in ASSETS}
    return {asset: run.run_id for asset, run in runs.items() if run}


def test_every_option_is_described():
    for options in (RunOptions, ModelOverrides):
        fields = {name: field for name, field in options.model_fields.items() if not name.startswith("_")}
        assert fields
        assert [name for name, field in fields.items() if not field.description] == []


def test_options_change_the_configuration_of_the_run_and_nothing_when_unset():
    given = {"GEM_MODEL": "openai/a", "GEM_JUDGE_MODEL": "openai/b"}
    assert RunOptions().applied_to(read_configuration(given)) == read_configuration(given)
    chosen = RunOptions(budget=0, models=ModelOverrides(judge="openai/c"))
    changed = {**given, "GEM_JUDGE_MODEL": "openai/c", "GEM_RUN_BUDGET": "0.0"}
    assert chosen.applied_to(read_configuration(given)) == read_configuration(changed)


def test_a_limit_judges_so_many_and_leaves_the_rest_for_later(served: Home):
    assert synthesise(served, limit=1).success
    run = current_stage_run(served, "procedural_documents", SHARD)
    assert run is not None
    assert (run.kept + run.rejected, run.reasons.get("cancelled")) == (1, run.inputs - 1)


def test_without_force_what_is_up_to_date_is_left_and_still_counts_as_materialised(served: Home):
    synthesise(served)
    before = wrote(served)
    result = synthesise(served, force=False)
    assert wrote(served) == before
    assert len(result.get_asset_materialization_events()) == len(ASSETS)
    assert synthesise(served, force=True).success
    assert not set(wrote(served).values()) & set(before.values())


def test_without_force_what_is_stale_is_made_again(served: Home):
    synthesise(served)
    before = wrote(served)
    served.shard_file("workflows_outcomes", SHARD).unlink()
    synthesise(served, force=False)
    after = wrote(served)
    # The same input gives the same workflows, so that nothing after them is stale any more.
    assert [asset for asset in ASSETS if after[asset] != before[asset]] == ["workflows"]
    assert find_stale(configured(served), [SHARD]) == []


def test_another_model_for_a_run_leaves_the_shard_stale_for_the_configured_one(served: Home):
    synthesise(served)
    result = synthesise(served, models={"judge": "no-such-model"})
    [failure] = [event for event in result.all_events if event.is_step_failure]
    assert failure.step_key == "validated_trajectories"
    assert "GEM_JUDGE_MODEL" in str(failure.step_failure_data.user_failure_data)
    assert find_stale(configured(served), shard_names(served)[:1]) == []
