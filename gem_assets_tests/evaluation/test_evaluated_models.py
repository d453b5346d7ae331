"""What an evaluated model is, by which name it goes, and what is said of its training."""

from pathlib import Path
from typing import Any

import pytest

from gem_assets.configuration import read_configuration
from gem_assets.datasets.dataset_files import recipe_file
from gem_assets.evaluation.evaluated_models import (
    EvaluationError,
    describe_model,
    evaluated_names,
    recall,
    remember,
)
from gem_assets.evaluation.verdict import decontamination_verdict
from gem_assets.llm.roles import ConfigurationError
from gem_assets.store.home import Home
from gem_assets.store.tables import write_rows

SERVED = {"GEM_POLICY_MODEL": "Qwen/Qwen3-8B", "GEM_POLICY_BASE_URL": "http://127.0.0.1:8000/v1"}


def described(environment: dict[str, str] | None = None, **options: Any):
    wanted = {"mode": "fc", "thinking": "default", "recipe": None, "name": None, **options}
    return describe_model(
        read_configuration(environment or SERVED), wanted.pop("model", None), None, **wanted
    )


def test_its_name_says_model_mode_and_thinking_and_the_key_is_nowhere_in_it(home: Home):
    model = described({**SERVED, "GEM_POLICY_API_KEY": "sk-planted-0123456789abcdef"}, thinking="off")
    assert model.name == "qwen-qwen3-8b-fc-thinking-off"
    remember(home, model)
    assert recall(home, model.name) == model
    assert evaluated_names(home) == (model.name,)
    assert "planted" not in (home.root / "evaluations" / f"{model.name}.json").read_text()


def test_a_name_stands_for_one_way_of_answering_wherever_it_is_served(home: Home):
    remember(home, described(name="mine"))
    remember(
        home, described({**SERVED, "GEM_POLICY_BASE_URL": "http://127.0.0.1:9/v1"}, name="mine", recipe="x")
    )
    assert recall(home, "mine").recipe == "x"
    for changed in ({"thinking": "on"}, {"mode": "prompt"}, {"model": "other"}):
        with pytest.raises(EvaluationError, match=r"with other settings .*: choose another --name"):
            remember(home, described(name="mine", **changed))


@pytest.mark.parametrize("name", ["../x", "A", "", "a b", "x" * 90])
def test_a_name_that_could_leave_its_folder_is_refused(home: Home, name: str):
    with pytest.raises(EvaluationError, match=r"cannot name an evaluated model|no model is evaluated"):
        recall(home, name)


def test_without_a_model_the_variable_is_named():
    with pytest.raises(ConfigurationError, match="GEM_POLICY_MODEL"):
        describe_model(
            read_configuration({}), None, None, mode="fc", thinking="default", recipe=None, name=None
        )


def put(home: Home, table: str, row: dict[str, Any]) -> Path:
    path = recipe_file(home, table, "mine")
    write_rows(path, table, [row], {})
    return path


def build(home: Home, contamination: str) -> None:
    moment = "2026-01-01T00:00:00Z"
    put(home, "dataset_runs", {
        "recipe": "mine", "run_id": "r", "started_at": moment, "finished_at": moment, "asset": "a",
        "inputs": 5, "kept": 5, "rejected": 0, "reasons": "{}", "splits": "{}",
        "contamination": contamination, "recipe_json": "{}", "input_version": "v", "data_version": "v",
    })  # fmt: skip


def test_the_verdict_says_what_is_known_and_no_more(home: Home):
    assert decontamination_verdict(home, None, "bfcl").startswith("unknown: no recipe")
    assert decontamination_verdict(home, "mine", "bfcl") == "unknown: the recipe mine was never built"
    build(home, '{"bfcl": "checked against bfcl-eval 1", "tau2": "not checked (no list)"}')
    assert decontamination_verdict(home, "mine", "bfcl").startswith("clean: none of 5 trajectories of mine")
    assert decontamination_verdict(home, "mine", "tau2") == "not checked: mine, not checked (no list)"
