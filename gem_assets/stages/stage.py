"""What a stage is: a function from one record to one outcome, and the one declaration of all else.

Assets, tables, code versions, ledger, staleness, cost, audit, report and viewer are derived from it. A way is
a chain of stages. Does not belong here: which stages and ways there are (`catalog.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from gem_assets.llm.roles import Role
from gem_assets.llm.sampling import OTHER_SAMPLING, Sampling
from gem_assets.records.base import Record
from gem_assets.records.outcome import Outcome, Reason
from gem_assets.settings import Settings

Run = Callable[[Any, Any, Settings], Awaitable[Outcome[Any]]]
"""`async def stage(record, llm, settings) -> Outcome[...]`; `llm` is None for a stage that asks no model."""

Authorship = Literal["reads", "writes", "rewrites", "judges"]
"""What a stage does to a record: reads it from the corpus; writes a new one, whose generator is its own;
rewrites it, so that the first writer stays the generator; or judges it and changes no word."""

RAW_ROWS = "raw_rows"
"""What the first stage of every way reads."""


@dataclass(frozen=True)
class Measure:
    """A number of every kept record, shown as means wherever a stage is shown.

    `column` names the typed column that holds it, `before` the one that holds it as it was before the stage.
    """

    name: str
    column: str
    before: str | None = None


@dataclass(frozen=True)
class Stage:
    """Everything the system must know of a stage.

    The DDL of its own columns is `sql/outcomes/ASSET.sql`; the columns all stages share are added to it.
    """

    asset: str
    title: str
    """One word for narrow places."""
    description: str
    """One sentence, shown in Dagster."""
    takes: type[Record]
    gives: type[Record]
    run: Run
    columns: Callable[[Any], dict[str, Any]]
    """Gives the own columns of a record of type `gives`."""
    prefix: str
    """Its reasons begin with it: `filter` for `filter_not_multi_step`."""
    authorship: Authorship
    other_prefixes: tuple[str, ...] = ()
    """Further beginnings of reasons it may give."""
    reasons: type[StrEnum] = Reason
    """The enum of its reasons; with a role, `PREFIX_refused`, `_too_long` … must be among them."""
    role: Role | None = None
    prompts: tuple[str, ...] = ()
    sampling: Sampling = OTHER_SAMPLING
    settings: tuple[str, ...] = ()
    """Fields of `Settings` that change what it gives; a change of others makes nothing stale."""
    measures: tuple[Measure, ...] = ()

    @property
    def table(self) -> str:
        """The table of its outcomes."""
        return f"{self.asset}_outcomes"

    def settings_read(self, settings: Settings) -> Mapping[str, object]:
        """Give the values it reads, by name, as JSON values."""
        return {name: settings.model_dump(mode="json", include={name})[name] for name in self.settings}


@dataclass(frozen=True)
class Way:
    """A chain of stages from raw rows to a result; each reads what the one before it keeps."""

    name: str
    description: str
    group: str
    """Dagster's group of the assets that no earlier way has."""
    stages: tuple[Stage, ...]

    @property
    def result(self) -> Stage:
        """The stage whose kept records the way is for."""
        return self.stages[-1]
