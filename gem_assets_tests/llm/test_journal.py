import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets.llm.journal.calls import Bought, Question, call_key
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import ConfigurationError
from gem_assets_tests.llm.rig import claim, go, rows, said, start, wait_until
from gem_assets_tests.stub_server import StubServer

CHECKOUT = Path(__file__).parents[2]


def question(key: str = "k") -> Question:
    return Question(key, "filter_document", "filter", "filter_document@0", "m", "http://127.0.0.1/v1", 0)


def bought(text: str = "hello", cost: float | None = 0.5) -> Bought:
    return Bought({"text": text}, {"model": "m"}, "m-1", "stop", 100, 10, 5, cost, 1.5)


def test_what_is_committed_comes_back(tmp_path):
    async def run(journal):
        assert await claim(journal, question(), {"messages": ["Grüße \ud800"]}) == "ours"
        await journal.commit(question(), bought("Größe \ud800\x00"))
        return await journal.find("k")

    journal = Journal(tmp_path / "journal.db", "run-1")
    call = asyncio.run(run(journal))
    assert (call.status, call.answers, call.cost, call.answered_by) == ("done", 1, 0.5, "m-1")
    assert call.response == {"text": "Größe \ud800\x00"}
    assert journal.calls_by_keys(["k", "other"]) == {"k": call}
    journal.close()


def test_a_second_answer_adds_its_price_and_an_unknown_price_makes_the_sum_unknown(tmp_path):
    async def run(journal):
        for answer in (bought("a"), bought("b"), bought("c", cost=None)):
            assert await claim(journal, question(), before=await journal.find("k")) == "ours"
            call = await journal.commit(question(), answer)
            assert call == await journal.find("k"), "the row is known without reading it again"
        return call

    journal = Journal(tmp_path / "journal.db", "run-1")
    call = asyncio.run(run(journal))
    assert (call.answers, call.input_tokens, call.output_tokens, call.cost) == (3, 30, 15, None)
    (totals,) = journal.stats()
    assert (totals.calls, totals.answers, totals.cost, totals.unknown_cost) == (1, 3, 0.0, 1)
    journal.close()


def test_a_claim_holds_against_others_and_against_a_stale_view(tmp_path):
    async def run(first, second):
        assert await claim(first, question()) == "ours"
        assert await claim(second, question()) == "taken", "another one is at it"
        call = await first.commit(question(), bought())
        assert await claim(second, question()) == "taken", "it was answered in the meantime"
        assert await claim(second, question(), before=call) == "ours"
        await second.release("k")
        return await first.find("k")

    first, second = Journal(tmp_path / "journal.db", "run-1"), Journal(tmp_path / "journal.db", "run-2")
    call = asyncio.run(run(first, second))
    assert (call.status, call.response) == ("done", {"text": "hello"}), "an earlier answer stays"
    first.close()
    second.close()


def test_a_paid_answer_is_written_even_when_its_claim_was_taken_away(tmp_path):
    async def run(journal):
        await claim(journal, question())
        await journal.release("k")
        await journal.commit(question(), bought())
        return await journal.find("k")

    journal = Journal(tmp_path / "journal.db", "run-1")
    call = asyncio.run(run(journal))
    assert (call.status, call.answers, call.response) == ("done", 1, {"text": "hello"})
    journal.close()


def test_a_released_claim_leaves_nothing_and_closing_releases(tmp_path):
    async def run(journal):
        assert await claim(journal, question("a")) == "ours"
        assert await claim(journal, question("b")) == "ours"
        await journal.release("a")

    journal = Journal(tmp_path / "journal.db", "run-1")
    asyncio.run(run(journal))
    assert rows(tmp_path, "key") == [("b",)]
    journal.close()
    assert rows(tmp_path) == []


