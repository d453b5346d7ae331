import asyncio
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from gem_assets.llm.journal.groups import Groups


@contextmanager
def groups(tmp_path):
    """A table of numbers, none of them twice, and the statements that were run."""
    said: list[str] = []

    def connect():
        connection = sqlite3.connect(tmp_path / "some.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
        connection.set_trace_callback(said.append)
        return connection

    opened = Groups(connect)
    try:
        yield opened, said
    finally:
        opened.close()


def numbers(tmp_path):
    connection = sqlite3.connect(tmp_path / "some.db")
    try:
        return [n for (n,) in connection.execute("SELECT n FROM numbers ORDER BY n")]
    finally:
        connection.close()


def adding(opened):
    def add(given):
        opened.connection.executemany("INSERT INTO numbers VALUES (?)", [(n,) for n in given])
        return given

    return add


def test_what_waits_for_the_disk_at_the_same_time_is_written_by_one_commit(tmp_path):
    async def run(opened):
        add, hold = adding(opened), threading.Event()
        held = asyncio.create_task(opened.do(lambda given: [hold.wait(10)], None, "read"))
        await asyncio.sleep(0.02)
        together = asyncio.gather(*(opened.do(add, n, "durable") for n in range(50)))
        await asyncio.sleep(0)
        hold.set()
        return await together, await held

    with groups(tmp_path) as (opened, said):
        assert asyncio.run(run(opened))[0] == list(range(50))
        assert said.count("COMMIT") == 1
        assert said.index("PRAGMA synchronous = FULL") < said.index("COMMIT")


def test_who_asked_hears_back_when_it_is_on_disk_and_not_before(tmp_path):
    async def run(opened):
        for n in range(20):
            await opened.do(adding(opened), n, "durable")
            assert numbers(tmp_path)[-1] == n

    with groups(tmp_path) as (opened, _):
        asyncio.run(run(opened))


def test_a_piece_that_fails_fails_alone(tmp_path):
    async def run(opened):
        add = adding(opened)
        return await asyncio.gather(
            *(opened.do(add, n, "durable") for n in (1, 2, 1, 3)), return_exceptions=True
        )

    with groups(tmp_path) as (opened, _):
        first, second, third, fourth = asyncio.run(run(opened))
    assert (first, second, fourth) == (1, 2, 3)
    assert isinstance(third, sqlite3.IntegrityError)
    assert numbers(tmp_path) == [1, 2, 3]


def test_what_may_wait_goes_along_with_what_is_written_next(tmp_path):
    async def run(opened):
        opened.someday(adding(opened), 7)
        await opened.do(lambda given: [None], None, "read")
        before = numbers(tmp_path)
        await opened.do(adding(opened), 8, "agree")
        return before

    with groups(tmp_path) as (opened, said):
        assert asyncio.run(run(opened)) == []
        assert said.count("COMMIT") == 1
    assert numbers(tmp_path) == [7, 8]


def test_a_cancelled_caller_takes_nothing_back(tmp_path):
    async def run(opened):
        writing = asyncio.create_task(opened.do(adding(opened), 1, "durable"))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await opened.do(adding(opened), 2, "durable")

    with groups(tmp_path) as (opened, _):
        asyncio.run(run(opened))
    assert numbers(tmp_path) == [1, 2]


def test_work_without_a_loop_is_waited_for_and_its_error_comes_back(tmp_path):
    with groups(tmp_path) as (opened, _):
        assert opened.do_now(adding(opened), 1, "durable") == 1
        with pytest.raises(sqlite3.IntegrityError):
            opened.do_now(adding(opened), 1, "durable")
