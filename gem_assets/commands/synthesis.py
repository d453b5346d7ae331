"""`gem synthesize`, `gem synthesizer-loop`: train a Synthesizer, serve it, let it write, check that."""

from collections.abc import Iterator, Sequence
from typing import Any

from gem_assets.commands.dataset_builds import run_dataset
from gem_assets.commands.running import Echo, all_done, materialise
from gem_assets.commands.trainings import Wanted, run_train
from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.recipe_staleness import stale_reason
from gem_assets.datasets.recipes import load_recipe
from gem_assets.llm.protocol import StopRunError
from gem_assets.orchestration.runs.launch import Done, JobOrder
from gem_assets.reports.comparison.ways import read_ways, ways_text
from gem_assets.stages.catalog import SYNTHESIZED, own_stages
from gem_assets.stages.synthesizing import allot_procedures
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import StageRun, current_stage_run
from gem_assets.training.runs import find_model
from gem_assets.training.serving import serving
from gem_assets.training.trainer import find_trainer


def run_loop(
    configuration: RunConfiguration,
    wanted: Wanted,
    shards: Sequence[str],
    limit: int | None,
    echo: Echo,
) -> int:
    """Choose rows, train, serve, synthesize, verify; returns the exit code, 1 where a step came to nothing.

    The recipe's data set is built where today's trajectories would make another of it. A Synthesizer that
    writes nothing fit to keep is an outcome like another, and told as such.
    """
    home = configuration.home
    recipe = load_recipe(wanted.recipe, home)
    stale = stale_reason(home, recipe) is not None
    code = run_dataset(configuration, wanted.recipe, False, echo) if stale else 0
    code = code or run_train(configuration, wanted, echo)
    if code:
        return code
    model = find_model(home, "synthesizer", recipe.name)
    with serving(find_trainer(configuration), model, configuration.child_environment) as served:
        echo(f"serving   {served.name} at {served.base_url}")
        asking = configuration.with_models(served.settings_for("synthesizer"))
        return run_synthesize(asking, shards, limit, echo)


def run_synthesize(
    configuration: RunConfiguration, shards: Sequence[str], limit: int | None, echo: Echo
) -> int:
    """Let the role synthesizer write and check, and say how it compares; returns the exit code.

    Raises:
        ConfigurationError: no model is set for the role synthesizer.
        StoreError: stage 1 has not been run on a shard.
        StopRunError: a setting of the model is wrong; what was finished is written.
    """
    home, runs = configuration.home, list[StageRun]()
    orders = [
        JobOrder(None, job="synthesizer", partition=shard, config=_limited(most))
        for shard, most in allot_procedures(configuration, shards, limit).items()
    ]

    def ended(done: Done) -> None:
        written = _written(home, done)
        runs.extend(written)
        for run in written:
            echo("\n".join(_told(run)))

    results = materialise(configuration, orders, echo, ended)
    for done in results:
        if done.stops:
            raise StopRunError(done.problem or "the run was stopped")
    echo(ways_text(read_ways(home)))
    broken = sum(run.failed - run.reasons.get("cancelled", 0) for run in runs)
    too_many = broken > configuration.settings.maximum_failed * sum(run.inputs for run in runs)
    return 1 if too_many or not all_done(orders, results) else 0


def _limited(most: int | None) -> dict[str, Any]:
    return {"resources": {"options": {"config": {"limit": most}}}}


def _written(home: Home, done: Done) -> list[StageRun]:
    """Read what a run wrote of its shard, stage by stage."""
    assert isinstance(done.order, JobOrder)
    shard = str(done.order.partition)
    found = [current_stage_run(home, stage.asset, shard) for stage in own_stages(SYNTHESIZED)]
    return [run for run in found if run is not None and run.run_id == done.run_id]


def _told(run: StageRun) -> Iterator[str]:
    later = run.reasons.get("cancelled", 0)
    yield (
        f"{run.shard}  {run.asset}: {run.kept} kept, {run.rejected} rejected, {run.failed - later} failed"
        + (f", {later} left for later" if later else "")
    )
    for reason, count in run.reasons.items():
        if reason != "cancelled":
            yield f"    {count} {reason}"