def test_the_claim_of_a_dead_process_is_taken_over(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    journal = Journal(tmp_path / "journal.db", "run-1")
    asyncio.run(claim(journal, question()))
    for pid, owner in ((gone.pid, "1-a"), (os.getpid(), "1-a"), (os.getppid(), "1-a")):
        connection = sqlite3.connect(tmp_path / "journal.db")
        connection.execute("UPDATE calls SET pid = ?, owner = ?", (pid, owner))
        connection.commit()
        connection.close()
        assert asyncio.run(claim(journal, question())) == "ours", "a later process of the same pid is another"
    journal.close()


def test_writing_goes_on_when_the_caller_is_cancelled(tmp_path):
    async def run(journal):
        await claim(journal, question())
        writing = asyncio.create_task(journal.commit(question(), bought()))
        await asyncio.sleep(0)
        writing.cancel()
        return await journal.find("k")

    journal = Journal(tmp_path / "journal.db", "run-1")
    assert asyncio.run(run(journal)).status == "done"
    journal.close()


def test_a_newer_journal_and_a_file_that_is_none_are_refused_in_one_sentence(tmp_path):
    Journal(tmp_path / "journal.db", "run-1").close()
    connection = sqlite3.connect(tmp_path / "journal.db")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ConfigurationError, match="version 99"):
        Journal(tmp_path / "journal.db", "run-1")
    (tmp_path / "other.db").write_text("this is no database, but it is long enough to look like one" * 20)
    with pytest.raises(ConfigurationError, match=r"other\.db"):
        Journal(tmp_path / "other.db", "run-1")


def test_a_journal_that_cannot_be_written_stops_the_run(tmp_path):
    journal = Journal(tmp_path / "journal.db", "run-1")
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("DROP TABLE calls")
    connection.close()
    with pytest.raises(StopRunError, match=r"journal\.db"):
        asyncio.run(journal.commit(question(), bought()))
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("CREATE TABLE calls (status, owner, response, key)")
    connection.close()
    journal.close()


def test_keys_depend_on_what_the_model_sees_and_not_on_the_order_it_is_written_in():
    messages = [{"role": "user", "content": "a"}]
    key = call_key("m", messages, {"b": 1, "a": 2}, {"top_p": 1, "temperature": 0}, 0)
    assert key == call_key("m", messages, {"a": 2, "b": 1}, {"temperature": 0, "top_p": 1}, 0)
    assert key != call_key("m", messages, {"a": 2, "b": 1}, {"temperature": 0, "top_p": 1}, 1)
    assert key != call_key("m", [], {"a": 2, "b": 1}, {"temperature": 0, "top_p": 1}, 0)


def test_kill_9_loses_nothing_that_was_bought_and_buys_again_only_what_was_in_flight(tmp_path):
    with StubServer(lambda asked: f"re: {asked['messages'][0]['content']}", latency=0.05) as server:
        killed = start(server, tmp_path, 40, 4)
        go(killed)
        wait_until(lambda: len(server.requests) >= 14)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        done = {key for key, status in rows(tmp_path, "key, status") if status == "done"}
        started = [status for (status,) in rows(tmp_path)].count("started")
        assert len(done) >= 10
        assert started <= 4
        sent = len(server.requests)

        again = start(server, tmp_path, 40, 4)
        go(again)
        answers = said(again)
        assert answers == [f"re: question {number}" for number in range(40)]
        assert len(server.requests) - sent == 40 - len(done)
        assert len(server.requests) <= 40 + 4
    assert {key for (key,) in rows(tmp_path, "key")} >= done
    assert [status for (status,) in rows(tmp_path)] == ["done"] * 40


def test_two_processes_with_the_same_questions_buy_each_answer_once(tmp_path):
    with StubServer(lambda asked: f"re: {asked['messages'][0]['content']}", latency=0.05) as server:
        processes = [start(server, tmp_path, 20, 4) for _ in range(2)]
        go(*processes)
        first, second = (said(process) for process in processes)
        assert first == second == [f"re: question {number}" for number in range(20)]
        assert len(server.requests) == 20
    assert len({pid for (pid,) in rows(tmp_path, "pid")}) == 2


def test_neither_opening_models_nor_answering_from_the_journal_imports_litellm(tmp_path):
    with StubServer(lambda asked: "hello") as server:
        asked = start(server, tmp_path, 1, 1)
        go(asked)
        said(asked)
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from gem_assets_tests.llm.rig import opened, request\n"
        "async def run(server):\n"
        "    async with opened(server, Path(sys.argv[1])) as models:\n"
        "        return (await models.filter.complete(request('question 0'))).text\n"
        "class Server: url = 'http://127.0.0.1:9/v1'\n"
        "print(asyncio.run(run(Server)), 'litellm' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.stdout.split() == ["hello", "False"], done.stderr
