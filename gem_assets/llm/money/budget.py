"""Money: what may be spent, what a call may cost at most, and reservations that keep processes within it.

Reserved before a call is sent, settled when its answer is written down. Statements over the journal's
connection, inside the caller's transaction. Does not belong here: prices (`prices.py`).
"""

import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from gem_assets.llm.journal.database import Owner
from gem_assets.llm.roles import ConfigurationError

ALL = "all"
MAX_COST = "GEM_MAX_COST"
RUN_BUDGET = "GEM_RUN_BUDGET"
RUN_BUDGET_SCOPE = "GEM_RUN_BUDGET_SCOPE"


@dataclass(frozen=True)
class Cap:
    """A hard stop: no more than `most` US dollars within a scope; `variable` set it."""

    scope: str
    most: float
    variable: str


@dataclass(frozen=True)
class Budget:
    """The caps that hold for a run. `scope` is what the run's spending is counted under beside `all`."""

    scope: str
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True)
class Exhausted:
    """A call that no longer fits, with the arithmetic."""

    sentence: str


@dataclass(frozen=True)
class Crowded:
    """A call that may fit once others are settled."""


@dataclass(frozen=True)
class Caps:
    """What may be spent, in US dollars; None is no cap."""

    total: float | None = None
    """Over everything the journal holds."""
    run: float | None = None
    scope: str | None = None
    """What a run's spending is counted under, where several processes share its budget."""

    def budget(self, run_id: str) -> Budget:
        """Say what one run may spend."""
        scope = self.scope or f"run {run_id}"
        caps = ((ALL, self.total, MAX_COST), (scope, self.run, RUN_BUDGET))
        return Budget(
            scope, tuple(Cap(name, most, variable) for name, most, variable in caps if most is not None)
        )


def read_caps(environment: Mapping[str, str]) -> Caps:
    """Read GEM_MAX_COST, GEM_RUN_BUDGET and GEM_RUN_BUDGET_SCOPE.

    Raises:
        ConfigurationError: a cap is no number of dollars.
    """
    given = {variable: environment.get(variable, "").strip() for variable in (MAX_COST, RUN_BUDGET)}
    total, run = (_dollars(variable, value) if value else None for variable, value in given.items())
    return Caps(total, run, environment.get(RUN_BUDGET_SCOPE, "").strip() or None)


def run_budget_variables(dollars: float | None) -> dict[str, str]:
    """Write the variables that make one budget hold for all processes of a run that begins now."""
    given = {} if dollars is None else {RUN_BUDGET: str(dollars)}
    return {**given, RUN_BUDGET_SCOPE: f"run {uuid.uuid4().hex[:12]}"}


def _dollars(variable: str, value: str) -> float:
    try:
        dollars = float(value)
    except ValueError:
        dollars = -1.0
    if not 0 <= dollars < float("inf"):
        raise ConfigurationError(f"{variable}={value} is no amount: write US dollars, like 12.50")
    return dollars


def reserve(
    connection: sqlite3.Connection, budget: Budget, key: str, amount: float, me: Owner
) -> Exhausted | Crowded | None:
    """Set aside what a call may cost at most; None when it is reserved."""
    _drop_dead(connection)
    for cap in budget.caps:
        spent, reserved = _spent(connection, cap.scope), _reserved(connection, cap.scope, key)
        if spent + amount > cap.most:
            return Exhausted(
                f"the budget is used up: ${spent:.4f} spent + up to ${amount:.4f} for the next call > "
                f"{cap.variable}={cap.most:g}; what was bought is kept: raise {cap.variable}, or lower the "
                "role's MAX_TOKENS, which sets what a call may cost, and run this again"
            )
        if spent + reserved + amount > cap.most:
            return Crowded()
    connection.execute(
        "INSERT OR REPLACE INTO reservations VALUES (?, ?, ?, ?, ?)",
        (key, budget.scope, amount, me.name, me.pid),
    )
    return None


def settle(connection: sqlite3.Connection, scope: str, costs: Mapping[str, float]) -> None:
    """Count what calls cost, by key, and set nothing aside for them any more."""
    connection.executemany("DELETE FROM reservations WHERE key = ?", [(key,) for key in costs])
    cost = sum(costs.values())
    connection.execute(
        "INSERT INTO spent VALUES (?, ?), (?, ?) ON CONFLICT (scope) DO UPDATE "
        "SET cost = cost + excluded.cost",
        (ALL, cost, scope, cost),
    )


def give_back(connection: sqlite3.Connection, me: Owner, key: str | None = None) -> None:
    """Drop the reservation of a call that bought nothing, or all of this process."""
    connection.execute(
        "DELETE FROM reservations WHERE owner = ? AND (? IS NULL OR key = ?)", (me.name, key, key)
    )


def _spent(connection: sqlite3.Connection, scope: str) -> float:
    row = connection.execute("SELECT cost FROM spent WHERE scope = ?", (scope,)).fetchone()
    return row[0] if row else 0.0


def _reserved(connection: sqlite3.Connection, scope: str, key: str) -> float:
    row = connection.execute(
        "SELECT total(amount) FROM reservations WHERE (?1 = 'all' OR scope = ?1) AND key <> ?2", (scope, key)
    ).fetchone()
    return row[0]


def _drop_dead(connection: sqlite3.Connection) -> None:
    owners = connection.execute("SELECT DISTINCT owner, pid FROM reservations WHERE pid > 0").fetchall()
    for owner in (Owner(name, pid) for name, pid in owners):
        if not owner.is_alive:
            give_back(connection, owner)
