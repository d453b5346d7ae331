"""Read the yield report through a connection to the live tables or to the warehouse.

Does not belong here: SQL (`sql/reports/`).
"""

from collections import defaultdict

from gem_assets.reports.queries import read_rows, rows_of
from gem_assets.reports.yields.model import (
    CategoryCount,
    Example,
    GeneratorCount,
    JudgementCount,
    MeasureMeans,
    ReasonCount,
    ShardYield,
    StageYield,
    Totals,
    YieldReport,
)
from gem_assets.store.connections import Connection


def read_report(connection: Connection) -> YieldReport:
    """Read every number of the report; the connection sees the tables and named views."""
    return YieldReport(
        totals=read_rows(connection, "totals", Totals)[0],
        stages=read_rows(connection, "stage_yield", StageYield),
        reasons=_read_reasons(connection),
        measures=read_rows(connection, "measures", MeasureMeans),
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
