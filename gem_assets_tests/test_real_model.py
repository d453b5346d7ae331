"""The whole path over real HTTP: a server answers as a model did, and the baseline generator stays out."""

import html
import json
import os
import subprocess
import sys

import pytest

from gem_assets.prompts.vocabulary import DOMAINS, PLATFORMS, TASK_CATEGORIES
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.connections import open_live, open_warehouse
from gem_assets.store.home import Home
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer

DOCUMENTS = DATA / "recorded_documents.jsonl"
KEY = "sk-planted-secret-5f1d"

pytestmark = pytest.mark.slow


def gem(home, server, *arguments, program=("-m", "gem_assets.cli")):
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GEM_")}
    model = {"GEM_MODEL": "stub-teacher", "GEM_BASE_URL": server.url, "GEM_API_KEY": KEY}
    return subprocess.run(
        [sys.executable, *program, *arguments],
        env=kept | {"GEM_HOME": str(home)} | model,
        capture_output=True,
        text=True,
        timeout=180,
    )


def answers(index):
    return RecordedAnswers(DATA / "recorded_answers", DOCUMENTS, CHECKOUT / "gem_assets" / "prompts", index)


@pytest.fixture(scope="module", params=["index.json", "variants.json"])
def run(request, tmp_path_factory):
    """The corpus carried through every stage, by answers that are good at once and by ones to be repaired."""
    home = tmp_path_factory.mktemp("home")
    with StubServer(answers(request.param)) as server:
        ingested = gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded")
        assert ingested.returncode == 0, ingested.stderr
        done = gem(home, server, "run")
        assert done.returncode == 0, done.stdout + (home / "dagster" / "worker.log").read_text()[-3000:]
        asked = len(server.requests)
        again = gem(home, server, "run", "--force")
        assert again.returncode == 0
        assert len(server.requests) == asked, "a run over journaled answers asked again"
        yield request.param, Home(home), [entry for entry in server.requests]


def test_every_procedure_ends_as_a_judged_trajectory(run):
    _, home, _ = run
    with open_warehouse(home) as connection:
        verdicts = connection.execute("SELECT judge_status, generator FROM validated_trajectories").fetchall()
        rejected = connection.execute("SELECT reason FROM rejections").fetchall()
    assert verdicts == [("passed", "model")] * 3
    assert rejected == [("filter_not_multi_step",)]


def test_nothing_comes_from_the_baseline_generator(run):
    _, home, _ = run
    with open_live(home) as connection:
        for asset in ASSETS[1:]:
            table = f"{asset}_outcomes"
            found = connection.execute(f"SELECT DISTINCT model, generator FROM {table}").fetchall()
            assert found == [("stub-teacher", "model")] or found == [("hosted_vllm/stub-teacher", "model")]
    log = (home.dagster / "worker.log").read_text()
    assert "gem_assets/offline" not in log


def test_answers_that_needed_a_repair_are_marked(run):
    index, home, _ = run
    with open_live(home) as connection:
        recovered = connection.execute(
            "SELECT count(*) FROM (SELECT recovered FROM workflows_outcomes "
            "UNION ALL SELECT recovered FROM draft_trajectories_outcomes) WHERE recovered"
        ).fetchone()[0]
    assert (recovered > 0) == (index == "variants.json")


def test_the_rendered_prompts_hold_vocabulary_and_escaped_source(run):
    _, _, requests = run
    prompts = ["\n".join(message["content"] for message in body(entry)["messages"]) for entry in requests]
    filters = [prompt for prompt in prompts if "multi_step" in prompt and DOMAINS[-1] in prompt]
    documents = [json.loads(line) for line in DOCUMENTS.read_text().splitlines()]
    assert len(filters) >= len(documents)
    for prompt in filters:
        assert all(label in prompt for label in (*PLATFORMS, *DOMAINS, *TASK_CATEGORIES))
    for document in documents:
        source = html.escape(document["text"].strip()[:200], quote=False)
        assert any(source.split("\n")[0] in prompt for prompt in prompts)


def test_the_key_is_nowhere_on_disk(run):
    _, home, _ = run
    holding = [path for path in home.root.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holding == []


def test_an_audit_tells_calls_with_tokens_and_judgement(run):
    _, home, _ = run
    with open_live(home) as connection:
        trajectory_id = connection.execute("SELECT trajectory_id FROM validated_trajectories").fetchone()[0]
    done = subprocess.run(
        [sys.executable, "-m", "gem_assets.cli", "audit", trajectory_id[:10]],
        env={**os.environ, "GEM_HOME": str(home.root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    for told in (
        "recorded_documents.jsonl",
        "generate_trajectory@",
        "judge_trajectory@",
        "R1",
        "R3",
        "stub-teacher",
    ):
        assert told in done.stdout


def body(entry):
    return entry if isinstance(entry, dict) and "messages" in entry else entry.body
