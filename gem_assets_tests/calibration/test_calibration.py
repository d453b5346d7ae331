"""A judge that is blind to some kinds of defects, over real HTTP: the table shows exactly that."""

import html
import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gem_assets.calibration.cases import SHIPPED, as_plain, as_trajectory, read_cases
from gem_assets.calibration.measuring import make_questions
from gem_assets.calibration.planting.kinds import KINDS
from gem_assets.cli import main
from gem_assets.reports.judges.calibration import Calibration, read_calibrations
from gem_assets.reports.yields.yield_report import write_report
from gem_assets.settings import Settings
from gem_assets.stages.answers.trajectory_answer import render_trajectory
from gem_assets.store.connections import open_live, open_warehouse
from gem_assets.store.home import Home, StoreError
from gem_assets.store.warehouse import build_warehouse
from gem_assets.verification.registry import run_checks
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import carry, put_rows, recorded_answer, recorded_rows, serve
from gem_assets_tests.stub_server import Reply, StubServer

BLIND = {"number: invented", "state: result names another record"}
RUBRICS = ("R1", "R2", "R3")
KIND_OF = {kind.name: kind for kind in KINDS}


def scores(*faulted: str) -> str:
    return json.dumps(
        {name: {"score": int(name not in faulted), "explanation": f"why {name}"} for name in RUBRICS}
    )


class BlindJudge:
    """Knows what was planted where, and says nothing of the kinds it is blind to."""

    def __init__(self, home: Home, *, unreadable: str = "") -> None:
        questions = make_questions(read_cases(home, "shipped", None), 1)
        self._known = {render_trajectory(q.trajectory.messages): q.kind for q in questions}
        self._unreadable = unreadable
        assert len(self._known) == len(questions), "no two plantings look the same"

    def __call__(self, request: dict[str, Any]) -> str | Reply:
        prompt = request["messages"][0]["content"]
        kind = next(kind for dialogue, kind in self._known.items() if dialogue in prompt)
        if kind and kind == self._unreadable:
            return "Hard to tell."
        faulted = () if not kind or kind in BLIND else KIND_OF[kind].rubrics[:1]
        return Reply(scores(*faulted), input_tokens=1000, output_tokens=100)


def gem(home: Home, server: StubServer, *arguments: str, **variables: str) -> Result:
    environment = {
        "GEM_HOME": str(home.root),
        "GEM_JUDGE_MODEL": "openai/blind",
        "GEM_JUDGE_BASE_URL": server.url,
        "GEM_JUDGE_API_KEY": "key",
        "GEM_JUDGE_INPUT_PRICE": "2",
        "GEM_JUDGE_OUTPUT_PRICE": "10",
        **variables,
    }
    return CliRunner().invoke(main, ["calibrate-judge", *arguments], env=environment)


def measured(home: Home) -> tuple[Calibration, ...]:
    with open_live(home) as connection:
        return read_calibrations(connection)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[Result], list[int]]:
    """Measured twice over one server: exit codes and output, and the questions it got each time."""
    home = Home(tmp_path_factory.mktemp("calibration"))
    with StubServer(BlindJudge(home)) as server:
        first = gem(home, server, "--samples", "2")
        asked = len(server.requests)
        return home, [first, gem(home, server, "--samples", "2")], [asked, len(server.requests)]


def test_the_table_shows_exactly_what_the_judge_is_blind_to(once: Any):
    home, (first, _), _ = once
    assert first.exit_code == 0, first.output
    (calibration,) = measured(home)
    assert {kind.kind for kind in calibration.planted if kind.failed_share == 0} == BLIND
    assert all(kind.failed_share == 1 for kind in calibration.planted if kind.kind not in BLIND)
    assert all(kind.rubric_share == 1 for kind in calibration.planted if kind.kind not in BLIND)
    assert calibration.clean is not None
    assert (calibration.clean.failed_share, calibration.clean.trajectories) == (0, 6)
    assert (calibration.agreement, calibration.unreadable) == (1, 0)
    assert len(calibration.planted) >= 12
    for kind in BLIND:
        assert any(line.startswith(kind) and "  0%  " in line for line in first.output.splitlines())


