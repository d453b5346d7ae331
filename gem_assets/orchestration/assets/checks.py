"""Asset checks: the SQL checks over all tables, and whether each stage is up to date.

A SQL check is one SELECT, and any row it returns is a failure.
"""

from collections import Counter
from collections.abc import Iterator

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.orchestration.assets.shards import STAGE_ASSETS
from gem_assets.orchestration.assets.tables import warehouse
from gem_assets.orchestration.resources.workplace import Workplace, connected
from gem_assets.stages.staleness import find_stale
from gem_assets.store.connections import attach_live
from gem_assets.store.raw import shard_names
from gem_assets.store.sql_files import read_sql, sql_names

SHOWN = 20
BACKFILL_TAG = "dagster/backfill"

# Rows on a stale shard stand on parents that are gone; that is worth a look, not an alarm.
_WARNINGS = ("orphans",)


@dg.multi_asset_check(
    specs=[
        dg.AssetCheckSpec(name, asset=warehouse, description=read_sql("checks", name).split("\n\n")[0])
        for name in sql_names("checks")
    ]
)
def table_checks(
    database: dg.ResourceParam[DuckDBResource], workplace: dg.ResourceParam[Workplace]
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


@dg.multi_asset_check(
    name="freshness_checks",
    specs=[
        dg.AssetCheckSpec(
            "up_to_date",
            asset=asset,
            description="Is every shard what today's text, prompts, model and settings would make of it?",
        )
        for asset in STAGE_ASSETS.values()
    ],
    can_subset=True,
)
def freshness_checks(
    context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Iterator[dg.AssetCheckResult]:
    """Warn, per stage, of the shards that `gem stale` lists, with the reason.

    In a backfill only the runs that nobody waits behind look: all shards once at its end, not once per shard.
    """
    if _others_wait(context):
        context.log.info("runs of this backfill are still waiting: the last of them look at all shards")
        return
    found = find_stale(workplace.configuration, shard_names(workplace.home))
    asked = {key.asset_key for key in context.op_execution_context.selected_asset_check_keys}
    for asset in STAGE_ASSETS.values():
        if asset.key not in asked:
            continue
        name = asset.key.to_user_string()
        stale = [item for item in found if item.asset == name]
        reasons = Counter(item.reason for item in stale)
        yield dg.AssetCheckResult(
            check_name="up_to_date",
            asset_key=asset.key,
            passed=not stale,
            severity=dg.AssetCheckSeverity.WARN,
            description="; ".join(f"{count} shards: {reason}" for reason, count in reasons.items())
            or "nothing is stale",
            # Texts: the page of a check shows them at once, and Markdown only after a click.
            metadata={
                "stale_shards": len(stale),
                "first": "; ".join(f"{item.shard}: {item.reason}" for item in stale[:SHOWN]) or "none",
                "mend": "the job backfill_stale, or: gem backfill --stale" if stale else "nothing to mend",
            },
        )


def _others_wait(context: dg.AssetCheckExecutionContext) -> bool:
    backfill = context.run.tags.get(BACKFILL_TAG)
    if backfill is None:
        return False
    waiting = dg.RunsFilter(
        tags={BACKFILL_TAG: backfill},
        statuses=[dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED],
    )
    return context.instance.get_runs_count(waiting) > 0
