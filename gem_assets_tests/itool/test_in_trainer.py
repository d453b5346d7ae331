"""With a real, tiny model in the trainer's environment: both ways to a policy, and a killed campaign."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from gem_assets.configuration import read_configuration
from gem_assets.itool.policies.piped import PipedPolicy
from gem_assets.itool.policies.serving import open_policy
from gem_assets.itool.rounds.campaign import Campaign, PolicySettings, load_campaign
from gem_assets.itool.rounds.campaign_run import RoundResult, run_campaign, run_round
from gem_assets.itool.rounds.learning import warm_up
from gem_assets.itool.rounds.round_files import read_round_rows
from gem_assets.itool.rounds.searching import search_item
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.rounds.trainings import Step
from gem_assets.itool.search.policy import PolicyError
from gem_assets.settings import read_environment
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets.training.runs import read_training
from gem_assets.training.trainer import SCRIPTS, Trainer, find_trainer
from gem_assets_tests.configured import configured
from gem_assets_tests.itool import proof
from gem_assets_tests.itool.family import write_tasks

pytestmark = pytest.mark.train

CAMPAIGN = """
description = "A family of small tasks."
files = ["{tasks}"]
rounds = 1
share = 0.1
train_items = 60
held_out_items = 10
grade = false

[warmup]
context = 1024
precision = "fp32"
[warmup.tiny]
hidden = 64
intermediate = 128
vocabulary = 600
[warmup.training]
learning_rate = 3e-3
epochs = 6
rows_per_step = 4
rows_per_device = 4
activation_checkpointing = false
checkpoint_every = 10

[search]
iterations = 2
max_tokens = 24
temperature = 1.2
gold = true

[preference.training]
learning_rate = 5e-4
epochs = 2
rows_per_step = 2
activation_checkpointing = false
checkpoint_every = 2

