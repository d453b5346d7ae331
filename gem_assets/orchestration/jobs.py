"""Jobs people launch: a shard through all stages, and the tables over all shards."""

import dagster as dg

from gem_assets.orchestration.assets import SHARD_ASSETS
from gem_assets.orchestration.tables import warehouse, yield_report

trajectories_job = dg.define_asset_job(
    "trajectories",
    selection=list(SHARD_ASSETS),
    description="Carry a shard from its raw rows to validated trajectories.",
)

tables_job = dg.define_asset_job(
    "tables",
    selection=dg.AssetSelection.assets(warehouse, yield_report)
    | dg.AssetSelection.checks_for_assets(warehouse),
    description="Rebuild the warehouse and the yield report, and run the table checks.",
)
