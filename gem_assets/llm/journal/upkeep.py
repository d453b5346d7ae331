"""Looking after a journal from outside a run: is it whole, what is in it, take it along, forget a part.

Does not belong here: printing, and reading it as a table (`gem_assets/store/calls.py`).
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.llm.journal.database import Owner
from gem_assets.llm.journal.packing import unpack

# What may be shown of a call: everything but the columns by which processes tell one another apart.
_HIDDEN = frozenset(("owner", "pid"))


@dataclass(frozen=True)
class Examination:
    """What `verify` found. `abandoned` calls were under way when their process died, and may be charged."""

    calls: int
    by_status: dict[str, int]
    under_way: int
    abandoned: int
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Which:
    """The calls that are meant; what is None does not matter."""

    keys: tuple[str, ...] = ()
    task: str | None = None
    run_id: str | None = None
    unreadable: bool = False
    """Only those whose answer could not be parsed."""

    @property
    def condition(self) -> tuple[str, list[Any]]:
        """The SQL that picks them, with its values."""
        parts: list[tuple[str, list[Any]]] = [("status <> 'started'", [])]
        if self.keys:
            parts.append((f"key IN ({', '.join('?' * len(self.keys))})", list(self.keys)))
        if self.task is not None:
            parts.append(("task = ?", [self.task]))
        if self.run_id is not None:
            parts.append(("run_id = ?", [self.run_id]))
        if self.unreadable:
            parts.append(("parse_result <> 'ok'", []))
        return " AND ".join(text for text, _ in parts), [value for _, values in parts for value in values]


@dataclass(frozen=True)
class Share:
    """How many calls, and what they cost."""

    calls: int
    cost: float
    unknown_cost: int


def verify(journal: Path) -> Examination:
    """Check the file and read every body in it."""
    with closing(_open(journal)) as connection:
        problems = [
            f"the file is damaged: {said}"
            for (said,) in connection.execute("PRAGMA integrity_check")
            if said != "ok"
        ]
        statuses: Counter[str] = Counter()
        owners: Counter[Owner] = Counter()
        for key, status, request, response, owner, pid in connection.execute(
            "SELECT key, status, request, response, owner, pid FROM calls"
        ):
            statuses[status] += 1
            problems += _unreadable_bodies(key, request, response)
            if status == "started":
                owners[Owner(owner, pid)] += 1
    abandoned = sum(count for owner, count in owners.items() if not owner.is_alive)
    return Examination(
        calls=statuses.total(),
        by_status=dict(statuses),
        under_way=owners.total() - abandoned,
        abandoned=abandoned,
        problems=tuple(problems),
    )


def export(journal: Path, which: Which) -> Iterator[dict[str, Any]]:
    """Give whole calls, with what was asked and answered."""
    condition, values = which.condition
    with closing(_open(journal)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute(f"SELECT * FROM calls WHERE {condition} ORDER BY started_at", values):
            call = {name: row[name] for name in row.keys() if name not in _HIDDEN}  # noqa: SIM118 - of sqlite
            yield call | {"request": unpack(row["request"]), "response": unpack(row["response"])}


def share_of(journal: Path, which: Which) -> Share:
    """Count what is meant."""
    condition, values = which.condition
    with closing(_open(journal)) as connection:
        row = connection.execute(
            f"SELECT count(*), total(cost), count(*) - count(cost) FROM calls WHERE {condition}", values
        ).fetchone()
    return Share(*row)


def forget(journal: Path, which: Which) -> int:
    """Take calls out of the journal, so that they are bought anew when they are needed; returns how many.

    What they cost stays counted against GEM_MAX_COST.
    """
    condition, values = which.condition
    with closing(sqlite3.connect(journal, timeout=60, isolation_level=None)) as connection:
        return connection.execute(f"DELETE FROM calls WHERE {condition}", values).rowcount


def spent_for_good(journal: Path) -> float:
    """Give everything that was ever spent, calls that were forgotten included."""
    with closing(_open(journal)) as connection:
        row = connection.execute("SELECT total(cost) FROM spent WHERE scope = 'all'").fetchone()
    return row[0]


def _unreadable_bodies(key: str, request: bytes, response: bytes | None) -> list[str]:
    problems: list[str] = []
    for name, body in (("request", request), ("response", response)):
        try:
            unpack(body)
        except Exception as error:  # zlib's, or json's, or that of the encoding
            problems.append(f"the {name} of call {key} cannot be read ({error}): `gem journal forget {key}`")
    return problems


def _open(journal: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True, timeout=60)


def as_line(call: dict[str, Any]) -> str:
    """Write a call as a line of JSON."""
    return json.dumps(call, ensure_ascii=True)
