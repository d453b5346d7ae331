"""Shards as Dagster partitions: one dynamic partition per ingested shard, the same key everywhere."""

from collections.abc import Iterable

import dagster as dg

from gem_assets.store.home import Home
from gem_assets.store.named_files import FILE_TAG
from gem_assets.store.raw import shard_names

corpus_shards = dg.DynamicPartitionsDefinition(name="corpus_shards")

# The same on every asset: different policies split one backfill into several waves of runs.
one_run_per_shard = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


def defined_by(context: dg.AssetExecutionContext) -> str:
    """Name what defines the partition of a run: its file, where the run names one, else the key itself."""
    return context.run.tags.get(FILE_TAG, context.partition_key)


def register_shards(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every ingested shard a partition; returns those that are new."""
    return add_missing(instance, "corpus_shards", shard_names(home))


def add_missing(instance: dg.DagsterInstance, partitions: str, keys: Iterable[str]) -> list[str]:
    """Add the keys that a set of dynamic partitions lacks; returns those that are new."""
    known = set(instance.get_dynamic_partitions(partitions))
    new = [key for key in keys if key not in known]
    if new:
        instance.add_dynamic_partitions(partitions, new)
    return new
