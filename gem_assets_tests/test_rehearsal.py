"""What `gem backfill --stale --dry-run` says is what the backfill then buys."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer

DOCUMENTS = DATA / "recorded_documents.jsonl"
PROMPTS = CHECKOUT / "gem_assets" / "prompts"

pytestmark = pytest.mark.slow


def gem(home, server, *arguments, **variables):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GEM_")}
    model = {"GEM_MODEL": "stub", "GEM_BASE_URL": server.url, "GEM_API_KEY": "sk-x"}
    done = subprocess.run(
        [sys.executable, "-m", "gem_assets.cli", *arguments],
        env=kept | {"GEM_HOME": str(home)} | model | variables,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def told(rehearsal, asset):
    """Inputs, journaled calls, new calls and guessed inputs of a stage."""
    found = re.search(rf"^{asset}\s+(\d+)\s+(\d+)\s+(\d+)\s+([\d.]+)", rehearsal, re.MULTILINE)
    return (0, 0, 0, 0.0) if found is None else (*map(int, found.groups()[:3]), float(found[4]))


@pytest.mark.parametrize(
    ("prompt", "asset", "guessed"),
    [("judge_trajectory", "validated_trajectories", 0.0), ("extract_workflows", "workflows", 9.0)],
)
def test_the_dry_run_counts_the_calls_the_backfill_then_buys(tmp_path, prompt, asset, guessed):
    home, prompts = tmp_path / "home", tmp_path / "prompts"
    prompts.mkdir()
    answers = RecordedAnswers(DATA / "recorded_answers", DOCUMENTS, PROMPTS)
    with StubServer(answers) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded")
        gem(home, server, "run")
        bought = len(server.requests)
        shutil.copy(PROMPTS / f"{prompt}.md", prompts)
        with (prompts / f"{prompt}.md").open("a") as file:
            file.write("\nBe exact.\n")
        changed = {"GEM_PROMPTS": str(prompts)}
        rehearsal = gem(home, server, "backfill", "--stale", "--dry-run", **changed)
        assert len(server.requests) == bought, "a dry run sent something"
        assert told(rehearsal, asset)[1:3] == (0, 3)
        assert told(rehearsal, "draft_trajectories")[0] == 0
        further = sum(told(rehearsal, name)[3] for name in ("draft_trajectories", "refined_trajectories"))
        further += told(rehearsal, "validated_trajectories")[3]
        assert further == guessed
        gem(home, server, "backfill", "--stale", **changed)
        # The same answers come back, so that what stands behind them is in the journal: only 3 are new.
        assert len(server.requests) - bought == told(rehearsal, asset)[2]
        assert "0 stale" in gem(home, server, "backfill", "--stale", "--dry-run", **changed)


@pytest.mark.parametrize(
    ("changed", "asset", "work"),
    [
        ({"GEM_REFINEMENT_FALLBACK": "true"}, "refined_trajectories", "derive again"),
        ({"GEM_LANGUAGE": "de"}, "draft_trajectories", "buy"),  # it stands in the question
    ],
)
def test_what_stale_calls_derived_again_is_not_bought_and_what_it_calls_bought_is(
    tmp_path, changed, asset, work
):
    home = tmp_path / "home"
    with StubServer(RecordedAnswers(DATA / "recorded_answers", DOCUMENTS, PROMPTS)) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded")
        gem(home, server, "run")
        bought = len(server.requests)
        works = {
            line.split("\t")[0]: line.split("\t")[3]
            for line in gem(home, server, "stale", **changed).splitlines()
        }
        assert len(server.requests) == bought
        assert next(iter(works)) == asset
        assert set(works.values()) == {work}
        quick = gem(home, server, "stale", "--quick", **changed)
        assert "derive again, buy what is asked otherwise" in quick
        gem(home, server, "run", **changed)
        assert (len(server.requests) > bought) is (work == "buy")
