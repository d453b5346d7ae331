"""Commands that make training data out of validated trajectories."""

import sys
from pathlib import Path

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.option("--recipe", default="default", show_default=True, help="A recipe's name, or its TOML file.")
@click.option("--diff", is_flag=True, help="Say what changed since the last build, and build nothing.")
@with_home
def dataset(configuration: RunConfiguration, recipe: str, diff: bool) -> None:
    """Build a recipe's dataset: near-duplicates out, checked against benchmarks, split by document."""
    from gem_assets.commands.dataset_builds import run_dataset

    sys.exit(run_dataset(configuration, recipe, diff, click.echo))


@click.command()
@click.option("--format", "format_name", required=True, help="A trainer's format; an unknown one lists them.")
@click.option("--recipe", default="default", show_default=True, help="A recipe's name, or its TOML file.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A folder that is new or empty.")
@with_home
def export(configuration: RunConfiguration, format_name: str, recipe: str, out: Path) -> None:
    """Write a recipe's dataset as a trainer loads it, with its configuration."""
    from gem_assets.commands.dataset_builds import run_export

    sys.exit(run_export(configuration.home, recipe, format_name, out, click.echo))
