"""The sensor of batch mode: collects what providers have finished, relaunches the shards that waited.

Does not belong here: what is collected, and how (`llm/batch/batching.py`).
"""

import asyncio

import dagster as dg

from gem_assets.llm.batch.batching import WAITS_FOR, collect_ready
from gem_assets.orchestration.assets.shards import STAGE_ASSETS
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.stages.staleness import find_stale
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home

INTERVAL_SECONDS = 60


@dg.sensor(
    name="collect_batches",
    target=dg.AssetSelection.assets(*STAGE_ASSETS.values()),
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Collects finished batches (GEM_<ROLE>_BATCH=1), relaunches the shards that wait for them.",
)
def collect_batches(
    context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]
) -> dg.SensorResult | dg.SkipReason:
    """Ask the providers; a shard is relaunched once for each time that something was collected."""
    configuration, home = workplace.configuration, workplace.home
    closed = asyncio.run(collect_ready(configuration.models, home.journal))
    if not closed:
        return dg.SkipReason("no batch has ended")
    round_number = int(context.cursor or 0) + 1
    waiting = waiting_shards(home)
    stale: dict[str, list[str]] = {}
    for item in find_stale(configuration, waiting) if waiting else []:
        stale.setdefault(item.shard, []).append(item.asset)
    requests = [
        dg.RunRequest(
            run_key=f"batch-{round_number}-{shard}",
            partition_key=shard,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
        )
        for shard, assets in stale.items()
    ]
    return dg.SensorResult(run_requests=requests, cursor=str(round_number))


def waiting_shards(home: Home) -> list[str]:
    """List the shards that hold records which wait for a batch; those a pilot left wait for nobody."""
    with open_live(home) as connection:
        rows = connection.execute(
            "SELECT DISTINCT shard FROM outcomes "
            "WHERE outcome = 'failed' AND reason = 'cancelled' AND starts_with(evidence, ?) ORDER BY shard",
            [WAITS_FOR],
        ).fetchall()
    return [row[0] for row in rows]
