"""Assets 6 and 7: a recipe's data set and its training rows, one partition per recipe, and their check.

Thin: the work is in `datasets/`.
"""

import json
import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from gem_assets.datasets.build import DatasetRun, build_dataset
from gem_assets.datasets.dataset_files import read_recipe_rows
from gem_assets.datasets.examples import Kind, write_examples
from gem_assets.datasets.recipes import load_recipe, recipe_names
from gem_assets.datasets.tokens import estimate_packing
from gem_assets.orchestration.assets.metadata import column_schema
from gem_assets.orchestration.assets.partitions import add_missing, defined_by, one_run_per_shard
from gem_assets.orchestration.assets.shards import STAGE_ASSETS, Materialized
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.records.trajectory import Trajectory
from gem_assets.stages.catalog import stage_of
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql, sql_names

recipes = dg.DynamicPartitionsDefinition(name="recipes")

# A recipe reads one of these over all shards; which, its file says.
_TAKEN_FROM = [asset for name, asset in STAGE_ASSETS.items() if stage_of(name).gives is Trajectory]

_CHECKED = ("contamination_hits", "trajectory_dataset_outcomes", "dataset_runs")

# As many hits as a reader takes in.
_QUOTED = 20


def register_recipes(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every shipped recipe and every one in GEM_HOME/recipes a partition; returns those that are new."""
    return add_missing(instance, "recipes", recipe_names(home))


def recipe_asset(
    *deps: dg.AssetsDefinition | dg.AssetDep,
) -> Callable[[Callable[..., Materialized]], dg.AssetsDefinition]:
    """Declare what the assets of a recipe have in common; name and description are the function's."""

    def declare(compute: Callable[..., Materialized]) -> dg.AssetsDefinition:
        name = compute.__name__
        shown = column_schema(name) if f"{name}_outcomes" in sql_names("tables") else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
            return dg.asset(
                deps=deps,
                kinds={"duckdb"},
                partitions_def=recipes,
                backfill_policy=one_run_per_shard,
                group_name="datasets",
                metadata={"dagster/table_name": name, **shown},
            )(compute)

    return declare


@recipe_asset(*(dg.AssetDep(asset, partition_mapping=dg.AllPartitionMapping()) for asset in _TAKEN_FROM))
def trajectory_dataset(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Trajectories chosen by a recipe: deduplicated, decontaminated, split by document."""
    try:
        recipe = load_recipe(defined_by(context), workplace.home)
        run = build_dataset(workplace.settings, recipe, context.run.run_id)
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if not run.kept:
        context.log.warning("the recipe %s kept nothing: %s", recipe.name, run.reasons or "no input")
    return dg.MaterializeResult(metadata=_metadata(run), data_version=dg.DataVersion(run.data_version))


@recipe_asset(trajectory_dataset)
def policy_examples(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Messages and tools in the OpenAI shape, to train an agent."""
    return _examples(context, workplace, "policy_examples")


@recipe_asset(trajectory_dataset)
def synthesizer_examples(
    context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
) -> Materialized:
    """Instruction and text, answered by tools and dialogue, to train the Trajectory Synthesizer."""
    return _examples(context, workplace, "synthesizer_examples")


@dg.asset_check(
    asset=trajectory_dataset,
    blocking=True,
    description="Nothing chosen by any recipe has words of a benchmark's user messages, tasks or policies.",
)
def decontaminated(workplace: dg.ResourceParam[Workplace]) -> dg.AssetCheckResult:
    """Look at every recipe's choice: the check has no partition of its own."""
    with open_live(workplace.home, _CHECKED) as connection:
        connection.execute(read_sql("views", "latest_dataset_runs"))
        found = connection.execute(read_sql("checks", "decontamination")).fetchall()
        runs = connection.execute("SELECT recipe, contamination FROM latest_dataset_runs").fetchall()
    quoted = [
        f'{recipe} {record_id}, {benchmark}, {place}: "{quote}"'
        for recipe, _, record_id, benchmark, place, quote in found[:_QUOTED]
    ]
    unchecked = [
        f"{recipe}: {benchmark} {said}"
        for recipe, statuses in runs
        for benchmark, said in json.loads(statuses).items()
        if said.startswith("not checked")
    ]
    return dg.AssetCheckResult(
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "trajectories": len({(row[0], row[2]) for row in found}),
            "hits": dg.MetadataValue.md("\n".join(f"- {line}" for line in quoted) or "none"),
            "not_checked": "; ".join(sorted(unchecked)) or "nothing",
        },
    )


DATASET_ASSETS = (trajectory_dataset, policy_examples, synthesizer_examples)


def _examples(context: dg.AssetExecutionContext, workplace: Workplace, kind: Kind) -> Materialized:
    try:
        rows = write_examples(workplace.configuration, context.partition_key, kind)
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    with open_memory() as connection:
        found = read_recipe_rows(connection, workplace.home, kind, context.partition_key)
    lengths = [row["token_count"] for row in found]
    packing = estimate_packing(lengths)
    return dg.MaterializeResult(
        metadata={
            "dagster/partition_row_count": rows,
            "tokens": sum(lengths),
            "longest": max(lengths, default=0),
            "over_32k": packing.too_long,
            "packs_of_32k": packing.packs,
            "token_counter": found[0]["token_counter"] if found else "",
        }
    )


def _metadata(run: DatasetRun) -> dict[str, Any]:
    wholes = {metric.name: metric.value for metric in run.metrics if not metric.label}
    return {
        "inputs": run.inputs,
        "kept": run.kept,
        "rejected": run.rejected,
        "dagster/partition_row_count": run.inputs,
        **{f"reason/{reason}": count for reason, count in run.reasons.items()},
        **{f"split/{split}": count for split, count in run.splits.items()},
        **{f"contamination/{name}": said for name, said in run.contamination.items()},
        "contaminated_kept": run.blocking_hits,
        "tools_alike": run.warning_hits,
        **wholes,
    }
