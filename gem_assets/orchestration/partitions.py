"""Shards as Dagster partitions: one dynamic partition per ingested shard, the same key everywhere."""

import dagster as dg

from gem_assets.store.home import Home
from gem_assets.store.raw import shard_names

corpus_shards = dg.DynamicPartitionsDefinition(name="corpus_shards")

# The same on every asset: different policies split one backfill into several waves of runs.
one_run_per_shard = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def register_shards(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every ingested shard a partition; returns those that are new."""
    known = set(instance.get_dynamic_partitions("corpus_shards"))
    new = [shard for shard in shard_names(home) if shard not in known]
    if new:
        instance.add_dynamic_partitions("corpus_shards", new)
    return new
