"""The journal of model calls: what was asked and answered, raw, on disk before anything reads it.

One SQLite file for all processes. A question is known by what the model sees, so that an answer is found
again under another address, key or prompt file, and never bought twice. Does not belong here: what an answer
means, when to ask again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from gem_assets.llm.batch import batches
from gem_assets.llm.journal.calls import Asked, Bought, Call, Claim, Question, Totals
from gem_assets.llm.journal.database import Database
from gem_assets.llm.journal.rows import Answered, Refused, Rows
from gem_assets.llm.limits import rates
from gem_assets.llm.limits.places import (
    Demand,
    Room,
    change_window,
    find_room,
    forget_demand,
    read_window,
    tell_demand,
)
from gem_assets.llm.limits.rates import Take
from gem_assets.llm.money import budget
from gem_assets.llm.money.budget import Budget, Crowded, Exhausted
from gem_assets.llm.protocol import RefusalKind

T = TypeVar("T")


class Journal:
    """The calls of all processes, as one run of this process reads and writes them."""

    def __init__(self, path: Path, run_id: str, run_budget: Budget | None = None) -> None:
        """Open or create the file; raise ConfigurationError when a newer gem_assets wrote it."""
        self.path = path
        self.budget = run_budget or Budget(f"run {run_id}")
        self._database = Database(path)
        self._connection = self._database.connection
        self.me = self._database.me
        self._rows = Rows(self._connection, self.me, run_id)

    async def find(self, key: str) -> Call | None:
        """Look a question up."""
        return await self._database.read(self._rows.find, key)

    async def claim(self, asked: Sequence[Asked], demand: Demand | None = None) -> list[Claim]:
        """Write down what this process is about to send, as far as there are places for it at the model.

        A question that was answered since it was looked up is not claimed.
        """
        return await self._agree(lambda _: self._claim(asked, demand))

    async def commit(self, question: Question, bought: Bought) -> Call:
        """Write a received answer down; its price is added to what the question cost before."""
        call = await self._database.write(self._commit, Answered(question, bought))
        self._rows.forget_claim(question.key)
        return call

    async def refuse(self, key: str, kind: RefusalKind, evidence: str, asked: str, allowance: int) -> None:
        """Remember that this question has no usable answer, the model `asked` last having had its say."""
        await self._database.write(self._rows.refuse, Refused(key, kind, evidence, asked, allowance))

    async def release(self, key: str) -> None:
        """Give up a claim that led to no answer: a failure is not remembered, an earlier answer stays."""

        def release(connection: sqlite3.Connection) -> None:
            self._rows.release([key])
            budget.give_back(connection, self.me, key)

        await self.change(release)
        self._rows.forget_claim(key)

    def note_parse(self, key: str, result: str) -> None:
        """Note whether the answer could be read: written with what is written next, and before closing.

        A crash may lose it, and parsing again finds it again.
        """
        self._database.write_someday(self._rows.note, (key, result))

    async def change_window(self, pool: str, seen: int, places: float) -> None:
        """Set how many calls may be in flight, unless that was changed since version `seen`."""
        await self._agree(lambda connection: change_window(connection, pool, seen, places))

    async def reserve(self, key: str, amount: float) -> Exhausted | Crowded | None:
        """Set aside what a claimed call may cost at most; None when that is done."""
        return await self._agree(
            lambda connection: budget.reserve(connection, self.budget, key, amount, self.me)
        )

    async def take(self, takes: list[Take]) -> float:
        """Take requests and tokens from what a minute allows: 0, or the seconds to wait."""
        return await self._agree(lambda connection: rates.take(connection, takes))

    async def settle_rate(self, name: str, estimated: float, used: float) -> None:
        """Correct what was taken by what was used."""
        await self._agree(lambda connection: rates.settle(connection, name, estimated, used))

    async def change(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something durable with the tables that other modules own."""
        return await self._database.write(self._each, work)

    async def collect(self, question: Question, bought: Bought) -> None:
        """Write down an answer that came by batch, and that it is no longer waited for: both or neither."""

        def take(connection: sqlite3.Connection) -> None:
            self._rows.start(question, bought.request)
            self._commit([Answered(question, bought)])
            batches.drop_request(connection, question.key)

        await self.change(take)

    async def collect_failure(
        self,
        question: Question,
        request: Mapping[str, Any],
        kind: RefusalKind | None,
        said: str,
        allowance: int,
    ) -> None:
        """Write down a final no that came by batch; without a `kind` it was none, and is asked anew."""

        def take(connection: sqlite3.Connection) -> None:
            if kind is not None:
                self._rows.start(question, request)
                self._rows.refuse([Refused(question.key, kind, said, str(request["model"]), allowance)])
            batches.drop_request(connection, question.key)

        await self.change(take)

    def calls_by_keys(self, keys: Iterable[str]) -> dict[str, Call]:
        """Read calls, for audit; keys that are not in the journal are left out."""
        wanted = list(keys)
        found = self._database.read_now(lambda _: [self._rows.find(wanted)], None)
        return {call.key: call for call in found if call is not None}

    def stats(self) -> list[Totals]:
        """Sum calls, tokens and cost by role, task, model and status."""
        query = (
            "SELECT role, task, model, status, count(*), sum(answers), sum(input_tokens), "
            "sum(output_tokens), total(cost), count(*) - count(cost), "
            "count(CASE WHEN parse_result <> 'ok' THEN 1 END) "
            "FROM calls GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
        rows = self._database.read_now(lambda _: [self._connection.execute(query).fetchall()], None)
        return [Totals(*row) for row in rows]

    def close(self) -> None:
        """Give up what is still claimed and close the file."""

        def leave(_: object) -> list[None]:
            self._rows.release()
            budget.give_back(self._connection, self.me)
            forget_demand(self._connection, self.me)
            return [None]

        self._database.close(leave)

    def _each(self, works: Sequence[Callable[[sqlite3.Connection], T]]) -> list[T]:
        return [work(self._connection) for work in works]

    async def _agree(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write what processes agree upon while they run, and which need not survive a power failure."""
        return await self._database.write(self._each, work, durable=False)

    def _claim(self, asked: Sequence[Asked], demand: Demand | None) -> list[Claim]:
        window, room = None, Room(0, len(asked))
        if demand is not None:
            tell_demand(self._connection, demand, self.me)
            window = read_window(self._connection, demand.pool, demand.most)
            room = find_room(self._connection, demand, window, self.me)
        claims: list[Claim] = []
        in_flight, most = room.taken, room.taken + room.free
        while len(claims) < len(asked) and in_flight < most:
            some = asked[len(claims) : len(claims) + most - in_flight]
            for started in self._rows.start_if_free(some):
                in_flight += started
                claims.append(Claim("ours" if started else "taken", window, in_flight))
        return claims + [Claim("full", window)] * (len(asked) - len(claims))

    def _commit(self, answers: Sequence[Answered]) -> list[Call]:
        calls = self._rows.commit(answers)
        costs = {each.question.key: each.bought.cost or 0.0 for each in answers}
        if any(costs.values()) or self.budget.caps:
            budget.settle(self._connection, self.budget.scope, costs)
        return calls
