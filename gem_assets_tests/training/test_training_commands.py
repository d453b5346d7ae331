"""`gem train` and `gem synthesize` as they are typed: one step, and a stub that plays the Synthesizer."""

import pytest
from click.testing import CliRunner

from gem_assets.cli import main
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.stub_server import StubServer

ONE_STEP = """
description = "One step."
context = 16384
precision = "fp32"

[tiny]
hidden = 16
intermediate = 32
layers = 1
vocabulary = 600

[training]
maximum_steps = 1
rows_per_step = 1
"""


@pytest.mark.train
def test_a_model_is_trained_and_a_second_time_found(with_rows: Home):
    (with_rows.root / "training" / "one_step.toml").write_text(ONE_STEP)
    for said in ("step 1 of 1", "trained already"):
        command = ["train", "synthesizer", "--recipe", "all", "--config", "one_step"]
        done = CliRunner().invoke(main, command, env={"GEM_HOME": str(with_rows.root)})
        assert done.exit_code == 0, done.output
        assert said in done.output
        assert str(with_rows.models) in done.output


def test_a_synthesizer_is_asked_for_so_many_documents_as_the_limit_says(carried: Home):
    with StubServer(lambda _: "I would rather not.") as server:
        model = {"GEM_SYNTHESIZER_MODEL": "openai/stub", "GEM_SYNTHESIZER_BASE_URL": server.url}
        environment = {"GEM_HOME": str(carried.root), "GEM_SYNTHESIZER_API_KEY": "key", **model}
        done = CliRunner().invoke(main, ["synthesize", "--corpus", "demo", "--limit", "1"], env=environment)
        asked = {str(request["messages"][0]) for request in server.requests}
    assert len(asked) == 1
    with open_live(carried) as connection:
        query = "SELECT outcome FROM synthesized_trajectories_outcomes WHERE reason <> 'cancelled'"
        assert connection.execute(query).fetchall() == [("rejected",)]
    assert done.exit_code == 0, done.output
