"""The assets a document passes: one for each stage of each way, derived from its declaration.

Thin: the work is in `stages/shard.py`. Does not belong here: prompts, thresholds, SQL, loops over records.
"""

import os
import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import ConfigurationError
from gem_assets.orchestration.assets.metadata import (
    column_schema,
    describe_change,
    rows_metadata,
    run_metadata,
)
from gem_assets.orchestration.assets.partitions import corpus_shards, one_run_per_shard, shards_of
from gem_assets.orchestration.resources.options import RunOptions
from gem_assets.orchestration.resources.progress import progress_teller
from gem_assets.orchestration.resources.workplace import Workplace, connected
from gem_assets.prompts.prompt import PromptError
from gem_assets.stages.catalog import DEFAULT_WAY, WAYS, own_stages, reads
from gem_assets.stages.shard import ShardFailedError, StageContext, check_failures, run_stage_on_shards
from gem_assets.stages.stage import RAW_ROWS, Stage
from gem_assets.stages.staleness import find_stale
from gem_assets.store.connections import Connection
from gem_assets.store.home import StoreError
from gem_assets.store.stage_runs import StageRun, combine_runs, current_stage_run

STOPS = "stops_the_run"
"""Marks a failure that every other shard would meet, too, until a setting is changed."""
Materialized = dg.MaterializeResult[Any]


def stage_asset(stage: Stage, group: str) -> dg.AssetsDefinition:
    """Make the asset of a stage."""

    def compute(
        context: dg.AssetExecutionContext,
        database: dg.ResourceParam[DuckDBResource],
        workplace: dg.ResourceParam[Workplace],
        options: RunOptions,
    ) -> Materialized:
        try:
            with connected(database) as connection:
                return _materialise(context, connection, workplace, options, stage)
        except StoreError as error:
            # Nothing that a second try would change.
            raise dg.Failure(str(error), allow_retries=False) from error

    upstream = reads(stage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
        return dg.asset(
            name=stage.asset,
            description=stage.description,
            deps=[] if upstream == RAW_ROWS else [dg.AssetKey(upstream)],
            kinds={"duckdb", "litellm"} if stage.role else {"duckdb"},
            tags={"gem/role": stage.role, "gem/prompt": stage.prompts[0]} if stage.role else {},
            partitions_def=corpus_shards,
            backfill_policy=one_run_per_shard,
            # Apart by way, so that "materialise all" of the default way asks no Synthesizer, which few have.
            group_name=group,
            metadata={"dagster/table_name": stage.asset, **column_schema(stage.asset)},
            # No retry policy: it would also try again what somebody has just cancelled, and pay for it. A run
            # whose process died is started again as a whole (`run_retries` in dagster.yaml).
        )(compute)


STAGE_ASSETS = {stage.asset: stage_asset(stage, way.group) for way in WAYS for stage in own_stages(way)}
"""Every stage's asset by name, in the order of the ways."""
SHARD_ASSETS = tuple(STAGE_ASSETS[stage.asset] for stage in DEFAULT_WAY.stages)
"""The assets of the default way, in order."""
RESULT_ASSETS = tuple(STAGE_ASSETS[way.result.asset] for way in WAYS)
"""What each way is for."""


def _materialise(
    context: dg.AssetExecutionContext,
    connection: Connection,
    workplace: Workplace,
    options: RunOptions,
    stage: Stage,
) -> Materialized:
    try:
        shards = _existing(workplace, shards_of(context.partition_key))
        before = _current_runs(workplace, stage, shards)
        stale = shards if options.force else _stale_among(workplace, options, stage, shards)
        runs = _run(context, connection, workplace, options, stage, stale) if stale else []
    except (StopRunError, ConfigurationError, PromptError) as error:
        raise dg.Failure(str(error), metadata={STOPS: True}, allow_retries=False) from error
    after = _current_runs(workplace, stage, shards)
    combined = combine_runs(context.partition_key, after)
    files = [workplace.home.shard_file(stage.table, shard) for shard in shards]
    metadata = {
        **run_metadata(combined, workplace.addresses),
        **rows_metadata(connection, files, combined, stage.measures),
        "changed": dg.MetadataValue.md(_describe_changes(before, after, runs)),
    }
    try:
        for run in runs:
            check_failures(run, workplace.settings)
    except ShardFailedError as error:
        raise dg.Failure(str(error), metadata=metadata, allow_retries=False) from error
    return dg.MaterializeResult(
        metadata=metadata,
        data_version=dg.DataVersion(combined.data_version),
        tags={"gem/code_version": combined.code_version},
    )


def _existing(workplace: Workplace, shards: list[str]) -> list[str]:
    for shard in shards:
        if not workplace.home.shard_file("raw_rows", shard).is_file():
            raise StoreError(f"there is no shard {shard}: the partition names one that was never ingested")
    return shards


def _run(
    context: dg.AssetExecutionContext,
    connection: Connection,
    workplace: Workplace,
    options: RunOptions,
    stage: Stage,
    shards: Sequence[str],
) -> list[StageRun]:
    stage_context = StageContext(
        context.run.run_id,
        options.applied_to(workplace.configuration),
        progress_teller(stage.asset, context.partition_key),
        options.limit,
    )
    runs = run_stage_on_shards(connection, stage, shards, stage_context)
    for run in runs:
        if run.failed:
            context.log.warning("%d of %d inputs failed: %s", run.failed, run.inputs, run.reasons)
        context.log.info(
            "kept %d, rejected %d, failed %d (process %d)", run.kept, run.rejected, run.failed, os.getpid()
        )
    return runs


def _stale_among(workplace: Workplace, options: RunOptions, stage: Stage, shards: Sequence[str]) -> list[str]:
    found = find_stale(options.applied_to(workplace.configuration), shards, stage.asset)
    return [item.shard for item in found if item.asset == stage.asset]


def _current_runs(workplace: Workplace, stage: Stage, shards: Sequence[str]) -> list[StageRun]:
    runs = (current_stage_run(workplace.home, stage.asset, shard) for shard in shards)
    return [run for run in runs if run is not None]


def _describe_changes(before: Sequence[StageRun], after: Sequence[StageRun], made: Sequence[StageRun]) -> str:
    """Tell what is different in each shard, as markdown."""
    if not made:
        return f"nothing: up to date, left as run {before[-1].run_id} made it"
    earlier = {run.shard: run for run in before}
    changes = {run.shard: describe_change(earlier.get(run.shard), run) for run in made}
    if len(after) == 1:
        return next(iter(changes.values()))
    return "\n\n".join(f"{shard}: {change}" for shard, change in changes.items())
