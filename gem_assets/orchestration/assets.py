"""The assets a document passes, 0 to 5, one partition per shard. Thin: the work is in `stages/shard.py`.

Does not belong here: prompts, thresholds, SQL, loops over records.
"""

import os
import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.llm.protocol import StopRunError
from gem_assets.orchestration.metadata import column_schema, run_metadata, shape_metadata
from gem_assets.orchestration.partitions import corpus_shards, one_run_per_shard
from gem_assets.orchestration.progress import progress_teller
from gem_assets.orchestration.resources import Workplace, connected
from gem_assets.stages.catalog import stage_of
from gem_assets.stages.pilot import LIMIT_TAG
from gem_assets.stages.shard import ShardFailedError, carry_documents, carry_stage, check_failures
from gem_assets.store.home import StoreError
from gem_assets.store.stage_runs import StageRun, current_stage_run

Materialized = dg.MaterializeResult[Any]


def shard_asset(
    *deps: dg.AssetsDefinition, kinds: frozenset[str] = frozenset({"duckdb", "litellm"})
) -> Callable[[Callable[..., Materialized]], dg.AssetsDefinition]:
    """Declare what the six assets have in common; name and description are the function's."""

    def declare(compute: Callable[..., Materialized]) -> dg.AssetsDefinition:
        name = compute.__name__
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
            return dg.asset(
                deps=deps,
                kinds=set(kinds),
                partitions_def=corpus_shards,
                backfill_policy=one_run_per_shard,
                group_name="trajectories",
                metadata={"dagster/table_name": name, **column_schema(name)},
                # A crash of the machine is worth another try: what was bought is journaled.
                retry_policy=dg.RetryPolicy(max_retries=1, delay=5),
            )(compute)

    return declare


@shard_asset(kinds=frozenset({"duckdb"}))
def documents(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Ingested rows, normalised and judged: can the text be worked with at all?"""
    before = current_stage_run(workplace.home, "documents", context.partition_key)
    with connected(database) as connection:
        run = carry_documents(connection, context.partition_key, context.run_id, workplace.settings)
    return _report(context, run, workplace, run_metadata(run, before))


@shard_asset(documents)
def procedural_documents(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Documents that describe a multi-step operation, with summary, platform, domains and task category."""
    return _carry(context, database, workplace, "procedural_documents")


@shard_asset(procedural_documents)
def workflows(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Steps, execution graph, tools and sourced constraints of each procedure; 1 to 4 per document."""
    return _carry(context, database, workplace, "workflows")


@shard_asset(workflows)
def draft_trajectories(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """A whole dialogue with tool calls for each workflow."""
    return _carry(context, database, workplace, "draft_trajectories")


@shard_asset(draft_trajectories)
def refined_trajectories(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """The dialogue made harder and more real: more calls, pitfalls, answers over several results."""
    return _carry(context, database, workplace, "refined_trajectories")


@shard_asset(refined_trajectories)
def validated_trajectories(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Trajectories that break no rule and that the judge, where a model judges, passes."""
    return _carry(context, database, workplace, "validated_trajectories")


SHARD_ASSETS = (
    documents,
    procedural_documents,
    workflows,
    draft_trajectories,
    refined_trajectories,
    validated_trajectories,
)


def _carry(
    context: dg.AssetExecutionContext, database: DuckDBResource, workplace: Workplace, asset: str
) -> Materialized:
    before = current_stage_run(workplace.home, asset, context.partition_key)
    with connected(database) as connection:
        try:
            run = carry_stage(
                connection,
                stage_of(asset),
                context.partition_key,
                context.run_id,
                workplace.settings,
                workplace.environment,
                progress_teller(asset, context.partition_key),
                limit=int(context.run.tags[LIMIT_TAG]) if LIMIT_TAG in context.run.tags else None,
            )
        except (StopRunError, StoreError) as error:
            # Nothing that a second try would change.
            raise dg.Failure(str(error), allow_retries=False) from error
        path = workplace.home.shard_file(f"{asset}_outcomes", context.partition_key)
        shape = shape_metadata(connection, str(path)) if asset.endswith("_trajectories") else {}
    return _report(context, run, workplace, run_metadata(run, before) | shape)


def _report(
    context: dg.AssetExecutionContext, run: StageRun, workplace: Workplace, metadata: dict[str, Any]
) -> Materialized:
    if run.failed:
        context.log.warning("%d of %d inputs failed: %s", run.failed, run.inputs, run.reasons)
    context.log.info(
        "kept %d, rejected %d, failed %d (process %d)", run.kept, run.rejected, run.failed, os.getpid()
    )
    try:
        check_failures(run, workplace.settings)
    except ShardFailedError as error:
        raise dg.Failure(str(error), metadata=metadata, allow_retries=False) from error
    return dg.MaterializeResult(
        metadata=metadata,
        data_version=dg.DataVersion(run.data_version),
        tags={"gem/code_version": run.code_version},
    )
