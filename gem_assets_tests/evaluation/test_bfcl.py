"""BFCL's own harness, a few entries of it, with a server that plays the model."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets.evaluation.benchmark_files import PARTS, read_part
from gem_assets.evaluation.evaluated_models import EvaluationError
from gem_assets.store.home import Home
from gem_assets_tests.benches import bench_evaluate
from gem_assets_tests.evaluation.bfcl_player import Player, Turns, mute
from gem_assets_tests.evaluation.evaluating import KEY, MODEL, answered, evaluated, rows, scored
from gem_assets_tests.llm.rig import wait_until
from gem_assets_tests.stub_server import TRUNCATED, StubServer, context_too_long

pytestmark = pytest.mark.evaluate

DRIVER = Path(__file__).parents[2] / "gem_assets" / "evaluation" / "harness" / "bfcl_driver.py"
CHECKOUT = DRIVER.parents[3]


def without_last_call(turns: Turns) -> Turns:
    """The conversation with the last call of its last calling turn left out."""
    changed = [list(turn) for turn in turns]
    turn = max(number for number, steps in enumerate(changed) if len(steps) > 1)
    changed[turn][0] = changed[turn][0][:-1]
    return [steps if steps[0] != [] else steps[1:] for steps in changed]


def guessing(turns: Turns) -> Turns:
    """A harmless call wherever nothing can be done."""
    first = next(steps[0][0] for steps in turns if len(steps) > 1)
    return [steps if len(steps) > 1 else [[first], *steps] for steps in turns]


@pytest.mark.parametrize("category", PARTS["bfcl"])
def test_right_wrong_and_guessing_are_told_apart_whatever_the_model_is_called(
    home: Home, package: Path, category: str
):
    def change(entry: str, turns: Turns) -> Turns:
        return without_last_call(turns) if entry.endswith("_1") else turns

    with StubServer(Player(package, category, change)) as server:
        model = evaluated(home, server)
        found = answered(home, server, model, category, 3)
    result = scored(home, model, category)
    assert model.model == f"hosted_vllm/{MODEL}"
    assert (found.entries, found.failed, found.refused, found.whole) == (3, 0, 0, 200)
    assert found.requests == found.bought == len(server.requests)
    assert (result.oracle, result.floor) == (1, 0)
    verdicts = {
        key.rpartition("_")[2]: row["correct"] for key, row in rows(home, "bfcl_scores", category).items()
    }
    assert verdicts == {"0": True, "1": False, "2": True}
    assert result.correct == 2
    judged = {row["entry_id"].rpartition("_")[2]: row for row in rows(home, "bfcl_scores", category).values()}
    assert judged["1"]["fragment_errors"] == ["tool_count"]
    assert judged["1"]["wrong_turn"] <= judged["1"]["turns"]
    assert (judged["0"]["fragment_errors"], judged["0"]["wrong_turn"]) == ([], None)
    [run] = read_part(home, "benchmark_runs", "mine", category)
    assert (run["entries"], run["whole"], run["mode"], run["thinking"]) == (3, 200, "fc", "default")
    assert run["requests"] == len(server.requests)
    assert run["decontamination"].startswith("unknown")


def test_a_guess_where_nothing_can_be_done_is_right_officially_and_wrong_strictly(home: Home, package: Path):
    player = Player(
        package, "miss_param", lambda entry, turns: guessing(turns) if entry.endswith("_0") else turns
    )
    with StubServer(player) as server:
        model = evaluated(home, server)
        answered(home, server, model, "miss_param", 2)
    result = scored(home, model, "miss_param")
    assert (result.correct, result.strict) == (2, 1)


def test_prompt_mode_asks_without_tools_and_reads_calls_out_of_the_text(home: Home, package: Path):
    with StubServer(Player(package, "base", mode="prompt")) as server:
        model = evaluated(home, server, mode="prompt", thinking="off")
        answered(home, server, model, "base", 2)
    assert all("tools" not in request for request in server.requests)
    assert server.requests[0]["chat_template_kwargs"] == {"enable_thinking": False}
    assert scored(home, model, "base").correct == 2


def test_an_entry_that_could_not_be_answered_is_not_wrong_but_asked_again(home: Home, package: Path):
    broken = [True]

    def change(entry: str, turns: Turns) -> Turns:
        return [[context_too_long()], *turns[1:]] if entry.endswith("_2") else turns

    player = Player(package, "base", change)

    def answer(request):
        reply = player(request)
        return TRUNCATED if broken[0] and player.entry(request).endswith("_1") else reply

    with StubServer(answer) as server:
        model = evaluated(home, server)
        found = answered(home, server, model, "base", 3)
        assert (found.failed, found.refused) == (1, 1), found.errors
        with pytest.raises(
            EvaluationError, match=r"1 of 3 entries of base were not answered .*: run it again"
        ):
            scored(home, model, "base")
        assert read_part(home, "benchmark_scores", "mine", "base") == []
        broken[0] = False
        before = len(server.requests)
        again = answered(home, server, model, "base", 3)
        assert (again.failed, again.refused) == (0, 1)
        assert all(player.entry(request).endswith("_1") for request in server.requests[before:])
    result = scored(home, model, "base")
    assert (result.correct, result.refused, result.entries) == (2, 1, 3)


def test_a_killed_run_buys_nothing_twice_and_a_third_nothing_at_all(home: Home, package: Path):
    with StubServer(Player(package, "base")) as server:
        script = CHECKOUT / "gem_assets_tests" / "evaluation" / "evaluating.py"
        command = [sys.executable, str(script), str(home.root), server.url, "base", "4", "1"]
        path = {"PYTHONPATH": str(CHECKOUT)}
        process = subprocess.Popen(command, env={**os.environ, **path}, stdout=subprocess.PIPE)
        wait_until(lambda: len(server.requests) >= 12)
        process.send_signal(signal.SIGKILL)
        process.wait()
        model = evaluated(home, server)
        found = answered(home, server, model, "base", 4)
        different = {json.dumps(request["messages"]) for request in server.requests}
        assert found.requests == len(different)
        assert len(server.requests) <= len(different) + 1
        asked = len(server.requests)
        third = answered(home, server, model, "base", 4)
        assert (third.requests, third.bought, len(server.requests)) == (found.requests, 0, asked)
    assert scored(home, model, "base").correct == 4


def test_what_a_model_writes_can_neither_start_programs_nor_write_nor_connect(home: Home, package: Path):
    target = home.root / "written"
    with StubServer(lambda request: "never asked") as other:
        evil = [
            {"__import__('os').system": json.dumps({"command": f"touch {target}"})},
            {"__import__('pathlib').Path": json.dumps({"x": 1})},
            {f"open({str(target)!r}, 'w').write": json.dumps({})},
            {f"__import__('socket').create_connection(('127.0.0.1', {other.port})).close": json.dumps({})},
            {"__import__('subprocess').check_output": json.dumps({"args": ["touch", str(target)]})},
        ]

        def change(entry: str, turns: Turns) -> Turns:
            return [[evil, *turns[0]], *turns[1:]] if entry.endswith("_0") else turns

        with StubServer(Player(package, "base", change)) as server:
            model = evaluated(home, server)
            answered(home, server, model, "base", 1)
            scored(home, model, "base")
        told = [m["content"] for m in server.requests[1]["messages"] if m["role"] == "tool"]
        assert len(told) == len(evil)
        assert sum("is not allowed in a harness" in result for result in told) == 4
        assert not target.exists()
        assert other.requests == []
    assert KEY not in json.dumps(server.requests)


def test_no_score_is_published_by_a_checker_that_takes_anything_for_right(
    home: Home, package: Path, bfcl_python: Path, tmp_path: Path
):
    overlay = Path(shutil.copytree(package, tmp_path / "overlay" / "bfcl_eval"))
    checker = overlay / "eval_checker" / "multi_turn_eval" / "multi_turn_checker.py"
    text = checker.read_text("utf-8")
    checker.write_text(
        text.replace("    initial_config: dict", '    return {"valid": True}\n    initial_config: dict', 1)
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "overlay"} exec {bfcl_python} "$@"\n')
    python.chmod(0o755)
    with StubServer(Player(package, "base")) as server:
        model = evaluated(home, server)
        answered(home, server, model, "base", 1)
    assert scored(home, model, "base").correct == 1
    with pytest.raises(EvaluationError, match=r"cannot be trusted on base.* doing nothing 100.0%"):
        scored(home, model, "base", {"GEM_BFCL_PYTHON": str(python)})
    for table in ("bfcl_scores", "benchmark_runs", "benchmark_scores"):
        assert read_part(home, table, "mine", "base") == []


@pytest.mark.parametrize("name", ["7b-x", "gem@v1", "gem+lora", "a_b"])
def test_a_name_that_breaks_the_scoring_is_refused_in_one_sentence(
    bfcl_python: Path, tmp_path: Path, name: str
):
    job = {"task": "score", "name": name, "mode": "fc", "category": "multi_turn_base", "ids": []}
    order = tmp_path / "job"
    order.write_text(json.dumps({**job, "scratch": str(tmp_path), "out": str(tmp_path / "out")}))
    done = subprocess.run([str(bfcl_python), "-B", str(DRIVER), str(order)], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "breaks BFCL's scoring" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "wanted"), [("oracle", 1), ("mute", 0)])
def test_the_bench_has_one_player_right_and_the_other_wrong(package: Path, name: str, wanted: int):
    player = Player(package, "base") if name == "oracle" else mute
    assert bench_evaluate.run(name, "base", player, 1, wanted)
