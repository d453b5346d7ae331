"""Stopping in the middle: no partial shard, no process left, nothing bought twice, the next run continues."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gem_assets.stages.catalog import ASSETS
from gem_assets.store.connections import open_live
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets.store.stage_runs import current_stage_run
from gem_assets_tests.orchestration.serving import Served, serving, wait_for
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stages.chain import put_rows, recorded_rows
from gem_assets_tests.stub_server import Fault, StubServer

pytestmark = pytest.mark.slow

SHARD = "demo-00000"
DOCUMENTS = 4
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
TERMINATE = "mutation Stop($run: String!) { terminateRun(runId: $run) { __typename } }"


class Gate:
    """Answers as recorded; once closed, an answer waits until it is opened again."""

    def __init__(self) -> None:
        prompts = CHECKOUT / "gem_assets" / "prompts"
        self._recorded = RecordedAnswers(
            DATA / "recorded_answers", DATA / "recorded_documents.jsonl", prompts
        )
        self._open = threading.Event()
        self.waiting = 0
        self.asked: list[str] = []
        self.answered = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._open.clear()

    def __call__(self, request: dict[str, Any]) -> str | Fault:
        with self._lock:
            self.asked.append(json.dumps(request["messages"]))
            self.waiting += 1
        self._open.wait(timeout=120)
        answer = self._recorded(request)
        with self._lock:
            self.waiting -= 1
            self.answered += 1
        return answer


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open()


@pytest.fixture
def served(declared: Path, tmp_path: Path, gate: Gate) -> Iterator[Served]:
    root = Path(shutil.copytree(declared, tmp_path / "home"))
    with StubServer(gate) as stub:
        made = Served(
            root, GEM_MODEL="openai/stub-model", GEM_BASE_URL=stub.url, GEM_API_KEY="a-key-for-the-stub"
        )
        put_rows(made.home, list(recorded_rows().values()), size=DOCUMENTS)
        with serving(made):
            yield made


def launch(served: Served) -> str:
    selector = {
        "repositoryLocationName": "gem_assets",
        "repositoryName": "__repository__",
        "pipelineName": "synthesise",
    }
    tags = [{"key": "dagster/partition", "value": SHARD}]
    params = {
        "selector": selector,
        "runConfigData": {},
        "mode": "default",
        "executionMetadata": {"tags": tags},
    }
    told = served.ask(LAUNCH, params=params)["launchRun"]
    assert told["__typename"] == "LaunchRunSuccess", told
    return told["run"]["runId"]


def status(served: Served, run: str) -> str:
    return next(found["status"] for found in served.runs() if found["runId"] == run)


def written(served: Served) -> list[str]:
    return [asset for asset in ASSETS if current_stage_run(served.home, asset, SHARD)]


def no_partial_shard(served: Served) -> None:
    """Every table file there is can be read whole, no temporary one is left, and the checks find nothing."""
    assert list(served.home.root.glob("tables/**/.*.tmp*")) == []
    with open_live(served.home) as connection:
        for name in sql_names("checks"):
            assert connection.execute(read_sql("checks", name)).fetchall() == [], name


def stopped_in_order(served: Served) -> None:
    assert served.processes() == []
    assert "Traceback" not in served.log.read_text()
    assert written(served) == ["documents"]
    no_partial_shard(served)


def finish(served: Served, gate: Gate) -> None:
    gate.open()
    served.gem("run")
    assert written(served) == list(ASSETS)
    assert served.gem("stale") == ""
    no_partial_shard(served)


def test_a_run_that_is_cancelled_journals_what_it_bought_and_the_next_one_continues(
    served: Served, gate: Gate
):
    run = launch(served)
    wait_for(lambda: gate.waiting == DOCUMENTS, "the model to be asked")
    assert written(served) == ["documents"]
    served.ask(TERMINATE, run=run)
    gate.open()
    wait_for(lambda: status(served, run) == "CANCELED", "the run to be cancelled")
    assert written(served) == ["documents"]
    no_partial_shard(served)
    bought = len(gate.asked)
    assert bought == DOCUMENTS
    again = launch(served)
    wait_for(lambda: status(served, again) in ("SUCCESS", "FAILURE"), "the next run to end")
    assert status(served, again) == "SUCCESS"
    assert written(served) == list(ASSETS)
    assert len(gate.asked) == len(set(gate.asked)), "no question was bought twice"
    served.stop()
    assert served.processes() == []


def test_ending_make_ui_lets_calls_come_home_and_leaves_no_process(served: Served, gate: Gate):
    launch(served)
    wait_for(lambda: gate.waiting == DOCUMENTS, "the model to be asked")
    threading.Timer(2, gate.open).start()
    served.stop()
    stopped_in_order(served)
    finish(served, gate)
    assert len(gate.asked) == len(set(gate.asked)), "the answers that were under way were kept"


def test_ctrl_c_ends_make_ui_also_where_the_model_never_answers(served: Served, gate: Gate):
    launch(served)
    wait_for(lambda: gate.waiting == DOCUMENTS, "the model to be asked")
    served.interrupt()
    stopped_in_order(served)
    finish(served, gate)
