"""The whole path, from `gem evaluate` to the report, as a user goes it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gem_assets.cli import main
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.evaluation.bfcl_player import Player
from gem_assets_tests.evaluation.evaluating import KEY
from gem_assets_tests.evaluation.tau2_player import AGENT, USER, Conversations
from gem_assets_tests.stub_server import StubServer

GEM = Path(sys.executable).with_name("gem")


def gem(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEM_")}
    environment |= {"GEM_HOME": str(home), **variables}
    return subprocess.run([str(GEM), *arguments], env=environment, capture_output=True, text=True)


@pytest.mark.evaluate
def test_from_the_command_to_the_report(tmp_path: Path, package: Path):
    home = tmp_path / "home"
    with StubServer(Player(package, "base")) as server:
        options = ("--model", "smoke", "--base-url", server.url, "--categories", "base", "--limit", "2")
        variables = {"GEM_POLICY_API_KEY": KEY, "GEM_POLICY_INPUT_PRICE": "1", "GEM_POLICY_OUTPUT_PRICE": "2"}
        done = gem(home, "evaluate", "bfcl", *options, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        asked = len(server.requests)
        again = gem(home, "evaluate", "bfcl", *options, **variables)
        assert (again.returncode, len(server.requests)) == (0, asked)
    assert "[1/1] bfcl smoke-fc base done" in done.stdout
    assert "smoke-fc" in done.stdout
    assert "100.00* [" in done.stdout
    assert "GEM (Table 1)" in done.stdout
    page = (home / "reports" / "yield_report.html").read_text("utf-8")
    for part in (
        'id="benchmarks"',
        "smoke-fc",
        "100.00*",
        "30.25",
        "without refinement",
        "unknown: no recipe",
    ):
        assert part in page
    with open_live(Home(home)) as connection:
        [run] = connection.execute("SELECT requests, cost, oracle, floor FROM benchmark_runs").fetchall()
        bought = connection.execute(
            "SELECT count(*), sum(cost) FROM llm_calls WHERE asset = 'bfcl_generation'"
        )
        calls, cost = bought.fetchone() or (0, 0)
    assert (run[0], run[2], run[3]) == (asked, 1, 0)
    assert (calls, cost) == (asked, pytest.approx(run[1]))
    everything = [done.stdout, done.stderr, page]
    everything += [path.read_bytes().decode("latin-1") for path in home.rglob("*") if path.is_file()]
    assert not any(KEY in text for text in everything)
    assert list((home / "evaluations" / "scratch").iterdir()) == []


@pytest.mark.evaluate
def test_tau2_goes_on_without_a_domain_that_the_checkout_lacks(
    tmp_path: Path, tau2_checkout: Path, tau2_python: Path
):
    home, checkout = tmp_path / "home", tmp_path / "tau2"
    shutil.copytree(tau2_checkout, checkout, ignore=shutil.ignore_patterns(".git", "simulations", "results"))
    (checkout / "data/tau2/domains/airline/db.json").unlink(missing_ok=True)
    with StubServer(Conversations(checkout, "retail")) as server:
        variables = {"GEM_TAU2_CHECKOUT": str(checkout), "GEM_TAU2_PYTHON": str(tau2_python)}
        variables |= {"GEM_USER_SIMULATOR_MODEL": USER, "GEM_USER_SIMULATOR_BASE_URL": server.url}
        options = ("--model", AGENT, "--base-url", server.url, "--limit", "2")
        done = gem(home, "evaluate", "tau2", *options, **variables)
        refused = gem(home, "evaluate", "tau2", *options, "--categories", "airline", **variables)
    assert "airline is left out: " in done.stderr
    assert "[1/1] tau2 agent-model-fc retail done" in done.stdout, done.stdout + done.stderr
    # What was asked for was not all done.
    assert done.returncode == 1
    with open_live(Home(home)) as connection:
        scores = "SELECT part, metric, value FROM benchmark_scores WHERE metric IN ('avg_at_4', 'pass_hat_4')"
        found = connection.execute(f"{scores} ORDER BY ALL").fetchall()
    assert found == [("retail", "avg_at_4", 1.0), ("retail", "pass_hat_4", 1.0)]
    assert refused.returncode == 2
    assert "clone it whole" in refused.stderr


def refused(home: Home, *arguments: str, **variables: str) -> Result:
    """Evaluate BFCL in this process: a mistake shows before anything is started."""
    done = CliRunner().invoke(
        main, ["evaluate", "bfcl", *arguments], env={"GEM_HOME": str(home.root), **variables}
    )
    assert done.exit_code == 2, done.output
    return done


def test_without_a_model_it_says_which_variable_to_set(home: Home):
    done = refused(home, GEM_BFCL_PYTHON=sys.executable)
    assert "GEM_POLICY_MODEL" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_category_is_told_with_those_there_are(home: Home):
    done = refused(home, "--model", "x", "--categories", "base,simple")
    assert "bfcl has no category simple: base, miss_func, miss_param, long_context" in done.stderr


def test_without_the_harness_it_says_how_to_install_it(home: Home):
    done = refused(home, "--model", "x", GEM_BFCL_PYTHON="/nowhere/python")
    assert done.stderr == (
        "gem: GEM_BFCL_PYTHON=/nowhere/python is no Python: `make eval-env` installs the benchmarks into an "
        "environment of their own\n"
    )
