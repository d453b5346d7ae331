"""The assets a document passes, 0 to 5, one partition per shard. Thin: the work is in `stages/shard.py`.

Does not belong here: prompts, thresholds, SQL, loops over records.
"""

import os
import warnings
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
from gem_assets.orchestration.assets.partitions import corpus_shards, one_run_per_shard
from gem_assets.orchestration.resources.options import RunOptions
from gem_assets.orchestration.resources.progress import progress_teller
from gem_assets.orchestration.resources.workplace import Workplace, connected
from gem_assets.prompts.prompt import PromptError
from gem_assets.stages.catalog import ASSETS, STAGES, SYNTHESIS_STAGES
from gem_assets.stages.shard import ShardFailedError, ShardTask, carry_documents, carry_stage, check_failures
from gem_assets.stages.staleness import find_stale
from gem_assets.store.connections import Connection
from gem_assets.store.home import StoreError
from gem_assets.store.stage_runs import StageRun, current_stage_run

STOPS = "stops_the_run"
"""Marks a failure that every other shard would meet, too, until a setting is changed."""
Materialized = dg.MaterializeResult[Any]

_STAGES = {stage.asset: stage for stage in (*STAGES, *SYNTHESIS_STAGES)}
_SYNTHESIS = {stage.asset for stage in SYNTHESIS_STAGES}


def shard_asset(name: str, description: str, *deps: dg.AssetsDefinition) -> dg.AssetsDefinition:
    """Make one of these assets: they differ in the stage that is carried, and in nothing else."""
    stage = _STAGES.get(name)

    def compute(
        context: dg.AssetExecutionContext,
        database: dg.ResourceParam[DuckDBResource],
        workplace: dg.ResourceParam[Workplace],
        options: RunOptions,
    ) -> Materialized:
        with connected(database) as connection:
            return _materialise(context, connection, workplace, options, name)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
        return dg.asset(
            name=name,
            description=description,
            deps=deps,
            kinds={"duckdb", "litellm"} if stage else {"duckdb"},
            tags={"gem/role": stage.role, "gem/prompt": stage.prompt} if stage else {},
            partitions_def=corpus_shards,
            backfill_policy=one_run_per_shard,
            # Apart, so that "materialise all" of the pipeline asks no Synthesizer, which few have.
            group_name="synthesis" if name in _SYNTHESIS else "trajectories",
            metadata={"dagster/table_name": name, **column_schema(name)},
            # No retry policy: it would also try again what somebody has just cancelled, and pay for it. A run
            # whose process died is started again as a whole (`run_retries` in dagster.yaml).
        )(compute)


documents = shard_asset(
    "documents", "Ingested rows, normalised and judged: can the text be worked with at all?"
)
procedural_documents = shard_asset(
    "procedural_documents",
    "Documents that describe a multi-step operation, with summary, platform, domains and task category.",
    documents,
)
workflows = shard_asset(
    "workflows",
    "Steps, execution graph, tools and sourced constraints of each procedure; 1 to 4 per document.",
    procedural_documents,
)
draft_trajectories = shard_asset(
    "draft_trajectories", "A whole dialogue with tool calls for each workflow.", workflows
)
refined_trajectories = shard_asset(
    "refined_trajectories",
    "The dialogue made harder and more real: more calls, pitfalls, answers over several results.",
    draft_trajectories,
)
validated_trajectories = shard_asset(
    "validated_trajectories",
    "Trajectories that break no rule and that the judge, where a model judges, passes.",
    refined_trajectories,
)

SHARD_ASSETS = (
    documents,
    procedural_documents,
    workflows,
    draft_trajectories,
    refined_trajectories,
    validated_trajectories,
)

synthesized_trajectories = shard_asset(
    "synthesized_trajectories",
    "Tools and dialogue as a trained Synthesizer (GEM_SYNTHESIZER_MODEL) wrote them in one call.",
    procedural_documents,
)
validated_synthesized_trajectories = shard_asset(
    "validated_synthesized_trajectories",
    "Synthesized trajectories that pass the rules, verification and judge of the pipeline's own.",
    synthesized_trajectories,
)

SYNTHESIS_ASSETS = (synthesized_trajectories, validated_synthesized_trajectories)


def _materialise(
    context: dg.AssetExecutionContext,
    connection: Connection,
    workplace: Workplace,
    options: RunOptions,
    asset: str,
) -> Materialized:
    shard = context.partition_key
    path = workplace.home.shard_file(f"{asset}_outcomes", shard)
    before = current_stage_run(workplace.home, asset, shard)
    if before and not options.force and not _is_stale(workplace, options, asset, shard):
        left = {"changed": dg.MetadataValue.md(f"nothing: up to date, left as run {before.run_id} made it")}
        rows = rows_metadata(connection, path, before)
        return _result(before, run_metadata(before, workplace.addresses) | rows | left)
    run = _carry(context, connection, workplace, options, asset)
    if run.failed:
        context.log.warning("%d of %d inputs failed: %s", run.failed, run.inputs, run.reasons)
    context.log.info(
        "kept %d, rejected %d, failed %d (process %d)", run.kept, run.rejected, run.failed, os.getpid()
    )
    metadata = {
        **run_metadata(run, workplace.addresses),
        "changed": dg.MetadataValue.md(describe_change(before, run)),
        **rows_metadata(connection, path, run),
    }
    try:
        check_failures(run, workplace.settings)
    except ShardFailedError as error:
        raise dg.Failure(str(error), metadata=metadata, allow_retries=False) from error
    return _result(run, metadata)


def _is_stale(workplace: Workplace, options: RunOptions, asset: str, shard: str) -> bool:
    if asset not in ASSETS:
        return True  # the Synthesizer's way is not followed by `gem stale`
    configuration = options.applied_to(workplace.configuration)
    return any(item.asset == asset for item in find_stale(configuration, [shard], asset))


def _carry(
    context: dg.AssetExecutionContext,
    connection: Connection,
    workplace: Workplace,
    options: RunOptions,
    asset: str,
) -> StageRun:
    shard = context.partition_key
    try:
        if asset not in _STAGES:
            return carry_documents(connection, shard, context.run.run_id, workplace.settings)
        task = ShardTask(
            shard,
            context.run.run_id,
            options.applied_to(workplace.configuration),
            progress_teller(asset, shard),
            options.limit,
        )
        return carry_stage(connection, _STAGES[asset], task)
    except (StopRunError, ConfigurationError, PromptError) as error:
        raise dg.Failure(str(error), metadata={STOPS: True}, allow_retries=False) from error
    except StoreError as error:
        # Nothing that a second try would change.
        raise dg.Failure(str(error), allow_retries=False) from error


def _result(run: StageRun, metadata: dict[str, Any]) -> Materialized:
    return dg.MaterializeResult(
        metadata=metadata,
        data_version=dg.DataVersion(run.data_version),
        tags={"gem/code_version": run.code_version},
    )
