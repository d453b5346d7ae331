"""Batches in the journal: requests that wait, batches under way, answers that came. Survives kill -9.

A request is noted before anything is sent, a batch before it is submitted, and the provider is told the
batch's name, so that one whose acceptance was not noted is found again. Statements over the journal's
connection, inside the caller's transaction. Does not belong here: the provider (`batching.py`).
"""

import sqlite3
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gem_assets.llm.journal.calls import Question
from gem_assets.llm.journal.database import Owner
from gem_assets.llm.journal.packing import pack, unpack
from gem_assets.llm.money import budget
from gem_assets.llm.money.budget import Budget
from gem_assets.llm.protocol import StopRunError

# What a batch may cost is set aside in nobody's name: it outlives the process that submitted it.
NOBODY = Owner("batch", 0)


@dataclass(frozen=True)
class Waiting:
    """A request of a batch, or on its way into one; `amount` US dollars is the most it may cost."""

    question: Question
    request: Mapping[str, Any]
    allowance: int
    amount: float = 0.0

    @property
    def model(self) -> str:
        """The model that is asked: the role's, or its fallback."""
        return str(self.request["model"])


@dataclass(frozen=True)
class Batch:
    """A batch as the journal knows it; without a provider's id it is not known to have been accepted."""

    name: str
    provider_id: str | None
    owner: Owner


def note_request(connection: sqlite3.Connection, waiting: Waiting) -> str | None:
    """Note a request that has to go into a batch; returns the batch it is in already."""
    body = {"question": vars(waiting.question), "amount": waiting.amount}
    connection.execute(
        "INSERT OR IGNORE INTO batch_requests VALUES (?, NULL, ?, ?, ?)",
        (waiting.question.key, pack(body), pack(waiting.request), waiting.allowance),
    )
    row = connection.execute(
        "SELECT batch FROM batch_requests WHERE key = ?", (waiting.question.key,)
    ).fetchone()
    return row[0]


def begin_batch(
    connection: sqlite3.Connection, role: str, pool: str, keys: Sequence[str], caps: Budget, me: Owner
) -> tuple[str, list[Waiting]] | None:
    """Gather what waits into a batch, its price set aside; None where another process has gathered it.

    Raises:
        StopRunError: the budget does not allow it; everything goes on waiting.
    """
    gathered = [
        waiting for key in keys for waiting in _requests(connection, "key = ? AND batch IS NULL", key)
    ]
    if not gathered:
        return None
    for waiting in gathered:
        refused = budget.reserve(connection, caps, waiting.question.key, waiting.amount, NOBODY)
        if refused is not None:
            most = sum(each.amount for each in gathered)
            limits = " and ".join(f"{cap.variable}={cap.most:g}" for cap in caps.caps)
            raise StopRunError(
                f"the batch was not submitted: its {len(gathered)} requests may cost ${most:.4f}, which "
                f"{limits} no longer leaves: raise it, or lower the role's MAX_TOKENS"
            )
    name = f"gem-{uuid.uuid4().hex[:16]}"
    values = (name, role, pool, time.time(), me.name, me.pid)
    connection.execute("INSERT INTO batches VALUES (?, ?, ?, NULL, 'submitting', NULL, ?, ?, ?)", values)
    keyed = [(name, waiting.question.key) for waiting in gathered]
    connection.executemany("UPDATE batch_requests SET batch = ? WHERE key = ?", keyed)
    return name, gathered


def note_submitted(connection: sqlite3.Connection, name: str, provider_id: str) -> None:
    """Note that the provider has accepted a batch."""
    connection.execute(
        "UPDATE batches SET status = 'submitted', provider_id = ? WHERE name = ?", (provider_id, name)
    )


def end_batch(connection: sqlite3.Connection, name: str, problem: str | None) -> None:
    """Close a batch; what it did not answer is asked for anew when it is needed."""
    for waiting in _requests(connection, "batch = ?", name):
        drop_request(connection, waiting.question.key)
    status = "failed" if problem else "collected"
    connection.execute("UPDATE batches SET status = ?, problem = ? WHERE name = ?", (status, problem, name))


def drop_request(connection: sqlite3.Connection, key: str) -> None:
    """Take a request out, and what was set aside for it."""
    connection.execute("DELETE FROM batch_requests WHERE key = ?", (key,))
    budget.give_back(connection, NOBODY, key)


def find_request(connection: sqlite3.Connection, name: str, key: str) -> Waiting | None:
    """Find a request of a batch that was not answered so far."""
    return next(iter(_requests(connection, "batch = ? AND key = ?", name, key)), None)


def open_batches(connection: sqlite3.Connection, pool: str) -> list[Batch]:
    """List the batches of a pool that are not closed."""
    rows = connection.execute(
        "SELECT name, provider_id, owner, pid FROM batches WHERE pool = ? "
        "AND status IN ('submitting', 'submitted') ORDER BY created_at",
        (pool,),
    )
    return [Batch(name, provider_id, Owner(owner, pid)) for name, provider_id, owner, pid in rows]


def _requests(connection: sqlite3.Connection, condition: str, *values: str) -> list[Waiting]:
    rows = connection.execute(
        f"SELECT question, request, allowance FROM batch_requests WHERE {condition}", values
    ).fetchall()
    return [_read(*row) for row in rows]


def _read(question: bytes, request: bytes, allowance: int) -> Waiting:
    body = unpack(question) or {}
    return Waiting(Question(**body["question"]), unpack(request) or {}, allowance, body["amount"])
