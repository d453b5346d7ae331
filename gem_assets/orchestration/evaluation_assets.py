"""Evaluation as assets: one partition per evaluated model and part of a benchmark, and what must hold of it.

Thin: the work is in `evaluation/`.
"""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from gem_assets.evaluation.benchmark_files import LIMIT_TAG, PARTS, THREADS_TAG
from gem_assets.evaluation.bfcl_generation import Generation, generate
from gem_assets.evaluation.bfcl_scoring import Score, score
from gem_assets.evaluation.evaluated_models import EvaluationError, evaluated_names, recall
from gem_assets.evaluation.progress import Tell
from gem_assets.llm.stopping import run_until_stopped
from gem_assets.orchestration.assets import Materialized
from gem_assets.orchestration.metadata import column_schema_of
from gem_assets.orchestration.partitions import one_run_per_shard
from gem_assets.orchestration.progress import progress_teller
from gem_assets.orchestration.resources import Workplace
from gem_assets.records.base import content_hash
from gem_assets.reports.benchmarks import read_benchmarks
from gem_assets.reports.benchmarks_text import markdown_benchmarks
from gem_assets.reports.yield_report import write_report
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql

evaluated_models = dg.DynamicPartitionsDefinition(name="evaluated_models")
bfcl_parts = dg.MultiPartitionsDefinition(
    {"evaluated_model": evaluated_models, "category": dg.StaticPartitionsDefinition(PARTS["bfcl"])}
)


def register_evaluated_models(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every evaluated model a partition; returns those that are new."""
    known = set(instance.get_dynamic_partitions("evaluated_models"))
    new = [name for name in evaluated_names(home) if name not in known]
    if new:
        instance.add_dynamic_partitions("evaluated_models", new)
    return new


def evaluation_asset(
    table: str, *deps: dg.AssetsDefinition, partitions: dg.PartitionsDefinition[Any] = bfcl_parts
) -> Callable[[Callable[..., Materialized]], dg.AssetsDefinition]:
    """Declare what the assets of an evaluation have in common; name and description are the function's."""

    def declare(compute: Callable[..., Materialized]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
            return dg.asset(
                deps=deps,
                kinds={"duckdb"},
                partitions_def=partitions,
                backfill_policy=one_run_per_shard,
                group_name="evaluation",
                metadata={"dagster/table_name": table, **column_schema_of(table)},
            )(compute)

    return declare


@evaluation_asset("bfcl_generations")
def bfcl_generation(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """What a model answers to a category of BFCL V3 multi-turn, its turns run by the harness."""
    name, category = _partition(context)
    limit = context.run.tags.get(LIMIT_TAG)
    tell = progress_teller("bfcl_generation", f"{name} {category}")

    def told(state: Tell) -> None:
        tell(state.done, state.total, state.note)

    try:
        found = run_until_stopped(
            generate(
                workplace.settings,
                workplace.environment,
                recall(workplace.home, name),
                category,
                context.run.run_id,
                limit=int(limit) if limit else None,
                threads=int(context.run.tags.get(THREADS_TAG, "16")),
                tell=told,
            )
        )
        _warn(context, found)
        found.check()
    except (EvaluationError, StoreError, ValueError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(metadata=_generated(found))


@evaluation_asset("bfcl_scores", bfcl_generation)
def bfcl_scores(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Materialized:
    """The official checker's verdict on each entry, after it has proven itself on known answers."""
    name, category = _partition(context)
    try:
        evaluated = recall(workplace.home, name)
        found = asyncio.run(
            score(workplace.settings, workplace.environment, evaluated, category, context.run.run_id)
        )
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if not found.is_whole:
        context.log.warning("%d of %d entries: a trial, not a score", found.entries, found.whole)
    version = content_hash([found.correct, found.strict, found.entries, dict(found.error_types)])
    return dg.MaterializeResult(metadata=_scored(found), data_version=dg.DataVersion(version))


@dg.asset(
    deps=[dg.AssetDep(bfcl_scores, partition_mapping=dg.AllPartitionMapping())],
    group_name="evaluation",
    kinds={"duckdb"},
)
def benchmark_report(workplace: dg.ResourceParam[Workplace]) -> Materialized:
    """Every score beside the paper's, with floors, intervals and verdicts: a section of the report page."""
    with open_live(workplace.home) as connection:
        found = read_benchmarks(connection)
        page = write_report(workplace.home, connection)
    return dg.MaterializeResult(
        metadata={
            "scores": dg.MetadataValue.md(markdown_benchmarks(found)),
            "models": len(found.models),
            "page": dg.MetadataValue.path(page),
            "report": dg.MetadataValue.url(f"{workplace.addresses.report}#benchmarks"),
        }
    )


@dg.asset_check(
    asset=bfcl_scores,
    description="Every score is over all entries of its category, none of which the server refused.",
)
def scores_are_comparable(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """Look at every score there is: the check has no partition of its own."""
    with open_live(workplace.home, ("benchmark_runs",)) as connection:
        found = connection.execute(read_sql("reports", "incomparable_scores")).fetchall()
    lines = "\n".join(f"- {name} on {part}: {why}" for name, part, why in found)
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"scores": len(found), "which": dg.MetadataValue.md(lines or "none")},
    )


EVALUATION_ASSETS = (bfcl_generation, bfcl_scores, benchmark_report)
EVALUATION_CHECKS = (scores_are_comparable,)


def _partition(context: dg.AssetExecutionContext) -> tuple[str, str]:
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    return key.keys_by_dimension["evaluated_model"], key.keys_by_dimension["category"]


def _warn(context: dg.AssetExecutionContext, found: Generation) -> None:
    if found.refused:
        context.log.warning(
            "%d entries got no answer because the server refused a request, mostly for its length: they "
            "count as wrong, as BFCL counts them; serve the model with a longer context",
            found.refused,
        )
    if found.unparsed:
        context.log.warning(
            "%d answers hold the marks of a call that the server did not parse: switch its tool parser on "
            "(vLLM: --enable-auto-tool-choice --tool-call-parser), or evaluate with --mode prompt",
            found.unparsed,
        )


def _generated(found: Generation) -> dict[str, Any]:
    counted = ("entries", "whole", "failed", "refused", "unparsed", "requests", "bought", "input_tokens")
    told: dict[str, Any] = {name: getattr(found, name) for name in (*counted, "output_tokens", "seconds")}
    told |= {"dagster/partition_row_count": found.entries, "harness": found.package}
    return told if found.cost is None else told | {"cost_usd": found.cost}


def _scored(found: Score) -> dict[str, Any]:
    counted = ("entries", "whole", "correct", "accuracy", "oracle", "floor", "refused", "harness")
    told: dict[str, Any] = {name: getattr(found, name) for name in counted}
    return told | {
        "strict_accuracy": found.strict / found.entries,
        "interval": f"{found.low:.1%} to {found.high:.1%}",
        "decontamination": found.decontamination,
        "dagster/partition_row_count": found.entries,
        **{f"error/{name}": count for name, count in found.error_types.items()},
    }
