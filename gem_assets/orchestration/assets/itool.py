"""Asset 10: rounds of iTool campaigns, one partition per round: difficulty, trees, pairs, model, evaluation.

Thin: the work is in `itool/rounds`. A round's partition is named like a shard, `campaign-00001`.
"""

import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.build import build_all
from gem_assets.datasets.dataset_files import written_run
from gem_assets.datasets.recipes import load_recipe
from gem_assets.itool.rounds.campaign import Campaign, campaign_names, load_campaign
from gem_assets.itool.rounds.campaign_run import begin_round, read_result, why_stop
from gem_assets.itool.rounds.learning import model_of
from gem_assets.itool.rounds.measuring import error_shares, evaluate, measure_difficulty
from gem_assets.itool.rounds.round_files import read_round_rows, round_key, split_key, written_version
from gem_assets.itool.rounds.searching import make_pairs, search_round
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.search.policy import PolicyError
from gem_assets.orchestration.assets.metadata import column_schema_of
from gem_assets.orchestration.assets.partitions import add_missing, one_run_per_shard
from gem_assets.orchestration.assets.shards import Materialized
from gem_assets.orchestration.resources.policies import RunPolicies
from gem_assets.orchestration.resources.progress import report_line
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.reports.itool.search_trees import write_trees
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError
from gem_assets.store.named_files import FILE_TAG
from gem_assets.training.launching import StoppedError
from gem_assets.training.runs import read_training

itool_rounds = dg.DynamicPartitionsDefinition(name="itool_rounds")


