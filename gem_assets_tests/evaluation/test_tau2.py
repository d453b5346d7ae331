"""tau2-bench: the arithmetic of its metrics, what is refused, and its own harness on a few tasks."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from gem_assets.configuration import RunConfiguration, read_configuration
from gem_assets.evaluation.benchmark_files import read_part, write_part
from gem_assets.evaluation.evaluated_models import (
    EvaluatedModel,
    EvaluationError,
    describe_model,
    remember,
)
from gem_assets.evaluation.tau2 import PROFILES, find_checkout, open_tau2, read_judge
from gem_assets.evaluation.tau2_scoring import check_scale, pass_at, pass_hat, score_tau2
from gem_assets.evaluation.tau2_simulation import FACTS, simulate
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured
from gem_assets_tests.evaluation.bfcl_player import calling
from gem_assets_tests.evaluation.evaluating import KEY
from gem_assets_tests.evaluation.tau2_player import AGENT, JUDGE, USER, Conversations
from gem_assets_tests.stub_server import Reply, StubServer, context_too_long


@pytest.mark.parametrize(
    ("solved", "k", "any_of", "all_of"),
    [(0, 4, 0, 0), (4, 4, 1, 1), (1, 4, 1, 0), (3, 1, 0.75, 0.75), (2, 2, 5 / 6, 1 / 6), (3, 2, 1, 0.5)],
)
def test_pass_at_k_is_any_and_pass_hat_k_is_all(solved: int, k: int, any_of: float, all_of: float):
    assert pass_at(4, solved, k) == pytest.approx(any_of)
    assert pass_hat(4, solved, k) == pytest.approx(all_of)


def rewards(oracle: int, mute: int, tasks: int) -> dict[str, dict[str, float]]:
    return {str(n): {"oracle": float(n < oracle), "mute": float(n < mute)} for n in range(tasks)}


V0, V1 = PROFILES


def test_the_known_floors_are_asked_for_over_all_tasks_and_not_passed_over_some():
    check_scale(V0, "retail", rewards(114, 7, 114))
    check_scale(V0, "airline", rewards(50, 19, 50))
    check_scale(V0, "retail", rewards(3, 1, 3))
    for wrong in (rewards(113, 7, 114), rewards(114, 6, 114), rewards(114, 8, 114), rewards(20, 8, 20)):
        with pytest.raises(EvaluationError, match=r"v0\.2 cannot be trusted on retail"):
            check_scale(V0, "retail", wrong)


def test_where_no_floor_was_measured_doing_nothing_must_leave_something_undone():
    check_scale(V1, "airline", rewards(50, 49, 50))
    with pytest.raises(EvaluationError, match="cannot be trusted on airline"):
        check_scale(V1, "airline", rewards(50, 50, 50))


def make_checkout(folder: Path, version: str, *domains: str) -> RunConfiguration:
    """Write what recognition looks at, with a database for `domains` alone."""
    (folder / "src" / "tau2").mkdir(parents=True)
    (folder / "src" / "tau2" / "run.py").touch()
    (folder / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n')
    for domain in ("airline", "retail"):
        place = folder / "data" / "tau2" / "domains" / domain
        place.mkdir(parents=True)
        (place / "tasks.json").write_text('[{"id": "0"}]')
        if domain in domains:
            (place / "db.json").write_text("{}")
    return read_configuration({"GEM_TAU2_CHECKOUT": str(folder), "GEM_TAU2_PYTHON": sys.executable})


def test_a_checkout_that_is_missing_or_wrong_is_told_in_one_sentence(tmp_path: Path):
    with pytest.raises(EvaluationError, match="set GEM_TAU2_CHECKOUT to a checkout"):
        find_checkout(None)
    with pytest.raises(EvaluationError, match="holds no tau2-bench"):
        find_checkout(tmp_path)


@pytest.mark.parametrize(
    ("version", "profile"), [("0.2.0", "v0.2"), ("0.2.1-dev", "v0.2"), ("1.0.0", "v1"), ("1.0.1", "v1")]
)
def test_the_versions_that_are_driven_are_told_apart(tmp_path: Path, version: str, profile: str):
    found = find_checkout(make_checkout(tmp_path, version).tau2_checkout)
    assert (found.version, found.profile.name) == (version, profile)
    assert (found.profile.incomparable is None) == (profile == "v0.2")


@pytest.mark.parametrize("version", ["0.1.3", "1.1.0", "2.0"])
def test_a_version_that_is_not_driven_is_refused(tmp_path: Path, version: str):
    with pytest.raises(EvaluationError, match=r"0\.2\.x and 1\.0\.x are driven: check out v0\.2\.0"):
        find_checkout(make_checkout(tmp_path, version).tau2_checkout)


def test_a_domain_that_a_partial_copy_lacks_is_refused_and_the_other_is_not(tmp_path: Path):
    configuration = make_checkout(tmp_path, "0.2.1-dev", "retail")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(EvaluationError, match=r"lacks data/tau2/domains/airline/db\.json.*: clone it whole"):
        asyncio.run(open_tau2(configuration, "airline", scratch))
    assert asyncio.run(open_tau2(configuration, "retail", scratch)).ids == ("0",)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python is new enough for it")
def test_v1_in_an_older_python_is_refused(tmp_path: Path):
    configuration = make_checkout(tmp_path, "1.0.1", "retail")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(EvaluationError, match=r"needs Python 3\.12.*set GEM_TAU2_PYTHON"):
        asyncio.run(open_tau2(configuration, "retail", scratch))


def test_a_judge_is_asked_for_where_v1_needs_one():
    with pytest.raises(EvaluationError, match="set GEM_JUDGE_MODEL"):
        read_judge(read_configuration({}))
    judged = read_configuration({"GEM_JUDGE_MODEL": "openai/gpt-4.1"})
    assert read_judge(judged).model == "openai/gpt-4.1"


def test_scores_of_versions_that_cannot_be_compared_need_names_of_their_own(tmp_path: Path, home: Home):
    made = make_checkout(tmp_path / "checkout", "0.2.1-dev", "retail").child_environment
    policy = {"GEM_POLICY_MODEL": AGENT, "GEM_POLICY_BASE_URL": "http://127.0.0.1:9"}
    configuration = configured(home, {**made, **policy})
    model = describe_model(configuration, None, None, mode="fc", thinking="default", recipe=None, name="mine")
    write_part(home, "tau2_simulations", "mine", "retail", [], {FACTS: '{"package": "tau2-bench 1.0.1"}'})
    with pytest.raises(
        EvaluationError, match=r"mine was simulated on retail with tau2-bench 1\.0\.1.*--name"
    ):
        asyncio.run(simulate(configuration, model, "retail", "run-1"))


def described(
    home: Home, server: StubServer, checkout: Path, python: Path
) -> tuple[RunConfiguration, EvaluatedModel]:
    variables = {"GEM_TAU2_CHECKOUT": str(checkout), "GEM_TAU2_PYTHON": str(python)}
    for role, model in (("POLICY", AGENT), ("USER_SIMULATOR", USER), ("JUDGE", JUDGE)):
        variables |= {f"GEM_{role}_MODEL": model, f"GEM_{role}_BASE_URL": server.url}
        variables |= {f"GEM_{role}_API_KEY": KEY}
    wanted: dict[str, Any] = {"mode": "fc", "thinking": "default", "recipe": None, "name": "mine"}
    configuration = configured(home, variables)
    return configuration, describe_model(configuration, None, None, **wanted)


@pytest.mark.evaluate
def test_expected_actions_solve_and_doing_nothing_does_not_four_times_each(
    home: Home, tau2_checkout: Path, tau2_python: Path
):
    with StubServer(Conversations(tau2_checkout, "retail", idle=("1",))) as server:
        configuration, model = described(home, server, tau2_checkout, tau2_python)
        remember(home, model)
        found = asyncio.run(simulate(configuration, model, "retail", "run-1", limit=2))
        assert (found.tasks, found.trials, found.failed, found.refused) == (2, 4, 0, 0)
        asked = len(server.requests)
        assert {request["model"] for request in server.requests} == {AGENT, USER}
        assert len({request["seed"] for request in server.requests if request["model"] == AGENT}) == 4
        again = asyncio.run(simulate(configuration, model, "retail", "run-2", limit=2))
        assert (again.bought, len(server.requests)) == (0, asked)
    score = asyncio.run(score_tau2(configuration, model, "retail", "run-3"))
    assert (score.oracle, score.floor, score.tasks, score.whole) == (1, 0, 2, 114)
    for metric in ("avg_at_4", "pass_at_4", "pass_hat_4"):
        assert score.metrics[metric] == 0.5
    solved = {row["task_id"]: row["solved"] for row in read_part(home, "tau2_scores", "mine", "retail")}
    assert solved == {"0": 4, "1": 0}
    [run] = read_part(home, "benchmark_runs", "mine", "retail")
    assert run["user_model"].startswith(f"hosted_vllm/{USER}")
    assert (run["judge_model"], run["incomparable"]) == (None, None)


@pytest.mark.evaluate
def test_an_answer_that_nobody_can_read_is_unsolved_and_stops_no_evaluation(
    home: Home, tau2_checkout: Path, tau2_python: Path
):
    garbled = {
        "0": calling([{"get_order_details": '{"order_id": '}]),
        "1": calling([{"get_order_details": "[]"}]),
        "2": Reply(""),
        "3": context_too_long(),
    }
    with StubServer(Conversations(tau2_checkout, "retail", garbled=garbled)) as server:
        configuration, model = described(home, server, tau2_checkout, tau2_python)
        found = asyncio.run(simulate(configuration, model, "retail", "run-1", limit=5))
        assert (found.failed, found.refused) == (0, 4), found.errors
    rows = read_part(home, "tau2_simulations", "mine", "retail")
    ended = {row["task_id"]: (row["termination"], row["reward"], row["error_kind"]) for row in rows}
    unreadable = ("unreadable_answer", 0.0, None)
    assert ended["0"] == ended["1"] == ended["2"] == unreadable
    assert ended["3"] == (None, 0.0, "refused")
    assert ended["4"] == ("user_stop", 1.0, None)


@pytest.mark.evaluate
def test_v1_asks_the_judge_and_its_scores_are_marked_and_kept_apart(
    home: Home, tau2_v1_checkout: Path, tau2_v1_python: Path
):
    # Of its first four tasks the judge has a say in the third and fourth.
    judged = ("2", "3")
    with StubServer(Conversations(tau2_v1_checkout, "retail", unmet=("3",))) as server:
        configuration, model = described(home, server, tau2_v1_checkout, tau2_v1_python)
        remember(home, model)
        found = asyncio.run(simulate(configuration, model, "retail", "run-1", limit=4))
        assert (found.failed, found.errors) == (0, ())
        asked = [request for request in server.requests if request["model"] == JUDGE]
        # The four trials say the same, so the journal answers all but the first.
        assert len(asked) == len(judged)
    asyncio.run(score_tau2(configuration, model, "retail", "run-2"))
    solved = {row["task_id"]: row["solved"] for row in read_part(home, "tau2_scores", "mine", "retail")}
    assert solved == {"0": 4, "1": 4, "2": 4, "3": 0}
    [run] = read_part(home, "benchmark_runs", "mine", "retail")
    assert run["judge_model"].startswith(f"hosted_vllm/{JUDGE}")
    assert "other tasks and rewards than the paper's" in run["incomparable"]
