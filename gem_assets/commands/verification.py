"""Commands that check trajectories, whoever made them."""

import sys
from pathlib import Path
from typing import Literal

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    type=click.Choice(["gem", "openai"]),
    default="openai",
    show_default=True,
    help="gem: one call per round; openai: parallel calls are legal.",
)
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="Findings to print.")
def verify(file: Path, profile: Literal["gem", "openai"], limit: int) -> None:
    """Check a file of trajectories (OpenAI, ShareGPT, TRL, Hermes); exit 1 where any is rejected."""
    from gem_assets.reports.verification_text import verification_text
    from gem_assets.verification.foreign.verify_file import verify_file

    verified, summary = verify_file(file, profile)
    click.echo(verification_text(verified, summary, limit))
    sys.exit(1 if summary.rejected else 0)
