"""The Synthesizer's way over several shards: from procedural documents, so many of them at most."""

from collections.abc import Sequence

from gem_assets.configuration import RunConfiguration
from gem_assets.stages.catalog import SYNTHESIZED, own_stages, reads
from gem_assets.store.home import StoreError
from gem_assets.store.stage_runs import current_stage_run


def allot_procedures(
    configuration: RunConfiguration, shards: Sequence[str], limit: int | None
) -> dict[str, int | None]:
    """Say how many documents of each shard are synthesized from, `limit` of all at most; None is all of them.

    Raises:
        ConfigurationError: no model is set for the role synthesizer.
        StoreError: stage 1 has not been run on a shard.
    """
    configuration.models.role("synthesizer")
    upstream = reads(own_stages(SYNTHESIZED)[0])
    allotted: dict[str, int | None] = {}
    left = limit
    for shard in shards:
        before = current_stage_run(configuration.home, upstream, shard)
        if before is None:
            raise StoreError(
                f"{shard} has no procedural documents yet: "
                f"`gem run --shard {shard} --until procedural_documents`"
            )
        if left is None or left > 0:
            allotted[shard] = left
            left = None if left is None else left - min(left, before.kept)
    return allotted
