import asyncio

from gem_assets.llm.journal.calls import Bought, Question
from gem_assets.llm.journal.journal import Journal
from gem_assets.stages.catalog import STAGES
from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import open_live, open_warehouse
from gem_assets.store.home import Home
from gem_assets.store.warehouse import build_warehouse
from gem_assets_tests.llm.rig import claim

COLUMNS = (
    "role, asset, model, answered_by, status, answers, "
    "input_tokens, output_tokens, cost, parse_result, run_id"
)


def query(home: Home, columns: str):
    with open_live(home) as connection:
        return connection.execute(f"SELECT {columns} FROM llm_calls").fetchall()


def buy(home: Home, key: str, cost: float | None, task: str = "filter_document") -> None:
    async def run():
        question = Question(key, task, "filter", f"{task}@0", "m", None, 0)
        await claim(journal, question, {"messages": ["a secret text"]})
        await journal.commit(question, Bought({}, {}, "m-1", "stop", 100, 10, 5, cost, 1.5))
        journal.note_parse(key, "ok")

    journal = Journal(home.journal, "run-1")
    asyncio.run(run())
    journal.close()


def test_without_a_journal_there_are_no_calls(home: Home):
    refresh_calls(home)
    assert query(home, "count(*)") == [(0,)]


def test_the_journals_calls_are_a_table_that_follows_the_journal(home: Home):
    buy(home, "a", 0.5)
    refresh_calls(home)
    assert query(home, COLUMNS) == [
        ("filter", "procedural_documents", "m", "m-1", "done", 1, 10, 5, 0.5, "ok", "run-1")
    ]
    buy(home, "b", None)
    refresh_calls(home)
    assert query(home, "key, cost") == [("a", 0.5), ("b", None)]


def test_an_unchanged_journal_is_not_read_again(home: Home):
    buy(home, "a", 0.5)
    refresh_calls(home)
    before = (home.tables / "llm_calls" / "journal.parquet").stat().st_mtime_ns
    refresh_calls(home)
    assert (home.tables / "llm_calls" / "journal.parquet").stat().st_mtime_ns == before


def test_the_warehouse_holds_them_and_their_texts_stay_in_the_journal(home: Home):
    buy(home, "a", 0.5)
    assert build_warehouse(home)["llm_calls"] == 1
    with open_warehouse(home) as connection:
        assert connection.execute("SELECT key FROM llm_calls").fetchall() == [("a",)]
        assert connection.execute("SELECT key FROM live.llm_calls").fetchall() == [("a",)]
    assert b"secret text" not in (home.tables / "llm_calls" / "journal.parquet").read_bytes()


def test_every_prompt_of_a_stage_is_known_by_its_asset(home: Home):
    asking = {prompt: stage.asset for stage in reversed(STAGES) for prompt in stage.prompts}
    for prompt in asking:
        buy(home, prompt, 0.5, task=prompt)
    refresh_calls(home)
    assert dict(query(home, "task, asset")) == asking
