"""The journal of model calls: what was asked and answered, raw, on disk before anything reads it.

One SQLite file for all processes. A question is known by what the model sees, so that an answer is found
again under another address, key or prompt file, and never bought twice. Does not belong here: what an answer
means, when to ask again.
"""

import asyncio
import json
import logging
import os
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gem_assets.llm.calls import Bought, Call, Question, Totals
from gem_assets.llm.protocol import RefusalKind, StopRunError
from gem_assets.llm.roles import ConfigurationError

T = TypeVar("T")
logger = logging.getLogger(__name__)
SCHEMA = Path(__file__).with_name("journal.sql")
SCHEMA_VERSION = 1
BUSY_SECONDS = 120

_QUESTION_COLUMNS = ("key", "task", "role", "prompt_version", "model", "base_url", "sample")
_CLAIM = (
    "INSERT INTO calls ({}) VALUES ({}) ON CONFLICT (key) DO UPDATE SET status='started', "
    "owner=excluded.owner, pid=excluded.pid, run_id=excluded.run_id, base_url=excluded.base_url, "
    "started_at=excluded.started_at, refusal_kind=NULL, refusal_evidence=NULL"
)
_COMMIT = (
    "UPDATE calls SET status='done', request=?, response=?, answered_by=?, finish_reason=?, allowance=?, "
    "answers=answers+1, input_tokens=input_tokens+?, output_tokens=output_tokens+?, cost=cost+?, "
    "seconds=seconds+?, finished_at=?, parse_result=NULL, refusal_kind=NULL, refusal_evidence=NULL "
    "WHERE key=?"
)

_REFUSE = (
    "UPDATE calls SET status='refused', refusal_kind=?, refusal_evidence=?, allowance=?, finished_at=? "
    "WHERE key=?"
)

# Owners of this process whose journal is open: a row of another owner under our own pid is nobody's.
_open_owners: set[str] = set()


