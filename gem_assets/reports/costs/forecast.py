"""What redoing the stale shards would ask of the models, told without asking.

Imports no Dagster: `gem backfill --stale --dry-run` tells it as the job `backfill_stale` does.
"""

import asyncio
from collections.abc import Sequence

from gem_assets.configuration import RunConfiguration
from gem_assets.reports.costs.costs import read_costs
from gem_assets.reports.costs.rehearsal import render_rehearsal
from gem_assets.stages.rehearsal import rehearse
from gem_assets.stages.staleness import find_stale
from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import open_live


def forecast(configuration: RunConfiguration, shards: Sequence[str]) -> str:
    """Tell what redoing the stale shards would ask of the models, without asking."""
    home = configuration.home
    stale = find_stale(configuration, shards)
    refresh_calls(home)
    with open_live(home) as connection:
        measured = read_costs(connection, stale, 0.0).measured
    children = {asset: mean.kept_children for asset, mean in measured.items()}
    rehearsed = asyncio.run(rehearse(configuration, stale, children))
    return render_rehearsal(len(stale), rehearsed, measured)
