"""The journal of model calls: what was asked and answered, raw, on disk before anything reads it.

One SQLite file for all processes. A question is known by what the model sees, so that an answer is found
again under another address, key or prompt file, and never bought twice. Does not belong here: what an answer
means, when to ask again.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from gem_assets.llm.batch import batches
from gem_assets.llm.journal.calls import Bought, Call, Claim, Question, Totals
from gem_assets.llm.journal.database import Database, Owner
from gem_assets.llm.journal.packing import pack, unpack
from gem_assets.llm.limits import rates
from gem_assets.llm.limits.places import (
    Demand,
    change_window,
    forget_demand,
    places_taken,
    read_window,
    tell_demand,
)
from gem_assets.llm.limits.rates import Take
from gem_assets.llm.money import budget
from gem_assets.llm.money.budget import Budget, Crowded, Exhausted
from gem_assets.llm.protocol import RefusalKind

T = TypeVar("T")

_QUESTION_COLUMNS = ("key", "task", "role", "prompt_version", "model", "base_url", "sample")
_CLAIM = (
    "INSERT INTO calls ({}) VALUES ({}) ON CONFLICT (key) DO UPDATE SET status='started', "
    "owner=excluded.owner, pid=excluded.pid, run_id=excluded.run_id, base_url=excluded.base_url, "
    "started_at=excluded.started_at, refusal_kind=NULL, refusal_evidence=NULL"
)
_COMMIT = (
    "UPDATE calls SET status='done', request=coalesce(?, request), response=?, answered_by=?, "
    "finish_reason=?, allowance=?, answers=answers+1, input_tokens=input_tokens+?, "
    "output_tokens=output_tokens+?, cost=cost+?, seconds=seconds+?, finished_at=?, parse_result=NULL, "
    "refusal_kind=NULL, refusal_evidence=NULL "
    "WHERE key=? RETURNING answers, input_tokens, output_tokens, cost, seconds, started_at"
)

_NOTE = "UPDATE calls SET parse_result=? WHERE key=? AND parse_result IS NOT ?"
_REFUSE = (
    "UPDATE calls SET status='refused', refusal_kind=?, refusal_evidence=?, answered_by=?, allowance=?, "
    "finished_at=? WHERE key=?"
)


class Journal:
    """The calls of all processes, as one run of this process reads and writes them."""

    def __init__(self, path: Path, run_id: str, run_budget: Budget | None = None) -> None:
        """Open or create the file; raise ConfigurationError when a newer gem_assets wrote it."""
        self.path = path
        self._run_id = run_id
        self.budget = run_budget or Budget(f"run {run_id}")
        self._database = Database(path)
        self._connection = self._database.connection
        self.me = self._me = self._database.me
        self._parsed: deque[tuple[str, str]] = deque()
        self._claimed: dict[str, Mapping[str, Any]] = {}

    async def find(self, key: str) -> Call | None:
        """Look a question up."""
        return await self._database.work(lambda: self._find(key))

    async def claim(
        self, question: Question, request: Mapping[str, Any], answers: int, demand: Demand | None = None
    ) -> Claim:
        """Write down what this process is about to send, where there is a place for it at the model.

        `answers` is how many the caller saw in the journal (0 where there was no row): a question that was
        answered in the meantime is not claimed.
        """
        return await self._agree(lambda: self._claim(question, request, answers, demand))

    async def commit(self, question: Question, bought: Bought) -> Call:
        """Write a received answer down; its price is added to what the question cost before."""
        return await self._change(lambda: self._commit(question, bought))

    async def refuse(self, key: str, kind: RefusalKind, evidence: str, asked: str, allowance: int) -> None:
        """Remember that this question has no usable answer, the model `asked` last having had its say."""
        values = (kind, evidence, asked, allowance, time.time(), key)
        await self._change(lambda: self._connection.execute(_REFUSE, values))

    async def release(self, key: str) -> None:
        """Give up a claim that led to no answer: a failure is not remembered, an earlier answer stays."""
        await self._change(lambda: self._release("key = ?", (key,)))

    def note_parse(self, key: str, result: str) -> None:
        """Note whether the answer could be read: written with what is written next, and before closing.

        A crash may lose it, and parsing again finds it again.
        """
        self._parsed.append((key, result))

    async def change_window(self, pool: str, seen: int, places: float) -> None:
        """Set how many calls may be in flight, unless that was changed since version `seen`."""
        await self._agree(lambda: change_window(self._connection, pool, seen, places))

    async def reserve(self, key: str, amount: float) -> Exhausted | Crowded | None:
        """Set aside what a claimed call may cost at most; None when that is done."""
        return await self._agree(lambda: budget.reserve(self._connection, self.budget, key, amount, self._me))

    async def take(self, takes: list[Take]) -> float:
        """Take requests and tokens from what a minute allows: 0, or the seconds to wait."""
        return await self._agree(lambda: rates.take(self._connection, takes))

    async def settle_rate(self, name: str, estimated: float, used: float) -> None:
        """Correct what was taken by what was used."""
        await self._agree(lambda: rates.settle(self._connection, name, estimated, used))

    async def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something durable with the tables that other modules own."""
        return await self._change(lambda: work(self._connection))

    async def collect(self, question: Question, bought: Bought) -> None:
        """Write down an answer that came by batch, and that it is no longer waited for: both or neither."""

        def take() -> None:
            self._start(question, bought.request)
            self._commit(question, bought)
            batches.drop_request(self._connection, question.key)

        await self._change(take)

    async def collect_failure(
        self,
        question: Question,
        request: Mapping[str, Any],
        kind: RefusalKind | None,
        said: str,
        allowance: int,
    ) -> None:
        """Write down a final no that came by batch; without a `kind` it was none, and is asked anew."""

        def take() -> None:
            if kind is not None:
                self._start(question, request)
                values = (kind, said, question.model, allowance, time.time(), question.key)
                self._connection.execute(_REFUSE, values)
            batches.drop_request(self._connection, question.key)

        await self._change(take)

    def calls_by_keys(self, keys: Iterable[str]) -> dict[str, Call]:
        """Read calls, for audit; keys that are not in the journal are left out."""
        wanted = list(keys)
        found = self._database.work_now(lambda: [self._find(key) for key in wanted])
        return {call.key: call for call in found if call is not None}

    def stats(self) -> list[Totals]:
        """Sum calls, tokens and cost by role, task, model and status."""
        query = (
            "SELECT role, task, model, status, count(*), sum(answers), sum(input_tokens), "
            "sum(output_tokens), total(cost), count(*) - count(cost), "
            "count(CASE WHEN parse_result <> 'ok' THEN 1 END) "
            "FROM calls GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        return [
            Totals(*row)
            for row in self._database.work_now(lambda: self._connection.execute(query).fetchall())
        ]

    def close(self) -> None:
        """Give up what is still claimed and close the file."""

        def leave(connection: sqlite3.Connection) -> None:
            self._write_notes()
            self._release("1 = 1", ())
            budget.give_back(connection, self._me)
            forget_demand(connection, self._me)

        self._database.close(leave)

    async def _change(self, work: Callable[[], T]) -> T:
        def change(_: sqlite3.Connection) -> T:
            self._write_notes()
            return work()

        return await self._database.work(lambda: self._database.in_transaction(change))

    async def _agree(self, work: Callable[[], T]) -> T:
        """Write what processes agree upon while they run, and which need not survive a power failure."""
        return await self._database.work(
            lambda: self._database.in_transaction(lambda _: work(), durable=False)
        )

    def _write_notes(self) -> None:
        while self._parsed:
            key, result = self._parsed.popleft()
            self._connection.execute(_NOTE, (result, key, result))

    def _find(self, key: str) -> Call | None:
        cursor = self._connection.execute("SELECT * FROM calls WHERE key = ?", (key,))
        row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip((column[0] for column in cursor.description), row, strict=True))
        values["request"] = unpack(values["request"])
        values["response"] = unpack(values["response"])
        return Call(**values)

    def _claim(
        self, question: Question, request: Mapping[str, Any], answers: int, demand: Demand | None
    ) -> Claim:
        row = self._connection.execute(
            "SELECT status, answers, owner, pid FROM calls WHERE key = ?", (question.key,)
        ).fetchone()
        if row is not None and (
            row[1] != answers or (row[0] == "started" and Owner(row[2], row[3]).is_alive)
        ):
            return Claim("taken")
        if demand is None:
            self._start(question, request)
            return Claim("ours")
        tell_demand(self._connection, demand, self._me)
        window = read_window(self._connection, demand.pool, demand.most)
        in_flight = places_taken(self._connection, demand, window, self._me)
        if in_flight is None:
            return Claim("full")
        self._start(question, request)
        return Claim("ours", window, in_flight + 1)

    def _start(self, question: Question, request: Mapping[str, Any]) -> None:
        values = {name: getattr(question, name) for name in _QUESTION_COLUMNS}
        values |= {"request": pack(request), "status": "started", "started_at": time.time()}
        values |= {"owner": self._me.name, "pid": self._me.pid, "run_id": self._run_id}
        statement = _CLAIM.format(",".join(values), ",".join(f":{name}" for name in values))
        self._connection.execute(statement, values)
        self._claimed[question.key] = request

    def _commit(self, question: Question, bought: Bought) -> Call:
        as_claimed = self._claimed.pop(question.key, None) == bought.request
        bodies = (None if as_claimed else pack(bought.request), pack(bought.response))
        about = (bought.answered_by, bought.finish_reason, bought.allowance)
        spent = (bought.input_tokens, bought.output_tokens, bought.cost, bought.seconds)
        now = time.time()
        values = (*bodies, *about, *spent, now, question.key)
        paid = self._connection.execute(_COMMIT, values).fetchone()
        if paid is None:
            # The row is gone, whoever took it away; the answer was paid for all the same.
            self._start(question, bought.request)
            paid = self._connection.execute(_COMMIT, values).fetchone()
        budget.settle(self._connection, self.budget.scope, question.key, bought.cost)
        answers, input_tokens, output_tokens, cost, seconds, started_at = paid
        return Call(
            **vars(question),
            status="done",
            answered_by=bought.answered_by,
            request=dict(bought.request),
            response=dict(bought.response),
            finish_reason=bought.finish_reason,
            refusal_kind=None,
            refusal_evidence=None,
            parse_result=None,
            answers=answers,
            allowance=bought.allowance,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost=cost,
            seconds=seconds,
            owner=self._me.name,
            pid=self._me.pid,
            run_id=self._run_id,
            started_at=started_at,
            finished_at=now,
        )

    def _release(self, condition: str, values: tuple[str, ...]) -> None:
        mine = f"status = 'started' AND owner = ? AND {condition}"
        known = (self._me.name, *values)
        self._connection.execute(f"DELETE FROM calls WHERE response IS NULL AND {mine}", known)
        self._connection.execute(f"UPDATE calls SET status='done' WHERE {mine}", known)
        for key in values:
            self._claimed.pop(key, None)
            budget.give_back(self._connection, self._me, key)
