"""Requests and tokens a minute, waited for over all processes: buckets that fill steadily, in the journal.

Statements over the journal's connection, inside the caller's transaction. Does not belong here: places.
"""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

# A tenth of a minute's allowance may go at once and nine tenths flow in: no minute sees more than all of it.
BURST = 0.1


@dataclass(frozen=True)
class Take:
    """So much to be taken out of a bucket that allows `per_minute`."""

    name: str
    per_minute: float
    amount: float


def take(connection: sqlite3.Connection, takes: Sequence[Take], now: float | None = None) -> float:
    """Take from every bucket, or from none: returns 0, or the seconds until it is worth trying again.

    More than a bucket ever holds is taken when it is full, and owed.
    """
    moment = time.time() if now is None else now
    levels = [_level(connection, wanted, moment) for wanted in takes]
    waits = [_wait(wanted, level) for wanted, level in zip(takes, levels, strict=True)]
    if any(waits):
        return max(waits)
    for wanted, level in zip(takes, levels, strict=True):
        _set(connection, wanted.name, level - wanted.amount, moment)
    return 0.0


def settle(connection: sqlite3.Connection, name: str, estimated: float, used: float) -> None:
    """Correct a bucket by what a request really used."""
    connection.execute("UPDATE rates SET level = level + ? WHERE name = ?", (estimated - used, name))


def _holds(wanted: Take) -> float:
    return max(1.0, wanted.per_minute * BURST)


def _flow(wanted: Take) -> float:
    return wanted.per_minute * (1 - BURST) / 60


def _level(connection: sqlite3.Connection, wanted: Take, now: float) -> float:
    row = connection.execute("SELECT level, at FROM rates WHERE name = ?", (wanted.name,)).fetchone()
    if row is None:
        return _holds(wanted)
    return min(_holds(wanted), row[0] + max(0.0, now - row[1]) * _flow(wanted))


def _wait(wanted: Take, level: float) -> float:
    missing = min(wanted.amount, _holds(wanted)) - level
    return missing / _flow(wanted) if missing > 1e-9 else 0.0


def _set(connection: sqlite3.Connection, name: str, level: float, now: float) -> None:
    connection.execute(
        "INSERT INTO rates VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE "
        "SET level = excluded.level, at = excluded.at",
        (name, level, now),
    )
