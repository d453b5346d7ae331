"""Carry shards the Synthesizer's way: procedural documents to synthesized trajectories, then checked ones."""

import uuid
from collections.abc import Callable, Sequence

from gem_assets.configuration import RunConfiguration
from gem_assets.stages.catalog import SYNTHESIS_STAGES
from gem_assets.stages.shard import ShardTask, carry_stage
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
    home, runs, left, run_id = configuration.home, list[StageRun](), limit, uuid.uuid4().hex
    for shard in shards:
        if current_stage_run(home, SYNTHESIS_STAGES[0].reads, shard) is None:
            raise StoreError(
                f"{shard} has no procedural documents yet: "
                f"`gem run --shard {shard} --until procedural_documents`"
            )
    for shard in shards:
        if left is not None and left <= 0:
            break
        for stage in SYNTHESIS_STAGES:
            with open_memory() as connection:
                run = carry_stage(connection, stage, ShardTask(shard, run_id, configuration, limit=left))
            runs.append(run)
            told(run)
            if left is not None and stage is SYNTHESIS_STAGES[0]:
                left -= run.inputs - run.reasons.get("cancelled", 0)
    return runs
