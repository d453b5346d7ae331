import asyncio
import json
import sqlite3
import subprocess
import sys

import pytest

from gem_assets.llm.journal.calls import Bought, Question
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.journal.upkeep import (
    Share,
    Which,
    as_line,
    export,
    forget,
    share_of,
    spent_for_good,
    verify,
)
from gem_assets_tests.llm.rig import claim


@pytest.fixture
def journal(tmp_path):
    async def buy(journal: Journal, key: str, task: str, cost: float | None, parsed: str) -> None:
        question = Question(key, task, "filter", f"{task}@0", "m", None, 0)
        await claim(journal, question, {"messages": ["Grüße \ud800"]})
        await journal.commit(question, Bought({"text": key}, {"m": key}, "m", "stop", 9, 10, 5, cost, 1.0))
        journal.note_parse(key, parsed)

    async def fill(journal: Journal) -> None:
        await buy(journal, "a", "filter_document", 0.25, "ok")
        await buy(journal, "b", "filter_document", None, "no <multi_step>")
        await buy(journal, "c", "judge_trajectory", 0.5, "ok")

    opened = Journal(tmp_path / "journal.db", "run-1")
    asyncio.run(fill(opened))
    opened.close()
    return opened.path


def test_a_whole_journal_has_no_problems(journal):
    found = verify(journal)
    assert (found.calls, found.by_status, found.problems, found.abandoned) == (3, {"done": 3}, (), 0)


def test_finds_a_body_that_cannot_be_read_and_a_call_whose_process_died(journal):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    connection = sqlite3.connect(journal)
    connection.execute("UPDATE calls SET response = x'00' WHERE key = 'a'")
    connection.execute(
        "UPDATE calls SET status = 'started', pid = ?, owner = '1-x' WHERE key = 'c'", (gone.pid,)
    )
    connection.commit()
    connection.close()
    found = verify(journal)
    assert (found.abandoned, found.under_way) == (1, 0)
    (problem,) = found.problems
    assert "response of call a" in problem


def test_exports_whole_calls_as_lines_of_json(journal):
    lines = [as_line(call) for call in export(journal, Which(task="filter_document"))]
    calls = [json.loads(line) for line in lines]
    assert [call["key"] for call in calls] == ["a", "b"]
    assert (calls[0]["response"], calls[0]["cost"]) == ({"text": "a"}, 0.25)
    assert "owner" not in calls[0]


def test_forgets_what_is_meant_and_what_it_cost_stays_spent(journal):
    assert share_of(journal, Which()) == Share(3, 0.75, 1)
    assert share_of(journal, Which(unreadable=True)) == Share(1, 0.0, 1)
    assert forget(journal, Which(keys=("c",))) == 1
    assert forget(journal, Which(unreadable=True)) == 1
    assert [call["key"] for call in export(journal, Which())] == ["a"]
    assert spent_for_good(journal) == 0.75


def test_a_journal_of_before_budgets_is_brought_up_to_date(journal):
    connection = sqlite3.connect(journal)
    for table in ("windows", "demand", "rates", "spent", "reservations", "batches", "batch_requests"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    Journal(journal, "run-2").close()
    assert spent_for_good(journal) == 0.75
