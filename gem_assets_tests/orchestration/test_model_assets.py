"""The assets of models: refused in one sentence; trained through Pipes with what it took in the metadata."""

from typing import Any

import dagster as dg
import pytest

from gem_assets.orchestration.assets.datasets import DATASET_ASSETS, register_recipes
from gem_assets.orchestration.assets.models import MODEL_ASSETS, MODEL_CHECKS
from gem_assets.orchestration.resources.workplace import workplace_resource
from gem_assets.settings import read_environment
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured

RECIPE = 'description = "All."\njudgement = "passed_or_not_run"\n[splits]\ntrain=1\nvalidation=0\ntest=0\n'
QUICK = """
description = "Seconds on a CPU."
context = 16384
precision = "fp32"

[tiny]
hidden = 32
intermediate = 64
vocabulary = 600

[training]
learning_rate = 5e-3
maximum_steps = 3
rows_per_step = 1
activation_checkpointing = false
"""


@pytest.fixture
def home(carried: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("GEM_HOME", str(carried.root))
    for folder, name, text in (("recipes", "mine", RECIPE), ("training", "quick", QUICK)):
        (carried.root / folder).mkdir()
        (carried.root / folder / f"{name}.toml").write_text(text)
    return carried


def materialise(home: Home, instance: dg.DagsterInstance, *wanted: str, **config: Any) -> Any:
    register_recipes(instance, home)
    definitions = dg.Definitions(
        assets=[*DATASET_ASSETS, *MODEL_ASSETS],
        asset_checks=MODEL_CHECKS,
        resources={"workplace": workplace_resource(configured(home, read_environment())), "database": None},
        jobs=[dg.define_asset_job("wanted", selection=list(wanted))],
        executor=dg.in_process_executor,
    )
    models = [name for name in wanted if name.endswith("_model")]
    return definitions.resolve_job_def("wanted").execute_in_process(
        instance=instance,
        partition_key="mine",
        run_config={"ops": {name: {"config": config} for name in models}},
        raise_on_error=False,
    )


def said(result: dg.ExecuteInProcessResult, asset: str) -> str:
    failure = result.failure_data_for_node(asset)
    assert failure is not None
    return str(failure.user_failure_data and failure.user_failure_data.description)


@pytest.mark.parametrize(
    ("python", "config", "sentence"),
    [
        ("/nowhere/python", {}, "make train-env"),
        (None, {"configuration": "none"}, "there is no configuration 'none'"),
    ],
)
def test_what_cannot_be_trained_fails_with_its_sentence(
    home: Home, monkeypatch: pytest.MonkeyPatch, python: str | None, config: dict[str, str], sentence: str
):
    if python is not None:
        monkeypatch.setenv("GEM_TRAIN_PYTHON", python)
    result = materialise(home, dg.DagsterInstance.ephemeral(), "policy_model", **config)
    assert not result.success
    assert sentence in said(result, "policy_model")


@pytest.mark.train
def test_a_model_is_trained_with_what_it_took_in_the_metadata(home: Home):
    with dg.instance_for_test() as instance:
        assert materialise(home, instance, "trajectory_dataset", "policy_examples").success
        result = materialise(home, instance, "policy_model", configuration="quick")
        assert result.success
        [event] = result.get_asset_materialization_events()
        materialization = event.step_materialization_data.materialization
        found = {name: value.value for name, value in materialization.metadata.items()}
        assert found["steps"] == 3
        assert [step for step, _ in found["curve"]] == [1, 2, 3]
        assert {"loss", "tokens", "learnt_tokens", "seconds", "device", "checkpoint"} <= set(found)
        assert found["device"].startswith(("CPU", "1 x"))
        [check] = result.get_asset_check_evaluations()
        assert check.passed == (found["loss_last"] < found["loss_first"])
        # The trainer speaks into the run's log while it works.
        logged = [record.message for record in instance.all_logs(result.run_id)]
        assert any("step step 2 of 3" in line for line in logged)
        again = materialise(home, instance, "policy_model", configuration="quick")
        [same] = again.get_asset_materialization_events()
        assert same.step_materialization_data.materialization.metadata["seconds"].value == found["seconds"]
