"""Commands that train models on a recipe's rows, and put a Synthesizer to work."""

import sys
from typing import Any

import click

from gem_assets.commands.prepared import choose_shards, with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.argument("task", type=click.Choice(["synthesizer", "policy"]))
@click.option("--recipe", default="default", show_default=True, help="Rows of this recipe, or its TOML file.")
@click.option(
    "--config", "configuration", default="smoke", show_default=True, help="A configuration, or its TOML file."
)
@click.option("--base", help="A model's folder or name to start from, instead of the configuration's.")
@click.option("--dry-run", is_flag=True, help="Say what would run and what it takes, and train nothing.")
@with_home
def train(configuration: RunConfiguration, /, **wanted: Any) -> None:  # noqa: ANN401
    """Train a model; interrupted at any time, the same command goes on from the last checkpoint."""
    from gem_assets.commands.trainings import Wanted, run_train

    sys.exit(run_train(configuration, Wanted(**wanted), click.echo))


@click.command()
@click.option("--corpus", help="Only this corpus.")
@click.option("--shard", "shards", multiple=True, help="Only this shard; may be given several times.")
@click.option("--limit", type=click.IntRange(1), help="A pilot: so many documents at most.")
@with_home
def synthesize(
    configuration: RunConfiguration,
    corpus: str | None,
    shards: tuple[str, ...],
    limit: int | None,
) -> None:
    """Let the Synthesizer (GEM_SYNTHESIZER_MODEL) write trajectories, and check them like any others."""
    from gem_assets.commands.synthesis import run_synthesize

    chosen = choose_shards(configuration.home, corpus, shards)
    sys.exit(run_synthesize(configuration, chosen, limit, click.echo))


@click.command("synthesizer-loop")
@click.option("--recipe", default="default", show_default=True, help="Rows of this recipe, or its TOML file.")
@click.option(
    "--config", "configuration", default="smoke", show_default=True, help="A configuration, or its TOML file."
)
@click.option("--corpus", help="Synthesize from this corpus only.")
@click.option(
    "--limit", type=click.IntRange(1), default=6, show_default=True, help="Documents to synthesize from."
)
@click.option("--as-it-is", is_flag=True, help="Set out from the shards as they are: run no stage first.")
@with_home
def synthesizer_loop(
    run_configuration: RunConfiguration,
    recipe: str,
    configuration: str,
    corpus: str | None,
    limit: int,
    as_it_is: bool,
) -> None:
    """Carry shards through the pipeline, train a small Synthesizer, serve it, synthesize, verify, compare."""
    from gem_assets.commands.shard_runs import Wanted as Pipeline
    from gem_assets.commands.shard_runs import run_shards
    from gem_assets.commands.synthesis import run_loop
    from gem_assets.commands.trainings import Wanted

    chosen = choose_shards(run_configuration.home, corpus, ())
    wanted = Wanted("synthesizer", recipe, configuration)
    code = 0 if as_it_is else run_shards(run_configuration, chosen, Pipeline())
    sys.exit(code or run_loop(run_configuration, wanted, chosen, limit, click.echo))
