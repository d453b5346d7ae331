"""The command that repairs a policy."""

import sys

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.option("--campaign", default="smoke", show_default=True, help="A campaign's name, or its TOML file.")
@click.option("--smoke", is_flag=True, help="The campaign smoke: the whole loop in minutes on a CPU.")
@click.option("--report", "only_report", is_flag=True, help="Print the deficiency report, and run nothing.")
@with_home
def itool(configuration: RunConfiguration, campaign: str, smoke: bool, only_report: bool) -> None:
    """Find what a policy gets wrong, fragment by fragment, and train it on preference pairs; resumable."""
    from gem_assets.commands.campaigns import report, run_itool
    from gem_assets.itool.rounds.campaign import load_campaign

    name = "smoke" if smoke else campaign
    if only_report:
        home = configuration.home
        click.echo(report(home, load_campaign(name, home).name))
        return
    sys.exit(run_itool(configuration, name, click.echo))
