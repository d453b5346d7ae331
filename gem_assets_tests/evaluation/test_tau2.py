"""tau2-bench: the arithmetic of its metrics, what is refused, and its own harness on a few tasks."""

import asyncio
import sys
from pathlib import Path

import pytest

from gem_assets.evaluation.benchmark_files import read_part
from gem_assets.evaluation.evaluated_models import EvaluationError, describe_model, remember
from gem_assets.evaluation.tau2 import find_checkout, open_tau2, simulate
from gem_assets.evaluation.tau2_scoring import check_scale, pass_at, pass_hat, score_tau2
from gem_assets.settings import Settings
from gem_assets.store.home import Home
from gem_assets_tests.evaluation.evaluating import KEY
from gem_assets_tests.evaluation.tau2_player import AGENT, USER, Conversations
from gem_assets_tests.stub_server import StubServer


@pytest.mark.parametrize(
    ("solved", "k", "any_of", "all_of"),
    [(0, 4, 0, 0), (4, 4, 1, 1), (1, 4, 1, 0), (3, 1, 0.75, 0.75), (2, 2, 5 / 6, 1 / 6), (3, 2, 1, 0.5)],
)
def test_pass_at_k_is_any_and_pass_hat_k_is_all(solved: int, k: int, any_of: float, all_of: float):
    assert pass_at(4, solved, k) == pytest.approx(any_of)
    assert pass_hat(4, solved, k) == pytest.approx(all_of)


def rewards(oracle: int, mute: int, tasks: int) -> dict[str, dict[str, float]]:
    return {str(n): {"oracle": float(n < oracle), "mute": float(n < mute)} for n in range(tasks)}


def test_the_known_floors_are_asked_for_over_all_tasks_and_not_passed_over_some():
    check_scale("retail", rewards(114, 7, 114))
    check_scale("airline", rewards(50, 19, 50))
    check_scale("retail", rewards(3, 1, 3))
    for wrong in (rewards(113, 7, 114), rewards(114, 6, 114), rewards(114, 8, 114), rewards(20, 8, 20)):
        with pytest.raises(EvaluationError, match="cannot be trusted on retail"):
            check_scale("retail", wrong)


def test_a_checkout_that_is_missing_or_wrong_is_told_in_one_sentence(tmp_path: Path):
    with pytest.raises(EvaluationError, match="set GEM_TAU2_CHECKOUT to a checkout"):
        find_checkout({})
    with pytest.raises(EvaluationError, match="holds no tau2-bench"):
        find_checkout({"GEM_TAU2_CHECKOUT": str(tmp_path)})


@pytest.mark.parametrize(
    ("version", "said"),
    [("1.0.1", "not comparable with the paper's"), ("0.2.1-dev", "lacks .*db.json: clone")],
)
def test_a_later_version_and_a_partial_clone_are_refused(tmp_path: Path, version: str, said: str):
    (tmp_path / "src" / "tau2").mkdir(parents=True)
    (tmp_path / "src" / "tau2" / "run.py").touch()
    (tmp_path / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    domain = tmp_path / "data" / "tau2" / "domains" / "airline"
    domain.mkdir(parents=True)
    (domain / "tasks.json").write_text('[{"id": "0"}]')
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    variables = {"GEM_TAU2_CHECKOUT": str(tmp_path), "GEM_TAU2_PYTHON": sys.executable}
    with pytest.raises(EvaluationError, match=said):
        asyncio.run(open_tau2(variables, "airline", scratch))


@pytest.mark.evaluate
@pytest.mark.xdist_group("evaluate")
def test_expected_actions_solve_and_doing_nothing_does_not_four_times_each(
    home: Home, tau2_checkout: Path, tau2_python: Path
):
    settings = Settings(home=home.root)
    with StubServer(Conversations(tau2_checkout, "retail", idle=("1",))) as server:
        variables = {"GEM_TAU2_CHECKOUT": str(tau2_checkout), "GEM_TAU2_PYTHON": str(tau2_python)}
        for role, model in (("POLICY", AGENT), ("USER_SIMULATOR", USER)):
            variables |= {f"GEM_{role}_MODEL": model, f"GEM_{role}_BASE_URL": server.url}
            variables |= {f"GEM_{role}_API_KEY": KEY}
        model = describe_model(variables, None, None, mode="fc", thinking="default", recipe=None, name="mine")
        remember(home, model)
        found = asyncio.run(simulate(settings, variables, model, "retail", "run-1", limit=2))
        assert (found.tasks, found.trials, found.failed, found.refused) == (2, 4, 0, 0)
        asked = len(server.requests)
        assert {request["model"] for request in server.requests} == {AGENT, USER}
        assert {request["seed"] for request in server.requests if request["model"] == AGENT}.__len__() == 4
        again = asyncio.run(simulate(settings, variables, model, "retail", "run-2", limit=2))
        assert (again.bought, len(server.requests)) == (0, asked)
    score = asyncio.run(score_tau2(settings, variables, model, "retail", "run-3"))
    assert (score.oracle, score.floor, score.tasks, score.whole) == (1, 0, 2, 114)
    for metric in ("avg_at_4", "pass_at_4", "pass_hat_4"):
        assert score.metrics[metric] == 0.5
    solved = {row["task_id"]: row["solved"] for row in read_part(home, "tau2_scores", "mine", "retail")}
    assert solved == {"0": 4, "1": 0}
    [run] = read_part(home, "benchmark_runs", "mine", "retail")
    assert run["user_model"].startswith(f"hosted_vllm/{USER}")
