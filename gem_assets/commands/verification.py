"""Commands that check trajectories, whoever made them."""

import sys
from pathlib import Path
from typing import Any, Literal

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


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


@click.command("calibrate-judge")
@click.option(
    "--cases",
    type=click.Choice(["shipped", "home"]),
    default="shipped",
    show_default=True,
    help="Clean trajectories to plant defects into: a small set of ours, or your own without a finding.",
)
@click.option("--limit", type=click.IntRange(1), help="Clean trajectories to take (home: 20).")
@click.option("--samples", type=click.IntRange(1, 9), default=3, show_default=True, help="Verdicts on each.")
@click.option("--findings", is_flag=True, help="Show the judge the warnings, as stage 5 does.")
@click.option("--budget", type=click.FloatRange(0), help="US dollars this may spend: a hard stop.")
@with_home
def calibrate_judge(configuration: RunConfiguration, **options: Any) -> None:  # noqa: ANN401
    """Measure the judge on planted defects: sensitivity by kind, false alarms, agreement, price."""
    from gem_assets.commands.judge_calibration import calibrate

    sys.exit(calibrate(configuration, options, click.echo, lambda line: click.echo(line, err=True)))
