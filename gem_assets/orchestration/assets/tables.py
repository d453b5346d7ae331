"""The unpartitioned assets over all shards: the warehouse and the yield report."""

from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.orchestration.assets.itool import round_evaluation
from gem_assets.orchestration.assets.shards import STAGE_ASSETS
from gem_assets.orchestration.resources.workplace import Workplace, connected
from gem_assets.reports.comparison.ways import read_ways, ways_markdown
from gem_assets.reports.viewer.viewer import write_viewer
from gem_assets.reports.yields.yield_report import read_report, render_markdown, write_report
from gem_assets.store.snapshot import attach_snapshot
from gem_assets.store.warehouse import build_warehouse

NOW_AND_THEN = "*/10 * * * *"
"""When to look at what a long backfill has made so far."""

# Both cost nothing but seconds, so they may follow their inputs by themselves. To build them after each run
# of a backfill would take as long as its runs: they wait for its end, or for the clock. What was updated
# while they were built is not forgotten.
_follow = (
    dg.AutomationCondition.any_deps_updated().since(dg.AutomationCondition.newly_requested())
    & ~dg.AutomationCondition.in_progress()
    & (~dg.AutomationCondition.any_deps_in_progress() | dg.AutomationCondition.cron_tick_passed(NOW_AND_THEN))
)


@dg.asset(
    deps=list(STAGE_ASSETS.values()),
    group_name="reports",
    kinds={"duckdb"},
    automation_condition=_follow,
)
def warehouse(workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult[Any]:
    """gem.duckdb: every table with its keys, rebuilt from the shard files and replaced whole."""
    counts = build_warehouse(workplace.home)
    return dg.MaterializeResult(
        metadata={"path": dg.MetadataValue.path(workplace.home.warehouse), **counts},
    )


@dg.asset(
    deps=[warehouse, round_evaluation], group_name="reports", kinds={"duckdb"}, automation_condition=_follow
)
def yield_report(
    database: dg.ResourceParam[DuckDBResource], workplace: dg.ResourceParam[Workplace]
) -> dg.MaterializeResult[Any]:
    """Where documents are lost: the funnel, reasons, refinement and cost, as a page and as markdown."""
    with connected(database) as connection:
        attach_snapshot(connection, workplace.home)
        report = read_report(connection)
        page = write_report(workplace.home, connection)
        viewer = write_viewer(workplace.home, connection)
    return dg.MaterializeResult(
        metadata={
            "ways": dg.MetadataValue.md(ways_markdown(read_ways(workplace.home))),
            "funnel": dg.MetadataValue.md(render_markdown(report)),
            "page": dg.MetadataValue.path(page),
            "report": dg.MetadataValue.url(workplace.addresses.report),
            "trajectories": dg.MetadataValue.url(workplace.addresses.viewer),
            "viewer": dg.MetadataValue.path(viewer),
        }
    )
