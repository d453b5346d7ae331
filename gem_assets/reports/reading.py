"""Read the yield report through a connection to the live tables or to the warehouse.

Does not belong here: SQL (`sql/reports/`).
"""

from collections import defaultdict
from typing import Any, TypeVar

from gem_assets.reports.model import (
    CategoryCount,
    Example,
    Gain,
    GeneratorCount,
    JudgementCount,
    ReasonCount,
    ShardYield,
    StageYield,
    Totals,
    YieldReport,
)
from gem_assets.store.connections import Connection
from gem_assets.store.sql_files import read_sql

T = TypeVar("T")


def read_report(connection: Connection) -> YieldReport:
    """Read every number of the report; the connection sees the tables and named views."""
    return YieldReport(
        totals=read_rows(connection, "totals", Totals)[0],
        stages=read_rows(connection, "stage_yield", StageYield),
        reasons=_read_reasons(connection),
        refinement=read_rows(connection, "refinement", Gain),
        shards=read_rows(connection, "shard_yield", ShardYield),
        categories=read_rows(connection, "categories", CategoryCount),
        generators=read_rows(connection, "generators", GeneratorCount),
        judgements=read_rows(connection, "judgements", JudgementCount),
    )


def _read_reasons(connection: Connection) -> tuple[ReasonCount, ...]:
    examples: dict[tuple[str, str, str], list[Example]] = defaultdict(list)
    for row in rows_of(connection, "rejection_examples"):
        key = (row.pop("asset"), row.pop("pile"), row.pop("reason"))
        examples[key].append(Example(**row))
    return tuple(
        ReasonCount(**row, examples=tuple(examples[row["asset"], row["pile"], row["reason"]]))
        for row in rows_of(connection, "rejection_reasons")
    )


def read_rows(connection: Connection, report: str, kind: type[T]) -> tuple[T, ...]:
    """Read a query of `sql/reports/` as values of a dataclass that has its columns."""
    return tuple(kind(**row) for row in rows_of(connection, report))


def rows_of(connection: Connection, report: str) -> list[dict[str, Any]]:
    """Read a query of `sql/reports/` as mappings from column to value; a list becomes a tuple."""
    found = connection.execute(read_sql("reports", report))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, map(_frozen, values), strict=True)) for values in found.fetchall()]


def _frozen(value: Any) -> Any:  # noqa: ANN401 - any value of a column
    return tuple(value) if isinstance(value, list) else value
