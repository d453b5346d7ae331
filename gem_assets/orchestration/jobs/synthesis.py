"""Close the loop: train a Synthesizer, serve it, let it write trajectories, check them like any others."""

from collections.abc import Callable, Iterator, Sequence

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.command import run_dataset
from gem_assets.datasets.recipe_staleness import stale_reason
from gem_assets.datasets.recipes import load_recipe
from gem_assets.reports.comparison.ways import read_ways, ways_text
from gem_assets.stages.synthesizing import synthesize_shards
from gem_assets.store.stage_runs import StageRun
from gem_assets.training.command import Wanted, run_train
from gem_assets.training.runs import find_model
from gem_assets.training.serving import serving
from gem_assets.training.trainer import find_trainer

Echo = Callable[[str], None]


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
    """Let the role synthesizer write and check, and say how it compares; returns the exit code."""
    runs = synthesize_shards(configuration, shards, limit, lambda run: echo("\n".join(_told(run))))
    echo(ways_text(read_ways(configuration.home)))
    broken = sum(run.failed - run.reasons.get("cancelled", 0) for run in runs)
    return 1 if broken > configuration.settings.maximum_failed * sum(run.inputs for run in runs) else 0


def _told(run: StageRun) -> Iterator[str]:
    later = run.reasons.get("cancelled", 0)
    yield (
        f"{run.shard}  {run.asset}: {run.kept} kept, {run.rejected} rejected, {run.failed - later} failed"
        + (f", {later} left for later" if later else "")
    )
    for reason, count in run.reasons.items():
        if reason != "cancelled":
            yield f"    {count} {reason}"
