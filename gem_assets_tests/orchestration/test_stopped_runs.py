"""Runs that are stopped on their way, or stop themselves: what was bought stays, and the next run goes on.

The model is a real server on the loopback, with recorded answers that take their time. Does not belong here:
runs that Dagster's own interface ends (`test_shutdown.py`).
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer, error

DOCUMENTS = DATA / "recorded_documents.jsonl"
IN_FLIGHT = 4

pytestmark = pytest.mark.slow


def environment(home, server, **variables):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GEM_", "DAGSTER_"))}
    model = {"GEM_MODEL": "stub", "GEM_BASE_URL": server.url, "GEM_CONCURRENCY": str(IN_FLIGHT)}
    return kept | {"GEM_HOME": str(home)} | model | variables


def start(home, server, *arguments, **variables):
    return subprocess.Popen(
        [sys.executable, "-m", "gem_assets.cli", *arguments],
        env=environment(home, server, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=CHECKOUT,
    )


def gem(home, server, *arguments, **variables):
    process = start(home, server, *arguments, **variables)
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


def journal(home, columns="status"):
    path = Path(home) / "journal.db"
    if not path.is_file():
        return []
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        return connection.execute(f"SELECT {columns} FROM calls").fetchall()


def wait_until(true, seconds=120):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)


def recorded(latency=0.0):
    answers = RecordedAnswers(DATA / "recorded_answers", DOCUMENTS, CHECKOUT / "gem_assets" / "prompts")
    return StubServer(answers, latency=latency)


def bought_again(server):
    """How many requests were sent a second time."""
    prompts = Counter(repr(request["messages"]) for request in server.requests)
    return sum(count - 1 for count in prompts.values())


def halves(home):
    """Files of shards that are not whole: each is put in place by one renaming."""
    return [path for path in Path(home).rglob("*") if path.suffix == ".tmp" or ".parquet." in path.name]


def assert_the_next_run_goes_on(home, server):
    """Nothing is claimed by anybody who is gone, nothing is half; a further run ends what was begun."""
    assert {status for (status,) in journal(home)} <= {"done", "refused"}
    assert halves(home) == []
    returned, said = gem(home, server, "run", "--workers", "2")
    assert returned == 0, said
    assert bought_again(server) <= IN_FLIGHT
    kept = gem(home, server, "sql", "SELECT count(*) AS n FROM validated_trajectories")[1]
    assert "3" in kept, kept
    assert "0 to materialise" in gem(home, server, "run")[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_loses_nothing_and_goes_on(tmp_path, number):
    home = tmp_path / "home"
    with recorded(latency=0.5) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "2")
        running = start(home, server, "run", "--workers", "2")
        wait_until(lambda: len(server.requests) >= 3)
        running.send_signal(number)
        said, _ = running.communicate(timeout=120)
        assert running.returncode == 1, said
        assert "run this again to continue" in said
        assert "Traceback" not in said
        assert_the_next_run_goes_on(home, server)


def test_a_wrong_key_stops_the_run_once(tmp_path):
    home = tmp_path / "home"
    with StubServer(lambda _: error(401, "Incorrect API key provided", "invalid_api_key")) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "1")
        returned, said = gem(home, server, "run", "--workers", "1")
    assert returned == 1, said
    assert said.count("the key was not accepted: set GEM_API_KEY") == 1, said
    assert "Traceback" not in said
    assert journal(home) == []


def test_an_empty_budget_stops_the_run_once_and_keeps_what_was_bought(tmp_path):
    home = tmp_path / "home"
    prices = {"GEM_INPUT_PRICE": "1000", "GEM_OUTPUT_PRICE": "1000", "GEM_MAX_TOKENS": "100"}
    with recorded() as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "1")
        returned, said = gem(home, server, "run", "--workers", "1", "--budget", "10", **prices)
        assert returned == 1, said
        assert said.count("the budget is used up") == 1, said
        assert "Traceback" not in said
        bought = len(server.requests)
        assert bought
        assert [status for (status,) in journal(home)] == ["done"] * bought
        assert_the_next_run_goes_on(home, server)
