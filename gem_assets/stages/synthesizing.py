"""Carry shards the Synthesizer's way: procedural documents to synthesized trajectories, then checked ones."""

import uuid
from collections.abc import Callable, Sequence

from gem_assets.configuration import RunConfiguration
from gem_assets.stages.catalog import SYNTHESIZED, own_stages, reads
from gem_assets.stages.shard import StageContext, run_stage_on_shards
from gem_assets.store.connections import open_memory
from gem_assets.store.home import StoreError
from gem_assets.store.stage_runs import StageRun, current_stage_run


def synthesize_shards(
    configuration: RunConfiguration,
    shards: Sequence[str],
    limit: int | None,
    told: Callable[[StageRun], None],
) -> list[StageRun]:
    """Synthesize and check what stage 1 kept of these shards, `limit` documents of them all at most.

    Raises:
        ConfigurationError: no model is set for the role synthesizer.
        StoreError: stage 1 has not been run on a shard.
        StopRunError: a setting of the model is wrong; what was finished is written.
    """
    configuration.models.role("synthesizer")
    stages = own_stages(SYNTHESIZED)
    home, runs, left, run_id = configuration.home, list[StageRun](), limit, uuid.uuid4().hex
    for shard in shards:
        if current_stage_run(home, reads(stages[0]), shard) is None:
            raise StoreError(
                f"{shard} has no procedural documents yet: "
                f"`gem run --shard {shard} --until procedural_documents`"
            )
    for shard in shards:
        if left is not None and left <= 0:
            break
        for stage in stages:
            context = StageContext(run_id, configuration, limit=left)
            with open_memory() as connection:
                [run] = run_stage_on_shards(connection, stage, [shard], context)
            runs.append(run)
            told(run)
            if left is not None and stage is stages[0]:
                left -= run.inputs - run.reasons.get("cancelled", 0)
    return runs
