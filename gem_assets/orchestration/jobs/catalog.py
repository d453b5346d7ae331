"""Jobs people launch, one per natural unit of work; what can be chosen is typed here and in `RunOptions`."""

import dagster as dg
from pydantic import Field

from gem_assets.orchestration.assets.datasets import DATASET_ASSETS
from gem_assets.orchestration.assets.evaluations import (
    benchmark_report,
    bfcl_generation,
    bfcl_scores,
    tau2_scores,
    tau2_simulation,
)
from gem_assets.orchestration.assets.itool import ITOOL_ASSETS
from gem_assets.orchestration.assets.models import MODEL_ASSETS
from gem_assets.orchestration.assets.shards import RESULT_ASSETS, SHARD_ASSETS, STAGE_ASSETS
from gem_assets.orchestration.assets.tables import warehouse, yield_report
from gem_assets.orchestration.instance.backfill import LaunchError, launch_stale
from gem_assets.orchestration.jobs.loop import synthesizer_loop
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.reports.costs.forecast import forecast
from gem_assets.stages.catalog import SYNTHESIZED, own_stages
from gem_assets.store.home import StoreError
from gem_assets.store.raw import shard_names


def _options(**chosen: object) -> dict[str, object]:
    # Written out in the launchpad, so that nobody has to know the names; null is: as the environment says.
    return {"resources": {"options": {"config": chosen}}}


synthesise_job = dg.define_asset_job(
    "synthesise",
    selection=dg.AssetSelection.assets(*SHARD_ASSETS).without_checks(),
    config=_options(
        limit=None, budget=None, force=True, models={"filter": None, "teacher": None, "judge": None}
    ),
    description="Carry a shard from its raw rows to validated trajectories. Launchpad: limit, budget, force, "
    "models.",
    tags={"gem/unit": "shard"},
)

stages_job = dg.define_asset_job(
    "stages",
    selection=dg.AssetSelection.assets(*STAGE_ASSETS.values()).without_checks(),
    description="Every stage of every way over a shard: what `gem run` picks the stale ones of.",
    tags={"gem/unit": "shard"},
)

validate_job = dg.define_asset_job(
    "validate",
    selection=dg.AssetSelection.assets(RESULT_ASSETS[0]).without_checks(),
    config=_options(budget=None, force=True, models={"judge": None}),
    description="Check a shard's refined trajectories again: rules, verification, judge. Launchpad: budget, "
    "force, another judge.",
    tags={"gem/unit": "shard"},
)

synthesizer_job = dg.define_asset_job(
    "synthesizer",
    selection=dg.AssetSelection.assets(
        *(STAGE_ASSETS[stage.asset] for stage in own_stages(SYNTHESIZED))
    ).without_checks(),
    config=_options(limit=None, budget=None),
    description="Let a trained Synthesizer write trajectories of a shard, and check them. Launchpad: limit, "
    "budget.",
    tags={"gem/unit": "shard"},
)

dataset_job = dg.define_asset_job(
    "dataset",
    selection=list(DATASET_ASSETS),
    description="Build a recipe's dataset and its training examples. A recipe is a partition.",
    tags={"gem/unit": "recipe"},
)

bfcl_job = dg.define_asset_job(
    "bfcl",
    selection=[bfcl_generation, bfcl_scores],
    description="Have a model answer a category of BFCL V3 multi-turn, and score its answers.",
    tags={"gem/unit": "evaluated model and category"},
)

_SMOKE = {"config": {"configuration": "smoke", "base": None}}

train_job = dg.define_asset_job(
    "train",
    selection=list(MODEL_ASSETS),
    config={"ops": {asset.key.to_user_string(): _SMOKE for asset in MODEL_ASSETS}},
    description="Train the Synthesizer and the policy on a recipe. Launchpad: configuration, base.",
    tags={"gem/unit": "recipe"},
)

tau2_job = dg.define_asset_job(
    "tau2",
    selection=[tau2_simulation, tau2_scores],
    description="Have a model serve the simulated users of a domain of tau2-bench, and score it.",
    tags={"gem/unit": "evaluated model and domain"},
)

itool_job = dg.define_asset_job(
    "itool",
    selection=list(ITOOL_ASSETS),
    description="Carry out one round of a campaign: difficulty, search, pairs, training, evaluation. A round "
    "is a partition, and builds on the one before it.",
    tags={"gem/unit": "round"},
)

tables_job = dg.define_asset_job(
    "tables",
    selection=dg.AssetSelection.assets(warehouse, yield_report, benchmark_report)
    | dg.AssetSelection.all_asset_checks(),
    description="Rebuild the warehouse and the yield report, and run every check.",
    tags={"gem/unit": "all"},
)


class StaleOptions(dg.Config):
    """What of all that is stale is wanted."""

    corpus: str | None = Field(default=None, description="Only the shards of this corpus.")
    dry_run: bool = Field(
        default=False,
        description="Launch nothing: say which calls are journaled, which are new, and what they would cost.",
    )


@dg.op
def backfill_what_is_stale(
    context: dg.OpExecutionContext, config: StaleOptions, workplace: dg.ResourceParam[Workplace]
) -> None:
    """Launch one backfill of exactly the shards and assets that `gem stale` lists."""
    try:
        shards = shard_names(workplace.home, config.corpus)
        if config.dry_run:
            told = forecast(workplace.configuration, shards)
            context.log.info("%s", told)
            context.add_output_metadata({"forecast": dg.MetadataValue.md(f"```\n{told}\n```")})
            return
        backfill = launch_stale(workplace.configuration, shards)
    except (LaunchError, StoreError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    if backfill is None:
        context.log.info("nothing is stale")
        return
    address = f"{workplace.addresses.ui}/runs/b/{backfill}"
    context.log.info("backfill launched: %s", address)
    context.add_output_metadata({"backfill": dg.MetadataValue.url(address)})


@dg.job(
    config={"ops": {"backfill_what_is_stale": {"config": {"corpus": None, "dry_run": False}}}},
    description="Backfill what today's prompts, models, settings or text have made stale, and no more.",
    tags={"gem/unit": "all"},
)
def backfill_stale() -> None:
    """One op: find what is stale, launch the backfill."""
    backfill_what_is_stale()


JOBS = (
    synthesise_job,
    stages_job,
    validate_job,
    synthesizer_job,
    dataset_job,
    train_job,
    synthesizer_loop,
    itool_job,
    bfcl_job,
    tau2_job,
    tables_job,
    backfill_stale,
)