[stop]
pairs_per_item = 0.0
gain = -1.0
"""
SIDES = ("chosen", "rejected")
TABLES = ("itool_items", "search_nodes", "search_turns", "preference_pairs", "itool_evaluations")


def write_campaign(folder: Path) -> Path:
    tasks = write_tasks(folder / "tasks.jsonl", 80, 1)
    path = folder / "family.toml"
    path.write_text(CAMPAIGN.format(tasks=tasks))
    return path


def site_of(home: Home, path: Path) -> Site:
    return Site(
        configured(home, read_environment()), load_campaign(str(path), home), "run", lambda line: None
    )


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    return find_trainer(read_configuration(read_environment()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    root = tmp_path_factory.mktemp("itool")
    home = Home(root / "home")
    declare_home(home)
    return home, write_campaign(root)


@pytest.fixture(scope="module")
def model(place: tuple[Home, Path]) -> Path:
    return warm_up(site_of(*place))


@pytest.fixture(scope="module")
def piped(place: tuple[Home, Path], model: Path, trainer: Trainer) -> Generator[PipedPolicy]:
    with PipedPolicy(trainer, model, model.name, place[0].root / "log", read_environment()) as policy:
        yield policy


@pytest.fixture(scope="module")
def undisturbed(place: tuple[Home, Path]) -> RoundResult:
    """The campaign, carried out in one go."""
    with site_of(*place).holding() as held:
        [result] = run_campaign(held, lambda number: run_round(held, number), lambda result: None)
    return result


def served_settings(trainer: Trainer) -> PolicySettings:
    script = str(SCRIPTS / "policy.py")
    serve = ("{python}", script, "{model}", "--port", "{port}", "--name", "{name}")
    return PolicySettings(backend="command", serve=serve, concurrency=3)


def test_server_and_process_give_the_same_samples_scores_and_trees(
    place, model: Path, trainer: Trainer, piped: PipedPolicy
):
    site = site_of(*place)
    settings = served_settings(trainer)
    with open_policy(configured(place[0], read_environment()), settings, trainer, model) as served:
        for one in site.train_items[:3]:
            asked = {"n": 3, "max_tokens": 24, "temperature": 1.3, "seed": 5}
            first, second = piped.sample(one.prompt, **asked), served.sample(one.prompt, **asked)
            assert first == second
            assert len({made.text for made in first}) > 1
            assert piped.score(one.prompt, [one.gold]) == served.score(one.prompt, [one.gold])
            trees = [search_item(site, policy, one) for policy in (piped, served)]
            assert trees[0].nodes == trees[1].nodes
            assert trees[0].turns == trees[1].turns


def test_a_policys_scores_are_those_of_its_own_samples(place, model: Path, piped: PipedPolicy):
    prompt = site_of(*place).train_items[0].prompt
    [made] = piped.sample(prompt, n=1, max_tokens=24, temperature=0, seed=0)
    [scored] = piped.score(prompt, [made.text + "<|im_end|>" * made.finished])
    assert [token.start for token in scored] == [token.start for token in made.tokens]
    expected = [token.log_probability for token in made.tokens]
    assert [token.log_probability for token in scored] == pytest.approx(expected, abs=1e-3)


def test_a_process_that_dies_or_finds_no_model_is_told(trainer: Trainer, tmp_path: Path):
    with (
        pytest.raises(PolicyError, match="no model"),
        PipedPolicy(trainer, tmp_path, "nothing", tmp_path / "log", read_environment()),
    ):
        pass


def rows_of(home: Home) -> dict[str, list]:
    """All rows of both rounds, but for the name of the run that wrote them."""
    kept = {}
    for table in TABLES:
        rows = [row for key in ("family-00000", "family-00001") for row in read_round_rows(home, table, key)]
        kept[table] = [{name: value for name, value in row.items() if name != "run_id"} for row in rows]
    return kept


def weights_of(home: Home) -> dict[str, str]:
    """Each finished model's weights, hashed."""
    found = home.models.glob("policy-*/model.safetensors")
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def start(home: Home, path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gem_assets.cli", "itool", "--campaign", str(path)]
    environment = {**read_environment(), "GEM_HOME": str(home.root)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_all(process: int) -> None:
    """Kill a process and all that descend from it, worker, trainer and policy among them."""
    for one in [process, *descendants(process)]:
        os.kill(one, signal.SIGKILL)


def descendants(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    started = [int(child) for task in tasks for child in task.read_text().split()]
    return [one for child in started for one in [child, *descendants(child)]]


@pytest.mark.parametrize("moment", ["searching", "preference"])
def test_a_campaign_that_is_killed_ends_as_one_that_was_not(place, undisturbed, tmp_path: Path, moment: str):
    other = Home(tmp_path / "home")
    declare_home(other)
    child = start(other, place[1])
    wanted = {
        "searching": lambda: list((other.root / "itool").glob("*/*.json")),
        "preference": lambda: list(other.models.glob("runs/policy-family-00001-*/checkpoints/*/whole")),
    }[moment]
    while child.poll() is None and not wanted():
        time.sleep(0.02)
    assert child.poll() is None, child.stderr.read().decode()
    kill_all(child.pid)
    child.wait()
    assert undisturbed.model not in weights_of(other)
    again = start(other, place[1])
    assert again.wait() == 0, again.stderr.read().decode()
    assert rows_of(other) == rows_of(place[0])
    assert weights_of(other) == weights_of(place[0])


@pytest.mark.parametrize("loss", ["dpo", "ipo", "simpo", "orpo"])
def test_each_loss_sets_the_sides_apart_also_at_the_end_of_a_long_prompt(
    place, model: Path, undisturbed, loss: str
):
    """Nothing of a prompt of 700 tokens and more is cut, nor of the sides after it."""
    site = site_of(*place)
    pairs = read_round_rows(site.home, "preference_pairs", "family-00001")[:8]
    before = "Order 4 red lamp. " * 150
    rows = [{**{side: pair[side] for side in SIDES}, "prompt": before + pair["prompt"]} for pair in pairs]
    given = site.campaign.preference.model_copy(update={"loss": loss})
    # All pairs in every step: the margins of two steps are of the same pairs.
    whole = {"rows_per_step": len(rows), "rows_per_device": len(rows)}
    training = given.training.model_copy(update={"maximum_steps": 6, "learning_rate": 1e-3, **whole})
    changed = {"training": training, "base": str(model), "tiny": None}
    configuration = site.campaign.warmup.model_copy(update=changed)
    step = Step("preference", f"policy-loss-{loss}", configuration, model, rows, given.told)
    figures = read_training(site.train(step))
    assert (figures["rows"], figures["too_long"], figures["steps"]) == (len(rows), 0, 6)
    assert figures["tokens"] / len(rows) > 2 * 700
    assert figures["margin_last"] > figures["margin_first"]


def test_the_proof_sets_its_rounds_beside_plain_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    whole, few = proof.campaign_of, {"maximum_steps": 2}

    def small(seed: int, tasks: Path) -> Campaign:
        one = whole(seed, tasks)
        warmup = one.warmup.training.model_copy(update=few)
        preference = one.preference.training.model_copy(update=few)
        changed = {
            "warmup": one.warmup.model_copy(update={"training": warmup}),
            "preference": one.preference.model_copy(update={"training": preference}),
        }
        return one.model_copy(update={"train_items": 20, "held_out_items": 5, "share": 0.2, **changed})

    monkeypatch.setattr(proof, "TASKS", 80)
    monkeypatch.setattr(proof, "MORE", 20)
    monkeypatch.setattr(proof, "campaign_of", small)
    monkeypatch.setattr(sys, "argv", ["proof", "--seeds", "1", "--home", str(tmp_path)])
    proof.main()
    said = capsys.readouterr().out
    assert all(f"\n{row} " in said for row in proof.ROWS)