def register_rounds(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Make every round of every campaign that is shipped or in GEM_HOME a partition; returns the new ones."""
    wanted = [
        round_key(name, number)
        for name in campaign_names(home)
        for number in range(1, load_campaign(name, home).rounds + 1)
    ]
    return add_missing(instance, "itool_rounds", wanted)


def round_asset(
    *deps: dg.AssetsDefinition, table: str | None = None, kinds: frozenset[str] = frozenset({"duckdb"})
) -> Callable[[Callable[..., Materialized]], dg.AssetsDefinition]:
    """Declare what the assets of a round have in common; name and description are the function's."""

    def declare(compute: Callable[..., Materialized]) -> dg.AssetsDefinition:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy is beta in Dagster 1.13
            return dg.asset(
                deps=deps,
                kinds=set(kinds),
                partitions_def=itool_rounds,
                backfill_policy=one_run_per_shard,
                group_name="itool",
                metadata={"dagster/table_name": table, **column_schema_of(table)} if table else {},
                # No retry policy: it would also try again what somebody has just cancelled. What was searched
                # and trained stays, so that materialising the round again goes on where it broke.
            )(compute)

    return declare


@round_asset(table="itool_items", kinds=frozenset({"duckdb", "pytorch"}))
def difficulty(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """How hard each training item is for the policy before the round: the perplexity of gold, by rank."""
    return _step(context, workplace, policies, _measure, "itool_items")


@round_asset(difficulty)
def selection(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """The hardest items, with and without a call apart: what the round searches."""
    return _step(context, workplace, policies, _select, "itool_items")


@round_asset(selection, table="search_nodes", kinds=frozenset({"duckdb", "pytorch"}))
def search_trees(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """A Monte Carlo search tree over the fragments of each selected turn."""
    return _step(context, workplace, policies, _search, "search_turns")


@round_asset(search_trees, table="preference_pairs")
def preference_pairs(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """Better against worse fragment where trees fork, each with its kind of error."""
    return _step(context, workplace, policies, _pair, "preference_pairs", page=True)


@round_asset(preference_pairs, kinds=frozenset({"pytorch", "huggingface"}))
def policy_round_model(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """The policy after the round: preference optimisation on its pairs, adapters merged."""
    return _step(context, workplace, policies, _train)


@round_asset(policy_round_model, table="itool_evaluations", kinds=frozenset({"duckdb", "pytorch"}))
def round_evaluation(
    context: dg.AssetExecutionContext,
    workplace: dg.ResourceParam[Workplace],
    policies: dg.ResourceParam[RunPolicies],
) -> Materialized:
    """What the round's policy gets wrong in held-out turns, beside the policy before it."""
    return _step(context, workplace, policies, _evaluate, "itool_evaluations")


ITOOL_ASSETS = (
    difficulty,
    selection,
    search_trees,
    preference_pairs,
    policy_round_model,
    round_evaluation,
)


def _step(
    context: dg.AssetExecutionContext,
    workplace: Workplace,
    policies: RunPolicies,
    work: Callable[[Site, int], dict[str, Any]],
    table: str | None = None,
    page: bool = False,
) -> Materialized:
    def told(line: str) -> None:
        context.log.info("%s", line)
        report_line(line)

    try:
        name, number = split_key(context.partition_key)
        file = context.run.tags.get(FILE_TAG, name)
        campaign = load_campaign(file, workplace.home)
        lock = workplace.home.locks / "itool" / f"{campaign.name}.lock"
        with only_writer(lock, f"the campaign {campaign.name}"):
            _build_rows(workplace.configuration, campaign, context.run.run_id, told)
            site = Site(workplace.configuration, campaign, context.run.run_id, told)
            site = policies.held_by(site)
            metadata = work(site, number)
        # What a step's rows were made from; the model's name ends in a hash of that.
        made = table and written_version(workplace.home, table, context.partition_key)
        version = made or model_of(site, number).name
    except StoreError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except (PolicyError, StoppedError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if page:
        metadata["trees"] = dg.MetadataValue.url(workplace.addresses.trees(context.partition_key))
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(version))


def _build_rows(
    configuration: RunConfiguration, campaign: Campaign, run_id: str, told: Callable[[str], None]
) -> None:
    """Build the training rows of a campaign's recipe where that was never done."""
    if campaign.recipe is None:
        return
    recipe = load_recipe(campaign.recipe, configuration.home)
    if written_run(configuration.home, "policy_examples", recipe.name) is None:
        told(f"building the data set {recipe.name}")
        build_all(configuration, recipe, run_id)


def _measure(site: Site, number: int) -> dict[str, Any]:
    model = model_of(site, number - 1)
    begin_round(site, number, model)
    rows = measure_difficulty(site, number, model)
    ranked = sorted(row["perplexity"] for row in rows)
    return {
        "items": len(rows),
        "policy": rows[0]["policy"],
        "median_perplexity": ranked[len(ranked) // 2],
        "highest_perplexity": ranked[-1],
    }


def _select(site: Site, number: int) -> dict[str, Any]:
    rows = read_round_rows(site.home, "itool_items", round_key(site.campaign.name, number))
    selected = [row for row in rows if row["selected"]]
    return {
        "selected": len(selected),
        "with_tool": sum(row["with_tool"] for row in selected),
        "searched_before": sum(row["times_selected"] > 1 for row in selected),
    }


def _search(site: Site, number: int) -> dict[str, Any]:
    key = round_key(site.campaign.name, number)
    searched = search_round(site, number, model_of(site, number - 1))
    rewards = [row["reward"] for row in read_round_rows(site.home, "search_turns", key)]
    return {
        "searched": searched,
        "turns": len(rewards),
        "mean_reward": sum(rewards) / len(rewards) if rewards else 0.0,
    }


def _pair(site: Site, number: int) -> dict[str, Any]:
    key = round_key(site.campaign.name, number)
    rows = make_pairs(site, number)
    write_trees(site.home, key)
    errors = [row["error_type"] for row in rows]
    return {
        "pairs": len(rows),
        "pairs_per_item": read_result(site, number).pairs_per_item,
        **{f"error/{error}": errors.count(error) for error in sorted(set(errors))},
    }


def _train(site: Site, number: int) -> dict[str, Any]:
    model = model_of(site, number)
    if model == model_of(site, number - 1):
        return {"model": dg.MetadataValue.path(model), "trained": False}
    told = read_training(model)
    shown = ("steps", "seconds", "rows", "too_long", "margin_first", "margin_last", "accuracy_last", "device")
    return {
        "model": dg.MetadataValue.path(model),
        "trained": True,
        "loss_first": told["curve"][0][1],
        "loss_last": told["curve"][-1][1],
        **{name: told[name] for name in shown if name in told},
    }


def _evaluate(site: Site, number: int) -> dict[str, Any]:
    evaluate(site, number - 1, model_of(site, number - 1))
    rows = evaluate(site, number, model_of(site, number))
    result = read_result(site, number)
    figures = {"accuracy_before": result.before, "accuracy": result.after}
    return {
        "held_out": len(rows),
        **{name: value for name, value in figures.items() if value is not None},
        **{f"error/{error}": share for error, share in error_shares(rows).items()},
        "stop": why_stop(site, result) or "another round is worth it",
    }
