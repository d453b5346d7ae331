"""Commands that train models on a recipe's rows."""

import sys
from typing import Any

import click

from gem_assets.commands.prepared import with_home
from gem_assets.settings import Settings


@click.command()
@click.argument("task", type=click.Choice(["synthesizer", "policy"]))
@click.option("--recipe", default="default", show_default=True, help="Rows of this recipe, or its TOML file.")
@click.option(
    "--config", "configuration", default="smoke", show_default=True, help="A configuration, or its TOML file."
)
@click.option("--base", help="A model's folder or name to start from, instead of the configuration's.")
@click.option("--dry-run", is_flag=True, help="Say what would run and what it takes, and train nothing.")
@with_home
def train(settings: Settings, environment: dict[str, str], **wanted: Any) -> None:  # noqa: ANN401
    """Train a model; interrupted at any time, the same command goes on from the last checkpoint."""
    from gem_assets.training.command import Wanted, run_train

    sys.exit(run_train(settings, environment, Wanted(**wanted), click.echo))
