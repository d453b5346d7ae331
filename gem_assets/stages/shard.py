"""Run one stage on the shards of a partition: read their inputs, judge each, replace each shard's outcomes.

The one piece that joins stages and store; assets and commands call it, and no framework is in sight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.models import open_models
from gem_assets.llm.stopping import run_until_stopped
from gem_assets.records.outcome import FailureReason
from gem_assets.settings import Settings
from gem_assets.stages.catalog import WAYS, own_stages, reads
from gem_assets.stages.pilot import divide, left_for_later
from gem_assets.stages.run import Outcomes, Progress, model_of, no_progress, run_stage
from gem_assets.stages.stage import RAW_ROWS, Stage
from gem_assets.stages.versions import version_of
from gem_assets.store.connections import Connection
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import read_row_statuses
from gem_assets.store.raw_versions import raw_version
from gem_assets.store.shards import ShardWrite, StageInput, read_kept, write_outcomes
from gem_assets.store.stage_runs import StageRun, current_stage_run


@dataclass(frozen=True)
class StageContext:
    """By which run stages are run, and with what: the same for all stages and shards of the run."""

    run_id: str
    configuration: RunConfiguration
    progress: Progress = no_progress
    limit: int | None = None
    """Only so many of the partition's documents: a pilot."""

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return self.configuration.home


# Where a pilot's limit counts documents: at the first model that each way asks.
_LIMITED = frozenset(
    next(stage for stage in own_stages(way) if stage.role)
    for way in WAYS
    if any(stage.role for stage in own_stages(way))
)
NO_MODEL_CONCURRENCY = 8
"""Records at a time of a stage that asks no model; nothing is waited for."""


class ShardFailedError(Exception):
    """More of a shard's inputs failed than GEM_MAX_FAILED allows; the shard was written all the same."""


@dataclass(frozen=True)
class ShardInputs:
    """What a stage judges of a shard, and the data version it has."""

    shard: str
    inputs: Sequence[StageInput[Any]]
    version: str


def run_stage_on_shards(
    connection: Connection, stage: Stage, shards: Sequence[str], context: StageContext
) -> list[StageRun]:
    """Judge what the asset before kept of these shards, all together, and replace each shard's outcomes.

    A pilot's limit holds where a way begins to ask models.

    Raises:
        StopRunError: a setting of the model is wrong; nothing is written.
        StoreError: another process is writing one of the shards of this asset, or rewrote what it reads.
    """
    started = datetime.now(UTC)
    parts = [read_inputs(connection, context.home, stage, shard) for shard in shards]
    inputs = [stage_input for part in parts for stage_input in part.inputs]
    now, later = divide(inputs, context.limit if stage in _LIMITED else None)
    version = version_of(stage, context.configuration)
    outcomes = iter(run_until_stopped(_judge_all(stage, context, now)) + left_for_later(later))
    judged = [[next(outcomes) for _ in part.inputs] for part in parts]
    writes = (
        ShardWrite(
            asset=stage.asset,
            shard=part.shard,
            run_id=context.run_id,
            started_at=started,
            finished_at=datetime.now(UTC),
            model=version.model,
            code_version=version.code_version,
            made_with=version.made_with,
            input_version=part.version,
        )
        for part in parts
    )
    return [
        write_outcomes(context.home, write, rows, stage.columns)
        for write, rows in zip(writes, judged, strict=True)
    ]


def read_inputs(connection: Connection, home: Home, stage: Stage, shard: str) -> ShardInputs:
    """Read what a stage judges of a shard, in a fixed order.

    Raises:
        StoreError: it was rewritten meanwhile.
    """
    upstream = reads(stage)
    if upstream == RAW_ROWS:
        statuses = read_row_statuses(connection, home, shard)
        inputs = [
            StageInput(status.key, status.row.document_id, status, child_id=status.row.document_id)
            for status in statuses
        ]
        return ShardInputs(shard, inputs, raw_version(statuses))
    before = current_stage_run(home, upstream, shard)
    kept: list[StageInput[Any]] = read_kept(connection, home, upstream, shard, stage.takes)
    if current_stage_run(home, upstream, shard) != before:
        raise StoreError(f"{upstream} of {shard} was rewritten while it was read: run this again")
    return ShardInputs(shard, kept, before.data_version if before else "")


async def _judge_all(stage: Stage, context: StageContext, inputs: Sequence[StageInput[Any]]) -> Outcomes:
    settings, configured = context.configuration.settings, context.configuration.models
    if stage.role is None:
        return await run_stage(stage, None, settings, inputs, NO_MODEL_CONCURRENCY, context.progress)
    concurrency = configured.role(stage.role).concurrency
    async with open_models(configured, context.home.root, context.run_id) as models:
        llm = model_of(stage, models)
        return await run_stage(stage, llm, settings, inputs, concurrency, context.progress)


def check_failures(run: StageRun, settings: Settings) -> None:
    """Raise ShardFailedError where more inputs broke than settings allow; what was not reached did not."""
    broken = run.failed - run.reasons.get(FailureReason.CANCELLED, 0)
    if run.inputs and broken / run.inputs > settings.maximum_failed:
        reasons = ", ".join(f"{count} {reason}" for reason, count in run.reasons.items())
        raise ShardFailedError(
            f"{run.failed} of {run.inputs} inputs of {run.asset} {run.shard} failed ({reasons}); the rest is "
            "written and nothing paid is lost: materialise it again to retry, or raise GEM_MAX_FAILED"
        )