class Journal:
    """One connection, used by one thread of its own: nothing here blocks an event loop."""

    def __init__(self, path: Path, run_id: str) -> None:
        """Open or create the file; raise ConfigurationError when a newer gem_assets wrote it."""
        self.path = path
        self._run_id = run_id
        self._pid = os.getpid()
        self._owner = f"{_started(self._pid)}-{uuid.uuid4().hex[:12]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gem-journal")
        try:
            self._connection = self._thread.submit(_connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        _open_owners.add(self._owner)

    async def find(self, key: str) -> Call | None:
        """Look a question up."""
        return await self._off_loop(lambda: self._find(key))

    async def claim(self, question: Question, request: Mapping[str, Any], answers: int) -> bool:
        """Write down what this process is about to send; False when another one is at it, or was since.

        `answers` is how many the caller saw in the journal (0 where there was no row): a question that was
        answered in the meantime is not claimed.
        """
        return await self._off_loop(lambda: self._claim(question, request, answers))

    async def commit(self, question: Question, bought: Bought) -> None:
        """Write a received answer down, adding its price to what the question cost before."""
        await self._off_loop(lambda: self._commit(question, bought))

    async def refuse(self, key: str, kind: RefusalKind, evidence: str, allowance: int) -> None:
        """Remember that this question has no usable answer, having been allowed so many tokens for one."""
        await self._off_loop(lambda: self._write(_REFUSE, (kind, evidence, allowance, time.time(), key)))

    async def release(self, key: str) -> None:
        """Give up a claim that led to no answer: a failure is not remembered, an earlier answer stays."""
        await self._off_loop(lambda: self._release("key = ?", (key,)))

    async def note_parse(self, key: str, result: str) -> None:
        """Note whether the answer could be read; writes only what is new."""
        statement = "UPDATE calls SET parse_result=? WHERE key=? AND parse_result IS NOT ?"
        await self._off_loop(lambda: self._write(statement, (result, key, result)))

    def calls_by_keys(self, keys: Iterable[str]) -> dict[str, Call]:
        """Read calls, for audit; keys that are not in the journal are left out."""
        wanted = list(keys)
        found = self._thread.submit(lambda: [self._find(key) for key in wanted]).result()
        return {call.key: call for call in found if call is not None}

    def stats(self) -> list[Totals]:
        """Sum calls, tokens and cost by role, task, model and status."""
        query = (
            "SELECT role, task, model, status, count(*), sum(answers), sum(input_tokens), "
            "sum(output_tokens), total(cost), count(*) - count(cost), "
            "count(CASE WHEN parse_result <> 'ok' THEN 1 END) "
            "FROM calls GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        rows = self._thread.submit(lambda: self._connection.execute(query).fetchall()).result()
        return [Totals(*row) for row in rows]

    def close(self) -> None:
        """Give up what is still claimed and close the file."""
        _open_owners.discard(self._owner)
        try:
            self._thread.submit(self._release, "1 = 1", ()).result()
        except sqlite3.Error as error:
            # No harm: a claim whose owner is gone is taken over.
            logger.warning("%s: claims were left behind (%s)", self.path, error)
        finally:
            self._thread.submit(self._connection.close).result()
            self._thread.shutdown()

    async def _off_loop(self, work: Callable[[], T]) -> T:
        # Shielded: a cancelled caller must not take back the writing of an answer that was paid for.
        try:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        except sqlite3.Error as error:
            raise StopRunError(
                f"the journal {self.path} cannot be used ({error}): is the disk full?"
            ) from error

    def _find(self, key: str) -> Call | None:
        cursor = self._connection.execute("SELECT * FROM calls WHERE key = ?", (key,))
        row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip((column[0] for column in cursor.description), row, strict=True))
        values["request"] = _unpack(values["request"])
        values["response"] = _unpack(values["response"])
        return Call(**values)

    def _claim(self, question: Question, request: Mapping[str, Any], answers: int) -> bool:
        with self._transaction():
            row = self._connection.execute(
                "SELECT status, answers, owner, pid FROM calls WHERE key = ?", (question.key,)
            ).fetchone()
            if row is not None and (row[1] != answers or (row[0] == "started" and _alive(row[2], row[3]))):
                return False
            self._start(question, request)
        return True

    def _start(self, question: Question, request: Mapping[str, Any]) -> None:
        values = {name: getattr(question, name) for name in _QUESTION_COLUMNS}
        values |= {"request": _pack(request), "status": "started", "started_at": time.time()}
        values |= {"owner": self._owner, "pid": self._pid, "run_id": self._run_id}
        statement = _CLAIM.format(",".join(values), ",".join(f":{name}" for name in values))
        self._connection.execute(statement, values)

    def _commit(self, question: Question, bought: Bought) -> None:
        bodies = (_pack(bought.request), _pack(bought.response))
        about = (bought.answered_by, bought.finish_reason, bought.allowance)
        spent = (bought.input_tokens, bought.output_tokens, bought.cost, bought.seconds)
        values = (*bodies, *about, *spent, time.time(), question.key)
        with self._transaction():
            if self._connection.execute(_COMMIT, values).rowcount == 0:
                # The row is gone, whoever took it away; the answer was paid for all the same.
                self._start(question, bought.request)
                self._connection.execute(_COMMIT, values)

    def _release(self, condition: str, values: tuple[str, ...]) -> None:
        mine = f"status = 'started' AND owner = ? AND {condition}"
        with self._transaction():
            self._connection.execute(
                f"DELETE FROM calls WHERE response IS NULL AND {mine}", (self._owner, *values)
            )
            self._connection.execute(f"UPDATE calls SET status='done' WHERE {mine}", (self._owner, *values))

    def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        with self._transaction():
            self._connection.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        _enter_wal_mode(connection)
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            # Every statement of the file may be run again, so processes that start together do no harm.
            connection.executescript(f"BEGIN IMMEDIATE;\n{SCHEMA.read_text('utf-8')}\nCOMMIT;")
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"the journal {path} cannot be opened ({error}): is it a journal?"
        ) from error
    if version > SCHEMA_VERSION:
        connection.close()
        raise ConfigurationError(
            f"the journal {path} has version {version} and this gem_assets reads {SCHEMA_VERSION}: "
            "install the newer gem_assets that wrote it"
        )
    return connection


def _enter_wal_mode(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not apply its own waiting to this when processes start together."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _pack(body: Mapping[str, Any]) -> bytes:
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)


def _unpack(body: bytes | None) -> dict[str, Any] | None:
    return None if body is None else json.loads(zlib.decompress(body))


def _alive(owner: str, pid: int) -> bool:
    """Say whether the process that claimed a call still runs; a later process of the same pid is another."""
    if pid == os.getpid():
        return owner in _open_owners
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(pid) == owner.partition("-")[0]


def _started(pid: int) -> str:
    """When a process started, in clock ticks; `0` where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "0"
    return stat.rpartition(")")[2].split()[19]
