"""The loop: train, serve, synthesize, verify; what the server writes keeps the grammar."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from gem_assets.commands.synthesis import run_loop
from gem_assets.commands.trainings import Wanted
from gem_assets.configuration import read_configuration
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import shard_names
from gem_assets.training.runs import find_model
from gem_assets.training.serving import serving
from gem_assets.training.trainer import find_trainer
from gem_assets_tests.configured import configured
from gem_assets_tests.training.conftest import ALL

pytestmark = pytest.mark.train

# One layer and three steps: it has learnt nothing, so that what it writes is the grammar's doing.
UNTAUGHT = """
description = "Seconds on a CPU."
context = 24576
precision = "fp32"

[tiny]
hidden = 32
intermediate = 64
layers = 1
vocabulary = 2000

[training]
maximum_steps = 3
rows_per_step = 1
activation_checkpointing = false
"""


@pytest.fixture(scope="module")
def looped(with_rows_once: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[str], int]:
    home = Home(Path(shutil.copytree(with_rows_once, tmp_path_factory.mktemp("loop") / "home")))
    (home.root / "training" / "untaught.toml").write_text(UNTAUGHT)
    (home.root / "recipes" / "unbuilt.toml").write_text(ALL)
    told: list[str] = []
    code = run_loop(
        configured(home),
        Wanted("synthesizer", "unbuilt", "untaught"),
        shard_names(home),
        1,
        told.append,
    )
    return home, told, code


def test_the_loop_closes_and_says_what_came_of_it(looped: tuple[Home, list[str], int]):
    home, told, code = looped
    assert code == 0
    with open_live(home) as connection:
        outcomes = connection.execute(
            "SELECT outcome, reason, evidence, output_tokens FROM synthesized_trajectories_outcomes "
            "WHERE reason IS DISTINCT FROM 'cancelled'"
        ).fetchall()
        checked = connection.execute(
            "SELECT count(*) FROM validated_synthesized_trajectories_outcomes"
        ).fetchone()
    # The grammar ends by itself, and what it ends with is read: only the rules have something to say.
    [(outcome, reason, evidence, tokens)] = outcomes
    assert (outcome, reason) == ("kept", None), evidence
    assert tokens > 100
    assert checked == (1,)
    assert any(line.startswith("recipe unbuilt: ") for line in told), "its data set was not built"
    assert any("validated_synthesized_trajectories" in line for line in told)
    assert "say a tool is missing" in told[-1]


def asked(base_url: str, body: object) -> tuple[int, dict]:
    request = urllib.request.Request(
        f"{base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_server_tells_what_it_took_and_refuses_what_is_too_long(looped: tuple[Home, list[str], int]):
    trainer, model = find_trainer(read_configuration({})), find_model(looped[0], "synthesizer")
    chat = {"messages": [{"role": "user", "content": "Weigh the parcel."}], "max_tokens": 5, "seed": 1}
    with serving(trainer, model, {}, grammar=None) as served:
        assert served.base_url.startswith("http://127.0.0.1:")
        status, first = asked(served.base_url, chat)
        assert status == 200
        assert asked(served.base_url, chat)[1]["choices"] == first["choices"]
        assert first["usage"]["completion_tokens"] <= 5
        long = {"messages": [{"role": "user", "content": "parcel " * 30_000}]}
        status, problem = asked(served.base_url, long)
        assert status == 400
        assert "maximum context length" in problem["error"]["message"]
        assert asked(served.base_url, {"no": "messages"})[0] == 400


def test_a_folder_without_tokenizer_cannot_be_served(tmp_path: Path):
    (tmp_path / "config.json").write_text("{}")
    with (
        pytest.raises(StoreError, match="cannot be served") as refused,
        serving(find_trainer(read_configuration({})), tmp_path, {}),
    ):
        raise AssertionError("unreachable")
    assert "\n" not in str(refused.value)
