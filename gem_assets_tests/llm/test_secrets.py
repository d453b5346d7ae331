"""A planted key must not be found in anything that a whole `gem run` leaves behind, or says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets.llm.journal.upkeep import Which, as_line, export
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.home import Home
from gem_assets.store.sql_files import sql_names
from gem_assets_tests.llm.rig import KEY
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stub_server import StubServer, error

GEM = Path(sys.executable).with_name("gem")

pytestmark = pytest.mark.slow


def gem(
    home: Path, server: StubServer, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GEM_")},
        "GEM_HOME": str(home),
        "GEM_MODEL": "stub-model",
        "GEM_BASE_URL": server.url,
        "GEM_API_KEY": KEY,
        "GEM_INPUT_PRICE": "1",
        "GEM_OUTPUT_PRICE": "4",
        **variables,
    }
    command = [str(GEM), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)


def spiteful(answer):
    """A server that repeats the key in its complaints: once to one role, for ever to another."""
    asked: list[int] = []

    def reply(request):
        asked.append(1)
        if request["model"] == "refusing":
            return error(401, f"Incorrect API key provided: {KEY}", "invalid_api_key")
        if len(asked) == 2:
            return error(500, f"internal error with header Bearer {KEY}")
        return answer(request)

    return reply


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """The home of a pilot run whose judge is refused, and all that was said."""
    home = tmp_path_factory.mktemp("secrets") / "home"
    recorded = RecordedAnswers(
        DATA / "recorded_answers", DATA / "recorded_documents.jsonl", CHECKOUT / "gem_assets" / "prompts"
    )
    with StubServer(spiteful(recorded)) as server:
        commands = [
            ("ingest", str(DATA / "recorded_documents.jsonl"), "--corpus", "rec"),
            ("run", "--limit", "3", "--budget", "0.5"),
            ("cost",),
        ]
        done = [gem(home, server, *command, GEM_JUDGE_MODEL="refusing") for command in commands]
    said = "".join(run.stdout + run.stderr for run in done)
    assert [run.returncode for run in done] == [0, 1, 0], said
    return Home(home), said


def test_no_file_and_no_word_holds_the_key(ran):
    home, said = ran
    assert "the key was not accepted: set GEM_API_KEY" in said
    assert KEY not in said
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert {"journal.db", "gem.duckdb", "worker.log"} <= {path.name for path in files}
    assert any("dagster" in path.parts and path.suffix == ".db" for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


def test_no_compressed_row_holds_the_key(ran):
    home, _ = ran
    calls = [as_line(call) for call in export(home.journal, Which())]
    assert len(calls) == 9
    assert not [call for call in calls if KEY in call]
    with open_live(home) as connection:
        for table in sql_names("tables"):
            assert KEY not in str(connection.execute(f"SELECT * FROM {table}").fetchall()), table
    with open_memory() as connection:
        for path in (home.root / "history").rglob("*.parquet"):
            assert KEY not in str(connection.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall())


def test_what_was_spent_is_what_the_journal_holds(ran):
    home, said = ran
    with open_live(home) as connection:
        calls, cost, runs = connection.execute(
            "SELECT count(*), sum(cost), count(DISTINCT run_id) FROM llm_calls"
        ).fetchall()[0]
    assert (calls, runs) == (9, 1)
    assert cost == pytest.approx(9 * (10 * 1 + 5 * 4) / 1e6)
    assert "in all $0.0003 for 9 calls" in said
