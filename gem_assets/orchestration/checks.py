"""The SQL checks as Dagster asset checks: one SELECT each, and any row it returns is a failure."""

from collections.abc import Iterator

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.orchestration.resources import Workplace, connected
from gem_assets.orchestration.tables import warehouse
from gem_assets.store.connections import attach_live
from gem_assets.store.sql_files import read_sql, sql_names

SHOWN = 20

# Rows on a stale shard stand on parents that are gone; that is worth a look, not an alarm.
_WARNINGS = ("orphans",)


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(name, asset=warehouse, description=read_sql("checks", name).split("\n\n")[0])
        for name in sql_names("checks")
    ]
)
def table_checks(
    database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.AssetCheckResult]:
    """Run every file of sql/checks over the tables as they are now."""
    with connected(database) as connection:
        attach_live(connection, workplace.home)
        for name in sql_names("checks"):
            found = connection.execute(read_sql("checks", name))
            columns = [column[0] for column in found.description or []]
            rows = found.fetchall()
            shown = "\n".join(
                ", ".join(f"{column}={value}" for column, value in zip(columns, row, strict=True))
                for row in rows[:SHOWN]
            )
            yield dg.AssetCheckResult(
                check_name=name,
                asset_key=warehouse.key,
                passed=not rows,
                severity=dg.AssetCheckSeverity.WARN if name in _WARNINGS else dg.AssetCheckSeverity.ERROR,
                metadata={"rows": len(rows), "first": dg.MetadataValue.md(f"```\n{shown}\n```")},
            )
