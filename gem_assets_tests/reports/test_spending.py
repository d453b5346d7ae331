import asyncio
import json

import pytest
from click.testing import CliRunner

from gem_assets.cli import main
from gem_assets.llm.journal.calls import Bought, Question
from gem_assets.llm.journal.journal import Journal
from gem_assets.store.home import Home
from gem_assets_tests.llm.rig import claim


def gem(home: Home, *arguments: str):
    return CliRunner().invoke(main, list(arguments), env={"GEM_HOME": str(home.root)})


@pytest.fixture
def bought(home: Home) -> Home:
    async def buy() -> None:
        for key, cost in (("a", 0.25), ("b", None)):
            question = Question(key, "filter_document", "filter", "filter_document@0", "m", None, 0)
            await claim(journal, question)
            await journal.commit(question, Bought({"n": key}, {}, "m-1", "stop", 100, 10, 5, cost, 1.5))
        journal.note_parse("b", "no <multi_step>")

    journal = Journal(home.journal, "run-1")
    asyncio.run(buy())
    journal.close()
    return home


def test_cost_counts_each_call_once_and_names_what_has_no_price(bought: Home):
    said = gem(bought, "cost")
    assert said.exit_code == 0, said.output
    assert "$0.25 + unknown" in said.output
    assert "1 call of unknown price: set GEM_INPUT_PRICE" in said.output
    assert "nothing is left to buy" in said.output


def test_stats_and_verify_tell_what_is_in_the_journal(bought: Home):
    assert "filter_document" in gem(bought, "journal", "stats").output
    assert "2 calls (2 done), 0 problems" in gem(bought, "journal", "verify").output


def test_export_and_forget_take_the_calls_that_are_meant(bought: Home, tmp_path):
    out = tmp_path / "calls.jsonl"
    assert gem(bought, "journal", "export", "--unreadable", "--out", str(out)).exit_code == 0
    (call,) = [json.loads(line) for line in out.read_text().splitlines()]
    assert (call["key"], call["response"]) == ("b", {"n": "b"})
    assert gem(bought, "journal", "forget").exit_code == 2, "nothing is forgotten unasked"
    assert "1 forgotten" in gem(bought, "journal", "forget", "--unreadable", "--yes").output
    assert "1 call (1 done)" in gem(bought, "journal", "verify").output


def test_without_a_journal_the_sentence_says_so(home: Home):
    said = gem(home, "journal", "stats")
    assert said.exit_code == 2
    assert "there is no journal" in said.output
    assert "nothing was bought" in gem(home, "cost").output
