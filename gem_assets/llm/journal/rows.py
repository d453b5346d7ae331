"""The rows of `calls`: looked up, started, answered, refused, several at a time, one statement for all.

Statements over the journal's connection, inside the caller's transaction. Does not belong here: transactions
(`groups.py`), what else is written along with a row (`journal.py`).
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gem_assets.llm.journal.calls import Asked, Bought, Call, Question
from gem_assets.llm.journal.database import Owner
from gem_assets.llm.journal.packing import pack, unpack
from gem_assets.llm.protocol import RefusalKind

T = TypeVar("T")
# SQLite takes 32766 values in a statement.
MOST_ROWS = 500
_QUESTION = ("key", "task", "role", "prompt_version", "model", "base_url", "sample")
_STARTED = (*_QUESTION, "answers", "request", "started_at", "owner", "pid", "run_id", "status")
_START = (
    "INSERT INTO calls ({columns}) VALUES {rows} ON CONFLICT (key) DO UPDATE SET status='started', "
    "owner=excluded.owner, pid=excluded.pid, run_id=excluded.run_id, base_url=excluded.base_url, "
    "started_at=excluded.started_at, refusal_kind=NULL, refusal_evidence=NULL{condition}"
)
_AS_SEEN = " WHERE calls.answers = excluded.answers AND calls.status <> 'started'"
_ANSWERED = (
    "request", "response", "answered_by", "finish_reason", "allowance",
    "input_tokens", "output_tokens", "cost", "seconds", "finished_at",
)  # fmt: skip
_COMMIT = (
    "UPDATE calls SET status='done', "
    "request=coalesce(new.request, calls.request), response=new.response, answered_by=new.answered_by, "
    "finish_reason=new.finish_reason, allowance=new.allowance, answers=calls.answers+1, "
    "input_tokens=calls.input_tokens+new.input_tokens, output_tokens=calls.output_tokens+new.output_tokens, "
    "cost=calls.cost+new.cost, seconds=calls.seconds+new.seconds, finished_at=new.finished_at, "
    "parse_result=NULL, refusal_kind=NULL, refusal_evidence=NULL "
    "FROM (WITH given (key, {columns}) AS (VALUES {rows}) SELECT * FROM given) AS new "
    "WHERE calls.key = new.key"
)
_NOTE = "UPDATE calls SET parse_result=? WHERE key=? AND parse_result IS NOT ?"
_REFUSE = (
    "UPDATE calls SET status='refused', refusal_kind=?, refusal_evidence=?, answered_by=?, allowance=?, "
    "finished_at=? WHERE key=?"
)


@dataclass(frozen=True)
class Answered:
    """An answer to the question that was asked."""

    question: Question
    bought: Bought


@dataclass(frozen=True)
class Refused:
    """A question that has no usable answer, the model `asked` last having had its say."""

    key: str
    kind: RefusalKind
    evidence: str
    asked: str
    allowance: int


@dataclass(frozen=True)
class _Claimed:
    asked: Asked
    started_at: float


class Rows:
    """The rows, as one process writes them."""

    def __init__(self, connection: sqlite3.Connection, me: Owner, run_id: str) -> None:
        self._connection = connection
        self._me = me
        self._run_id = run_id
        self._claimed: dict[str, _Claimed] = {}

    def find(self, keys: Sequence[str]) -> list[Call | None]:
        """Look questions up."""
        by_key: dict[str, Call] = {}
        for some in _portions(keys):
            cursor = self._connection.execute(
                f"SELECT * FROM calls WHERE key IN ({', '.join('?' * len(some))})", some
            )
            names = [column[0] for column in cursor.description]
            found = [_read_call(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
            by_key |= {call.key: call for call in found}
        return [by_key.get(key) for key in keys]

    def start_if_free(self, asked: Sequence[Asked]) -> list[bool]:
        """Claim questions, but for those answered since they were looked up or in another's hands."""
        now, started = time.time(), list[bool]()
        for some in _portions(asked):
            if self._start(some, now, _AS_SEEN) == len(some):
                started += [True] * len(some)
            else:
                started += [self._is_started(one, now) or self._take_over(one, now) for one in some]
        ours = (one for one, is_ours in zip(asked, started, strict=True) if is_ours)
        self._claimed |= {one.question.key: _Claimed(one, now) for one in ours}
        return started

    def start(self, question: Question, request: Mapping[str, Any]) -> None:
        """Claim a question, whoever has it."""
        self._start([Asked(question, request)], time.time())

    def commit(self, answers: Sequence[Answered]) -> list[Call]:
        """Write received answers down; their price is added to what a question cost before."""
        now = time.time()
        for some in _portions(answers):
            if self._commit(some, now) < len(some):
                self._commit(self._start_what_is_gone(some), now)
        claimed = [self._claimed.get(each.question.key) for each in answers]
        if None in claimed:
            return [call for call in self.find([each.question.key for each in answers]) if call]
        return [self._call(each, claim, now) for each, claim in zip(answers, claimed, strict=True) if claim]

    def note(self, notes: Sequence[tuple[str, str]]) -> list[None]:
        """Note of keys whether their answers could be read."""
        self._connection.executemany(_NOTE, [(result, key, result) for key, result in notes])
        return [None] * len(notes)

    def refuse(self, refusals: Sequence[Refused]) -> list[None]:
        """Remember the final no to questions."""
        now = time.time()
        rows = [(each.kind, each.evidence, each.asked, each.allowance, now, each.key) for each in refusals]
        self._connection.executemany(_REFUSE, rows)
        return [None] * len(refusals)

    def release(self, keys: Iterable[str] | None = None) -> None:
        """Give up claims that led to no answer, or all of this process; an earlier answer stays."""
        known = [None] if keys is None else list(keys)
        mine = "status = 'started' AND owner = ? AND (? IS NULL OR key = ?)"
        for key in known:
            values = (self._me.name, key, key)
            self._connection.execute(f"DELETE FROM calls WHERE response IS NULL AND {mine}", values)
            self._connection.execute(f"UPDATE calls SET status='done' WHERE {mine}", values)

    def forget_claim(self, key: str) -> None:
        """Say that a claim has come to its end."""
        self._claimed.pop(key, None)

    def _start(self, asked: Sequence[Asked], now: float, condition: str = "") -> int:
        ours = (now, self._me.name, self._me.pid, self._run_id, "started")
        values: list[Any] = []
        for one in asked:
            about = (getattr(one.question, name) for name in _QUESTION)
            values += (*about, one.answers, pack(one.request), *ours)
        rows = _rows(len(asked), len(_STARTED))
        statement = _START.format(columns=", ".join(_STARTED), rows=rows, condition=condition)
        return self._connection.execute(statement, values).rowcount

    def _is_started(self, asked: Asked, now: float) -> bool:
        mine = (asked.question.key, self._me.name, now)
        query = "SELECT 1 FROM calls WHERE key=? AND status='started' AND owner=? AND started_at=?"
        return self._connection.execute(query, mine).fetchone() is not None

    def _take_over(self, asked: Asked, now: float) -> bool:
        """Claim what a process left behind that has ended since."""
        status, answers, owner, pid = self._connection.execute(
            "SELECT status, answers, owner, pid FROM calls WHERE key = ?", (asked.question.key,)
        ).fetchone()
        is_left = status == "started" and answers == asked.answers and not Owner(owner, pid).is_alive
        return is_left and self._start([asked], now) == 1

    def _commit(self, answers: Sequence[Answered], now: float) -> int:
        values: list[Any] = []
        for each in answers:
            bought, claim = each.bought, self._claimed.get(each.question.key)
            as_claimed = claim is not None and claim.asked.request == bought.request
            bodies = (None if as_claimed else pack(bought.request), pack(bought.response))
            about = (bought.answered_by, bought.finish_reason, bought.allowance)
            spent = (bought.input_tokens, bought.output_tokens, bought.cost, bought.seconds)
            values += (each.question.key, *bodies, *about, *spent, now)
        rows = _rows(len(answers), len(_ANSWERED) + 1)
        statement = _COMMIT.format(columns=", ".join(_ANSWERED), rows=rows)
        return self._connection.execute(statement, values).rowcount

    def _start_what_is_gone(self, answers: Sequence[Answered]) -> list[Answered]:
        """Start rows anew that somebody took away; the answers were paid for all the same."""
        there = self.find([each.question.key for each in answers])
        gone = [each for each, call in zip(answers, there, strict=True) if call is None]
        for each in gone:
            self.start(each.question, each.bought.request)
        return gone

    def _call(self, answered: Answered, claimed: _Claimed, now: float) -> Call:
        bought, before = answered.bought, claimed.asked.before
        cost = 0.0 if before is None else before.cost
        return Call(
            **vars(answered.question),
            status="done",
            answered_by=bought.answered_by,
            request=dict(bought.request),
            response=dict(bought.response),
            finish_reason=bought.finish_reason,
            refusal_kind=None,
            refusal_evidence=None,
            parse_result=None,
            answers=claimed.asked.answers + 1,
            allowance=bought.allowance,
            input_tokens=bought.input_tokens + (before.input_tokens if before else 0),
            output_tokens=bought.output_tokens + (before.output_tokens if before else 0),
            cost=None if cost is None or bought.cost is None else cost + bought.cost,
            seconds=bought.seconds + (before.seconds if before else 0.0),
            owner=self._me.name,
            pid=self._me.pid,
            run_id=self._run_id,
            started_at=claimed.started_at,
            finished_at=now,
        )


def _portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[first : first + MOST_ROWS] for first in range(0, len(items), MOST_ROWS))


def _rows(rows: int, columns: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)


def _read_call(values: dict[str, Any]) -> Call:
    values["request"] = unpack(values["request"])
    values["response"] = unpack(values["response"])
    return Call(**values)
