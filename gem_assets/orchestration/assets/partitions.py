"""Shards as Dagster partitions: a partition holds one shard or a range of them, the same key everywhere.

On one machine a partition is a shard and bears its name. `wikihow-00000..00063` names 64 shards of a corpus.
"""

import re
from collections.abc import Iterable

import dagster as dg

from gem_assets.store.home import Home, StoreError, check_shard
from gem_assets.store.named_files import FILE_TAG
from gem_assets.store.raw import shard_names

corpus_shards = dg.DynamicPartitionsDefinition(name="corpus_shards")

# The same on every asset: different policies split one backfill into several waves of runs.
one_run_per_shard = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)


_RANGE = re.compile(r"(.+)-([0-9]{5})\.\.([0-9]{5})")


def shards_of(key: str) -> list[str]:
    """List the shards a partition holds, in order.

    Raises:
        StoreError: the key names neither a shard nor a range of shards.
    """
    found = _RANGE.fullmatch(key)
    if found is None:
        return [check_shard(key)]
    corpus, first, last = found[1], int(found[2]), int(found[3])
    if last < first:
        raise StoreError(f"{key!r} is no range of shards: its last number is below its first")
    return [check_shard(f"{corpus}-{number:05d}") for number in range(first, last + 1)]


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