def test_cost_and_tokens_stand_on_each_verdict(once: Any):
    (calibration,) = measured(once[0])
    assert calibration.tokens == (1000, 100)
    assert calibration.cost == pytest.approx(0.003)


def test_measuring_again_buys_nothing_and_replaces_the_rows(once: Any):
    home, (first, second), (asked, in_all) = once
    assert in_all == asked > 0
    assert second.exit_code == 0
    assert len(list((home.tables / "judge_verdicts").glob("[!_]*.parquet"))) == 1
    assert [line for line in first.output.splitlines() if "measured" not in line] == [
        line for line in second.output.splitlines() if "measured" not in line
    ]


def test_the_yield_report_and_the_warehouse_show_it(once: Any):
    home = once[0]
    build_warehouse(home)
    with open_warehouse(home) as connection:
        page = html.unescape(write_report(home, connection).read_text("utf-8"))
        assert connection.execute("FROM judge_verdicts SELECT count(*)").fetchone() == (
            measured(home)[0].verdicts,
        )
    assert "openai/blind" in page
    assert all(kind in page for kind in BLIND)


def test_the_limit_takes_fewer_trajectories(once: Any, tmp_path: Any):
    home = Home(tmp_path)
    with StubServer(BlindJudge(home)) as server:
        assert gem(home, server, "--samples", "1", "--limit", "1").exit_code == 0
    (calibration,) = measured(home)
    assert calibration.clean is not None
    assert calibration.clean.trajectories == 1
    assert calibration.agreement is None, "one sample agrees with nothing"


def test_what_cannot_be_read_is_no_verdict_and_counts_for_nothing(tmp_path: Any):
    home, kind = Home(tmp_path), "limit: called over what is within"
    with StubServer(BlindJudge(home, unreadable=kind)) as server:
        result = gem(home, server, "--samples", "1", "--limit", "2")
    (calibration,) = measured(home)
    (row,) = (row for row in calibration.planted if row.kind == kind)
    assert (row.verdicts, row.failed_share, row.interval) == (0, None, None)
    assert row.unreadable == calibration.unreadable > 0
    assert result.exit_code == 1, "more than one in twenty"
    assert "no verdict, for example: judge_unparseable" in result.output


def test_a_budget_is_a_hard_stop_and_a_later_run_buys_the_rest(tmp_path: Any):
    home = Home(tmp_path)
    with StubServer(BlindJudge(home)) as server:
        stopped = gem(home, server, "--samples", "1", "--limit", "2", "--budget", "0.2", GEM_CONCURRENCY="1")
        asked = len(server.requests)
        assert stopped.exit_code != 0
        assert gem(home, server, "--samples", "1", "--limit", "2").exit_code == 0
        total = len(server.requests)
    assert 0 < asked < total == sum(kind.verdicts for kind in measured(home)[0].kinds)


def test_without_a_judge_model_it_says_so(tmp_path: Any):
    result = CliRunner().invoke(main, ["calibrate-judge"], env={"GEM_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert "GEM_JUDGE_MODEL" in result.output


def test_own_trajectories_are_those_without_a_finding(
    home: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(StoreError, match="gem run"):
        read_cases(home, "home", None)
    put_rows(home, list(recorded_rows().values()))
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    carry(settings, "demo-00000", "run")
    found = read_cases(home, "home", None)
    assert len(found) == 3
    assert read_cases(home, "home", 2) == found[:2]


def test_the_shipped_trajectories_are_clean_and_survive_the_way_through_plain_json(home: Home):
    cases = read_cases(home, "shipped", None)
    assert len(cases) == len(SHIPPED.read_text("utf-8").splitlines()) == 6
    for case in cases:
        again = as_trajectory(as_plain(case), case)
        assert (again.messages, again.tools, again.workflow) == (case.messages, case.tools, case.workflow)
        assert run_checks(TrajectoryView.of(case)).findings == ()
