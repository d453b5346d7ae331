"""Places at a model, shared by all processes: how many calls may be in flight, and whose turn it is.

A row of `calls` that is started is a place taken; a process that was killed holds none. Statements over the
journal's connection, inside the caller's transaction. Does not belong here: how many places are good
(`crowding.py`).
"""

import sqlite3
import time
from dataclasses import dataclass

from gem_assets.llm.journal.database import Owner

# Enough that few hundred calls do not wait for the climb, few enough for a small server to queue.
FIRST_PLACES = 32
# What was learnt of a server before a pause of so many seconds is not trusted.
FRESH_SECONDS = 600


@dataclass(frozen=True)
class Window:
    """How many calls may be in flight at a model; `version` counts the changes."""

    places: float
    version: int


@dataclass(frozen=True)
class Demand:
    """What one process wants of a model: `most` places for all processes, and its own calls at hand."""

    pool: str
    model: str
    base_url: str | None
    most: int
    wants: int


@dataclass(frozen=True)
class Room:
    """How many calls are in flight at a model, and how many more one process may send."""

    taken: int
    free: int


def read_window(connection: sqlite3.Connection, pool: str, most: int) -> Window:
    """Read the window of a pool; a new or old one starts small."""
    row = connection.execute(
        "SELECT places, version, changed_at FROM windows WHERE pool = ?", (pool,)
    ).fetchone()
    if row is None:
        return Window(min(most, FIRST_PLACES), 0)
    if time.time() - row[2] > FRESH_SECONDS:
        return Window(min(most, max(row[0], FIRST_PLACES)), row[1])
    return Window(min(most, row[0]), row[1])


def change_window(connection: sqlite3.Connection, pool: str, seen: int, places: float) -> None:
    """Set the window, unless another process has changed it since version `seen` was read."""
    connection.execute(
        "INSERT INTO windows VALUES (:pool, :places, :seen + 1, :now) ON CONFLICT (pool) DO UPDATE "
        "SET places = :places, version = :seen + 1, changed_at = :now WHERE version = :seen",
        {"pool": pool, "places": places, "seen": seen, "now": time.time()},
    )


def find_room(connection: sqlite3.Connection, demand: Demand, window: Window, me: Owner) -> Room:
    """Count the calls in flight and those that this process may add, leaving others what is theirs."""
    held = _held(connection, demand)
    mine = held.pop(me, 0)
    taken = mine + sum(held.values())
    limit = max(1, int(window.places))
    if taken >= limit:
        return Room(taken, 0)
    others = _others(connection, demand.pool, me)
    share = max(1, limit // (len(others) + 1))
    owed = sum(max(0, min(wants, share) - held.get(owner, 0)) for owner, wants in others.items())
    return Room(taken, max(0, min(limit - taken, max(share - mine, limit - owed - taken))))


def tell_demand(connection: sqlite3.Connection, demand: Demand, me: Owner) -> None:
    """Let the other processes know how many calls this one has at hand."""
    connection.execute(
        "INSERT INTO demand VALUES (:pool, :owner, :pid, :wants) ON CONFLICT (pool, owner) DO UPDATE "
        "SET wants = :wants WHERE wants <> :wants",
        {"pool": demand.pool, "owner": me.name, "pid": me.pid, "wants": demand.wants},
    )


def forget_demand(connection: sqlite3.Connection, me: Owner) -> None:
    """Take back what this process wanted."""
    connection.execute("DELETE FROM demand WHERE owner = ?", (me.name,))


def _held(connection: sqlite3.Connection, demand: Demand) -> dict[Owner, int]:
    rows = connection.execute(
        "SELECT owner, pid, count(*) FROM calls WHERE status = 'started' AND model = ? AND base_url IS ? "
        "GROUP BY owner, pid",
        (demand.model, demand.base_url),
    )
    held = {Owner(name, pid): count for name, pid, count in rows}
    return {owner: count for owner, count in held.items() if owner.is_alive}


def _others(connection: sqlite3.Connection, pool: str, me: Owner) -> dict[Owner, int]:
    rows = connection.execute("SELECT owner, pid, wants FROM demand WHERE pool = ?", (pool,)).fetchall()
    wants = {Owner(name, pid): count for name, pid, count in rows}
    wants.pop(me, None)
    for owner in [owner for owner in wants if not owner.is_alive]:
        forget_demand(connection, owner)
        del wants[owner]
    return {owner: count for owner, count in wants.items() if count}
