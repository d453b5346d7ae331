"""Jobs people launch, one per natural unit of work."""

import dagster as dg

from gem_assets.orchestration.assets import SHARD_ASSETS, validated_trajectories
from gem_assets.orchestration.backfill import launch_stale
from gem_assets.orchestration.dataset_assets import DATASET_ASSETS
from gem_assets.orchestration.resources import Workplace
from gem_assets.orchestration.tables import warehouse, yield_report

trajectories_job = dg.define_asset_job(
    "trajectories",
    selection=dg.AssetSelection.assets(*SHARD_ASSETS).without_checks(),
    description="Carry a shard from its raw rows to validated trajectories.",
)

validation_job = dg.define_asset_job(
    "validation",
    selection=dg.AssetSelection.assets(validated_trajectories).without_checks(),
    description="Check a shard's refined trajectories again: rules, verification, judge.",
)

tables_job = dg.define_asset_job(
    "tables",
    selection=dg.AssetSelection.assets(warehouse, yield_report) | dg.AssetSelection.all_asset_checks(),
    description="Rebuild the warehouse and the yield report, and run every check.",
)

datasets_job = dg.define_asset_job(
    "datasets",
    selection=list(DATASET_ASSETS),
    description="Build a recipe's dataset and its training examples.",
)


@dg.op
def backfill_what_is_stale(context: dg.OpExecutionContext, workplace: dg.ResourceParam[Workplace]) -> None:
    """Launch one backfill of exactly the shards and assets that `gem stale` lists."""
    backfill = launch_stale(workplace.settings, workplace.environment)
    context.log.info("nothing is stale" if backfill is None else f"backfill {backfill} launched")


@dg.job(description="Backfill what today's prompts, models, settings or text have made stale, and no more.")
def backfill_stale() -> None:
    """One op: find what is stale, launch the backfill."""
    backfill_what_is_stale()


JOBS = (trajectories_job, validation_job, tables_job, datasets_job, backfill_stale)
