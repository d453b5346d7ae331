"""Carry one shard through one stage: read its inputs, judge each, replace its outcomes.

The one piece that joins stages and store; assets and commands call it, and no framework is in sight.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.models import Models, open_models
from gem_assets.llm.protocol import Llm
from gem_assets.llm.stopping import run_until_stopped
from gem_assets.records.outcome import FailureReason, Outcome
from gem_assets.settings import Settings
from gem_assets.stages.catalog import (
    STAGES,
    SYNTHESIS_STAGES,
    Stage,
    code_version,
    documents_code_version,
    model_identity,
)
from gem_assets.stages.corpus import read_document
from gem_assets.stages.pilot import divide, left_for_later
from gem_assets.stages.run import run_stage, stamp_generator
from gem_assets.store.connections import Connection
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import read_row_statuses
from gem_assets.store.raw_versions import raw_version
from gem_assets.store.shards import ShardWrite, StageInput, read_kept, write_outcomes
from gem_assets.store.stage_runs import StageRun, current_stage_run

Progress = Callable[[int, int], None]
Outcomes = list[tuple[StageInput[Any], Outcome[Any]]]


@dataclass(frozen=True)
class ShardTask:
    """A shard to be carried through stages, by which run, and with what: the same for all of its stages."""

    shard: str
    run_id: str
    configuration: RunConfiguration
    progress: Progress = lambda done, total: None
    limit: int | None = None
    """Only so many of the shard's documents: a pilot."""

    @property
    def settings(self) -> Settings:
        """The numbers of the configuration."""
        return self.configuration.settings


# Where a pilot's limit counts documents: at the first model that either way asks.
_LIMITED = (STAGES[0], SYNTHESIS_STAGES[0])


class ShardFailedError(Exception):
    """More of a shard's inputs failed than GEM_MAX_FAILED allows; the shard was written all the same."""


def carry_documents(connection: Connection, shard: str, run_id: str, settings: Settings) -> StageRun:
    """Judge a shard's raw rows (stage 0)."""
    home, started = Home(settings.home), datetime.now(UTC)
    statuses = read_row_statuses(connection, home, shard)
    outcomes = [
        (StageInput(status.key, status.row.document_id, status.row), read_document(status, settings.corpus))
        for status in statuses
    ]
    write = ShardWrite(
        asset="documents",
        shard=shard,
        run_id=run_id,
        started_at=started,
        finished_at=datetime.now(UTC),
        model=None,
        code_version=documents_code_version(settings),
        input_version=raw_version(statuses),
    )
    return write_outcomes(home, write, outcomes)


def carry_stage(connection: Connection, stage: Stage, task: ShardTask) -> StageRun:
    """Judge what the asset before kept of a shard; a pilot's limit holds where a way begins.

    Raises:
        StopRunError: a setting of the model is wrong; nothing is written.
        StoreError: another process is writing this shard of this asset, or rewrote what it reads.
    """
    home, started = Home(task.settings.home), datetime.now(UTC)
    inputs, input_version = _read_inputs(connection, home, stage, task.shard)
    now, later = divide(inputs, task.limit if stage in _LIMITED else None)
    identity = model_identity(stage, task.configuration.models)
    outcomes = _stamped(stage, run_until_stopped(_judge_all(stage, task, now)) + left_for_later(later))
    write = ShardWrite(
        asset=stage.asset,
        shard=task.shard,
        run_id=task.run_id,
        started_at=started,
        finished_at=datetime.now(UTC),
        model=identity,
        code_version=code_version(stage, identity, task.settings),
        input_version=input_version,
    )
    return write_outcomes(home, write, outcomes)


async def _judge_all(stage: Stage, task: ShardTask, inputs: Sequence[StageInput[Any]]) -> Outcomes:
    concurrency = task.configuration.models.role(stage.role).concurrency
    async with open_models(task.configuration.models, task.settings.home, task.run_id) as models:
        llm = _model_of(stage, models)
        return await run_stage(
            lambda record: stage.step(record, llm, task.settings),
            inputs,
            stage.prefix,
            concurrency,
            task.progress,
        )


def _model_of(stage: Stage, models: Models) -> Llm:
    # A role with a default is a field; the others are opened only where they are asked for.
    return models.for_role(stage.role) if stage.role == "synthesizer" else getattr(models, stage.role)


def check_failures(run: StageRun, settings: Settings) -> None:
    """Raise ShardFailedError where more inputs broke than settings allow; what was not reached did not."""
    broken = run.failed - run.reasons.get(FailureReason.CANCELLED, 0)
    if run.inputs and broken / run.inputs > settings.maximum_failed:
        reasons = ", ".join(f"{count} {reason}" for reason, count in run.reasons.items())
        raise ShardFailedError(
            f"{run.failed} of {run.inputs} inputs of {run.asset} {run.shard} failed ({reasons}); the rest is "
            "written and nothing paid is lost: materialise it again to retry, or raise GEM_MAX_FAILED"
        )


def _read_inputs(
    connection: Connection, home: Home, stage: Stage, shard: str
) -> tuple[list[StageInput[Any]], str]:
    """Read what a stage judges of a shard, and the data version it has."""
    upstream = current_stage_run(home, stage.reads, shard)
    inputs: list[StageInput[Any]] = read_kept(connection, home, stage.reads, shard, stage.takes)
    if current_stage_run(home, stage.reads, shard) != upstream:
        raise StoreError(f"{stage.reads} of {shard} was rewritten while it was read: run this again")
    return inputs, upstream.data_version if upstream else ""


def _stamped(stage: Stage, outcomes: Outcomes) -> Outcomes:
    if not stage.inherits_generator:
        return outcomes
    return [(given, stamp_generator(outcome, given.generator)) for given, outcome in outcomes]
