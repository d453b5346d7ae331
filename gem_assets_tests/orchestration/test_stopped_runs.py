"""Runs that are stopped on their way, or stop themselves: what was bought stays, and the next run goes on.

The model is a real server on the loopback, with recorded answers that take their time.
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gem_assets.orchestration.backfill import LaunchError, ask
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer, error

DOCUMENTS = DATA / "recorded_documents.jsonl"
IN_FLIGHT = 4

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stopped")]


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


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def dagster_ui(home, server):
    """Dagster's web server, which starts runs in processes of their own and can end them."""
    settings = Path(home) / "dagster"
    settings.mkdir(exist_ok=True)
    (settings / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}\n"
    )
    port = free_port()
    program = str(Path(sys.executable).with_name("dagster-webserver"))
    command = [program, "-h", "127.0.0.1", "-p", str(port), "-w", str(CHECKOUT / "workspace.yaml")]
    told = environment(home, server, DAGSTER_HOME=str(settings))
    with (Path(home) / "ui.log").open("w") as log:
        process = subprocess.Popen(
            command, env=told, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield f"http://127.0.0.1:{port}/graphql"
    finally:
        process.terminate()
        process.wait(60)


LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
TERMINATE = "mutation($run: String!) { terminateRun(runId: $run) { __typename } }"
STATUS = "query($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


ENDED = ("SUCCESS", "FAILURE", "CANCELED")


def is_up(url):
    try:
        return bool(ask(url, "{ repositoriesOrError { __typename } }", {}))
    except (LaunchError, OSError):
        return False


def test_a_run_ended_from_dagsters_ui_loses_nothing_and_goes_on(tmp_path):
    home = tmp_path / "home"
    with recorded(latency=0.5) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "2")
        with dagster_ui(home, server) as url:
            wait_until(lambda: is_up(url))
            job = {"repositoryLocationName": "gem_assets", "repositoryName": "__repository__"}
            tags = [{"key": "dagster/partition", "value": "recorded-00000"}]
            params = {"selector": job | {"jobName": "trajectories"}, "executionMetadata": {"tags": tags}}
            launched = ask(url, LAUNCH, {"params": params})["launchRun"]
            assert launched["__typename"] == "LaunchRunSuccess", launched
            run = launched["run"]["runId"]
            wait_until(lambda: len(server.requests) >= 2 or status_of(url, run) in ENDED, 240)
            assert status_of(url, run) == "STARTED", (Path(home) / "ui.log").read_text()[-3000:]
            assert ask(url, TERMINATE, {"run": run})["terminateRun"]["__typename"] == "TerminateRunSuccess"
            wait_until(lambda: status_of(url, run) == "CANCELED")
            wait_until(lambda: "started" not in {status for (status,) in journal(home)})
        assert_the_next_run_goes_on(home, server)


def status_of(url, run):
    return ask(url, STATUS, {"run": run})["runOrError"]["status"]


def test_a_wrong_key_stops_the_run_once_and_names_what_was_not_run(tmp_path):
    home = tmp_path / "home"
    with StubServer(lambda _: error(401, "Incorrect API key provided", "invalid_api_key")) as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "1")
        returned, said = gem(home, server, "run", "--workers", "1")
    assert returned == 1
    assert said.count("the key was not accepted: set GEM_API_KEY") == 1, said
    assert "not run: 3 shards (recorded-00001, recorded-00002, recorded-00003)" in said
    assert "Traceback" not in said


def test_an_empty_budget_stops_the_run_once_and_keeps_what_was_bought(tmp_path):
    home = tmp_path / "home"
    prices = {"GEM_INPUT_PRICE": "1000", "GEM_OUTPUT_PRICE": "1000", "GEM_MAX_TOKENS": "100"}
    with recorded() as server:
        gem(home, server, "ingest", str(DOCUMENTS), "--corpus", "recorded", "--shard-size", "1")
        returned, said = gem(home, server, "run", "--workers", "1", "--budget", "10", **prices)
        assert returned == 1
        assert said.count("the budget is used up") == 1, said
        assert "not run: " in said
        bought = len(server.requests)
        assert [status for (status,) in journal(home)] == ["done"] * bought
