"""What a command makes is a run of the home's Dagster, over the partition that it is about."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest

from gem_assets.orchestration.instance.opening import open_instance
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.commands import fake_trainer
from gem_assets_tests.stages.test_synthesis import EXAMPLES
from gem_assets_tests.stub_server import StubServer

PATIENCE_SECONDS = 120

pytestmark = pytest.mark.slow


def start(home: Home, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GEM_", "DAGSTER_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "gem_assets.cli", *arguments],
        env=kept | {"GEM_HOME": str(home.root)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def gem(home: Home, *arguments: str, **variables: str) -> tuple[int, str]:
    process = start(home, *arguments, **variables)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, said


def runs(home: Home, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Job, partition and status of the runs that Dagster's page lists, the first one first."""
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    with open_instance(home) as instance:
        listed = instance.get_runs()
    return [(run.job_name, run.tags["dagster/partition"], run.status.value) for run in reversed(listed)]


def materialised(home: Home, asset: str) -> set[str]:
    with open_instance(home) as instance:
        return instance.get_materialized_partitions(dg.AssetKey(asset))


def test_a_data_set_is_materialised_over_its_recipe(built: Home, tmp_path: Path, monkeypatch):
    returned, said = gem(built, "dataset", "--recipe", "mine")
    assert (returned, said.splitlines()[0]) == (0, "recipe mine: 3 trajectories, 3 kept, 0 left out")
    other = tmp_path / "elsewhere.toml"
    other.write_text('description = "x"\njudgement = "passed_or_not_run"\n')
    assert gem(built, "dataset", "--recipe", str(other))[0] == 0
    assert gem(built, "dataset", "--recipe", "default")[0] == 1
    assert runs(built, monkeypatch) == [
        ("dataset", "mine", "SUCCESS"),
        ("dataset", "elsewhere", "SUCCESS"),
        ("dataset", "default", "SUCCESS"),
    ]
    for asset in ("trajectory_dataset", "policy_examples", "synthesizer_examples"):
        assert materialised(built, asset) == {"mine", "elsewhere", "default"}


def test_a_model_is_materialised_over_the_recipe_it_is_trained_on(
    with_rows: Home, tmp_path: Path, monkeypatch
):
    python = str(fake_trainer.install(tmp_path))
    wanted = ("train", "policy", "--recipe", "all", "--config", "quick")
    returned, said = gem(with_rows, *wanted, GEM_TRAIN_PYTHON=python)
    assert returned == 0, said
    for line in (
        "2 rows, 20 tokens, 10 of them learnt",
        "step 3 of 3  loss 0.3333",
        "loss      1.000 → 0.333",
    ):
        assert line in said
    again = gem(with_rows, *wanted, GEM_TRAIN_PYTHON=python)
    assert again[0] == 0
    assert "trained already" in again[1] and "step" not in again[1].replace("steps", "")
    assert runs(with_rows, monkeypatch) == [("train", "all", "SUCCESS")] * 2
    assert materialised(with_rows, "policy_model") == {"all"}
    assert materialised(with_rows, "synthesizer_model") == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_that_is_interrupted_saves_and_says_so(
    with_rows: Home, tmp_path: Path, monkeypatch, number: int
):
    python = str(fake_trainer.install(tmp_path, seconds=60))
    process = start(
        with_rows, "train", "policy", "--recipe", "all", "--config", "quick", GEM_TRAIN_PYTHON=python
    )
    assert process.stdout is not None
    assert "2 rows" in process.stdout.readline()
    process.send_signal(number)
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1, said
    assert "stopped: run this again to continue from where it was" in said
    assert "Traceback" not in said
    [(job, partition, status)] = runs(with_rows, monkeypatch)
    assert (job, partition) == ("train", "all")
    assert status in ("CANCELED", "FAILURE")


def test_a_worker_ends_with_the_command_that_started_it(with_rows: Home, tmp_path: Path, monkeypatch):
    python = str(fake_trainer.install(tmp_path, seconds=60))
    process = start(
        with_rows, "train", "policy", "--recipe", "all", "--config", "quick", GEM_TRAIN_PYTHON=python
    )
    assert process.stdout is not None
    assert "2 rows" in process.stdout.readline()
    process.kill()
    process.wait()
    [progress] = with_rows.models.glob("runs/*/progress.jsonl")
    until = time.monotonic() + PATIENCE_SECONDS
    while '"stopped"' not in progress.read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
    while any(status == "STARTED" for *_, status in runs(with_rows, monkeypatch)):
        assert time.monotonic() < until


def test_what_the_synthesizer_writes_is_materialised_over_its_shards(carried: Home, monkeypatch):
    def answer(request):
        text = request["messages"][0]["content"]
        return next(example["answer"] for example in EXAMPLES.values() if text.endswith(example["text"]))

    with StubServer(answer) as server:
        model = {"GEM_SYNTHESIZER_MODEL": "mine", "GEM_SYNTHESIZER_BASE_URL": server.url}
        returned, said = gem(carried, "synthesize", "--limit", "2", **model)
        assert returned == 0, said
        assert len(server.requests) == 2
    assert "demo-00000  synthesized_trajectories: " in said
    assert "each: per validated trajectory" in said
    listed = runs(carried, monkeypatch)
    assert {(job, status) for job, _, status in listed} == {("synthesizer", "SUCCESS")}
    for asset in ("synthesized_trajectories", "validated_synthesized_trajectories"):
        assert materialised(carried, asset) == {shard for _, shard, _ in listed}
        for _, shard, _ in listed:
            assert current_stage_run(carried, asset, shard) is not None


def test_a_server_that_is_not_there_stops_the_synthesizer_once_in_one_sentence(carried: Home):
    model = {"GEM_SYNTHESIZER_MODEL": "mine", "GEM_SYNTHESIZER_BASE_URL": "http://127.0.0.1:9/v1"}
    returned, said = gem(carried, "synthesize", **model)
    assert returned == 2
    assert said.count("does not answer") == 1
    assert "Traceback" not in said
