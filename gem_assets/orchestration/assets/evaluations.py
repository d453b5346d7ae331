"""Evaluation as assets: one partition per evaluated model and part of a benchmark, and what must hold of it.

Thin: the work is in `evaluation/`.
"""

import asyncio
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import dagster as dg

from gem_assets.evaluation.answering import Answering
from gem_assets.evaluation.benchmark_files import LIMIT_TAG, PARTS, THREADS_TAG
from gem_assets.evaluation.bfcl_generation import generate
from gem_assets.evaluation.bfcl_scoring import Score, score
from gem_assets.evaluation.evaluated_models import EvaluationError, evaluated_names, recall
from gem_assets.evaluation.progress import Tell
from gem_assets.evaluation.tau2_scoring import Tau2Score, score_tau2
from gem_assets.evaluation.tau2_simulation import simulate
from gem_assets.llm.stopping import run_until_stopped
from gem_assets.orchestration.assets.metadata import column_schema_of
from gem_assets.orchestration.assets.partitions import add_missing, one_run_per_shard
from gem_assets.orchestration.assets.shards import Materialized
from gem_assets.orchestration.resources.progress import progress_teller
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.records.base import content_hash
from gem_assets.reports.benchmarks.scores import read_benchmarks
from gem_assets.reports.benchmarks.text import markdown_benchmarks
from gem_assets.reports.yields.yield_report import write_report
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql

_Answers = TypeVar("_Answers", bound=Answering)
_Verdict = TypeVar("_Verdict")

evaluated_models = dg.DynamicPartitionsDefinition(name="evaluated_models")
tau2_parts = dg.MultiPartitionsDefinition(
    {"evaluated_model": evaluated_models, "domain": dg.StaticPartitionsDefinition(PARTS["tau2"])}
)
bfcl_parts = dg.MultiPartitionsDefinition(
    {"evaluated_model": evaluated_models, "category": dg.StaticPartitionsDefinition(PARTS["bfcl"])}
)


def register_evaluated_models(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every evaluated model a partition; returns those that are new."""
    return add_missing(instance, "evaluated_models", evaluated_names(home))


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
    found = _answered(context, workplace, generate, "bfcl_generation", threads=16)
    return dg.MaterializeResult(metadata=_counted(found, "entries"))


@evaluation_asset("bfcl_scores", bfcl_generation)
def bfcl_scores(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Materialized:
    """The official checker's verdict on each entry, after it has proven itself on known answers."""
    found = _scored(context, workplace, score)
    if not found.is_whole:
        context.log.warning("%d of %d entries: a trial, not a score", found.entries, found.whole)
    version = content_hash([found.correct, found.strict, found.entries, dict(found.error_types)])
    return dg.MaterializeResult(metadata=_told_bfcl(found), data_version=dg.DataVersion(version))


@evaluation_asset("tau2_simulations", partitions=tau2_parts)
def tau2_simulation(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Conversations of a model with tau2-bench's simulated users, four of each task, run by the harness."""
    found = _answered(context, workplace, simulate, "tau2_simulation", threads=4)
    return dg.MaterializeResult(metadata=_counted(found, "tasks") | {"user_model": found.user_model})


@evaluation_asset("tau2_scores", tau2_simulation, partitions=tau2_parts)
def tau2_scores(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> Materialized:
    """How often each task was solved: Avg@4, Pass@k and pass^k, by tau2-bench's own evaluator."""
    found = _scored(context, workplace, score_tau2)
    version = content_hash([found.tasks, dict(found.metrics)])
    return dg.MaterializeResult(metadata=_told_tau2(found), data_version=dg.DataVersion(version))


@dg.asset(
    deps=[dg.AssetDep(one, partition_mapping=dg.AllPartitionMapping()) for one in (bfcl_scores, tau2_scores)],
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


EVALUATION_ASSETS = (bfcl_generation, bfcl_scores, tau2_simulation, tau2_scores, benchmark_report)
EVALUATION_CHECKS = (scores_are_comparable,)


def _answered(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    ask: Callable[..., Coroutine[Any, Any, _Answers]],
    asset: str,
    threads: int,
) -> _Answers:
    """Have a model answer the partition's part; fails the asset where not all of it was answered."""
    name, part = _partition(context)
    wanted = _wanted(context, asset, f"{name} {part}", threads)
    try:
        evaluated = recall(workplace.home, name)
        found = run_until_stopped(ask(workplace.configuration, evaluated, part, context.run.run_id, **wanted))
        _warn(context, found)
        found.check()
    except (EvaluationError, StoreError, ValueError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return found


def _scored(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    score_part: Callable[..., Coroutine[Any, Any, _Verdict]],
) -> _Verdict:
    name, part = _partition(context)
    try:
        evaluated = recall(workplace.home, name)
        return asyncio.run(score_part(workplace.configuration, evaluated, part, context.run.run_id))
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def _partition(context: dg.AssetExecutionContext) -> tuple[str, str]:
    key = context.partition_key
    assert isinstance(key, dg.MultiPartitionKey)
    keys = dict(key.keys_by_dimension)
    name = keys.pop("evaluated_model")
    return name, next(iter(keys.values()))


def _wanted(context: dg.AssetExecutionContext, asset: str, about: str, threads: int) -> dict[str, Any]:
    """Read what the run's tags say about how much and how fast, and where to tell of progress."""
    limit = context.run.tags.get(LIMIT_TAG)
    tell = progress_teller(asset, about)

    def told(state: Tell) -> None:
        tell(state.done, state.total, state.note)

    return {
        "limit": int(limit) if limit else None,
        "threads": int(context.run.tags.get(THREADS_TAG, threads)),
        "tell": told,
    }


def _warn(context: dg.AssetExecutionContext, found: Answering) -> None:
    if found.refused:
        context.log.warning(
            "%d got no answer because the server refused a request, mostly for its length: they count as "
            "wrong; serve the model with a longer context",
            found.refused,
        )
    if found.unparsed:
        context.log.warning(
            "%d answers hold the marks of a call that the server did not parse: switch its tool parser on "
            "(vLLM: --enable-auto-tool-choice --tool-call-parser), or evaluate with --mode prompt",
            found.unparsed,
        )


def _counted(found: Answering, what: str) -> dict[str, Any]:
    counted = (what, "whole", "failed", "refused", "unparsed", "requests", "bought", "input_tokens")
    told: dict[str, Any] = {name: getattr(found, name) for name in (*counted, "output_tokens", "seconds")}
    told |= {"harness": found.package}
    return told if found.cost is None else told | {"cost_usd": found.cost}


def _told_bfcl(found: Score) -> dict[str, Any]:
    counted = ("entries", "whole", "correct", "accuracy", "oracle", "floor", "refused", "harness")
    told: dict[str, Any] = {name: getattr(found, name) for name in counted}
    return told | {
        "strict_accuracy": found.strict / found.entries,
        "interval": f"{found.low:.1%} to {found.high:.1%}",
        "decontamination": found.decontamination,
        "dagster/partition_row_count": found.entries,
        **{f"error/{name}": count for name, count in found.error_types.items()},
    }


def _told_tau2(found: Tau2Score) -> dict[str, Any]:
    counted = ("tasks", "whole", "oracle", "floor", "harness", "decontamination")
    told: dict[str, Any] = {name: getattr(found, name) for name in counted}
    endings = {f"ended/{name}": count for name, count in found.terminations.items()}
    return told | dict(found.metrics) | endings | {"dagster/partition_row_count": found.tasks}
