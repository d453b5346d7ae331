"""`gem itool`: have the rounds of a campaign carried out, and print what each came to."""

from gem_assets.commands.running import Echo, all_done, materialise
from gem_assets.configuration import RunConfiguration
from gem_assets.itool.rounds.campaign import load_campaign
from gem_assets.itool.rounds.campaign_run import RoundResult, run_campaign
from gem_assets.itool.rounds.round_files import round_key
from gem_assets.itool.rounds.site import Site
from gem_assets.orchestration.runs.launch import JobOrder
from gem_assets.reports.itool.deficiencies import read_rounds, render_rounds
from gem_assets.reports.itool.search_trees import trees_page
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.named_files import file_tags
from gem_assets.training.trainer import find_trainer


class RoundFailedError(Exception):
    """A round was stopped or broke, and said why."""


def run_itool(configuration: RunConfiguration, name: str, echo: Echo) -> int:
    """Have a campaign carried out, or on, and print its deficiency report; returns the exit code.

    Each round is a run of Dagster over its partition.

    Raises:
        StoreError: bad input; one sentence.
    """
    home = configuration.home
    campaign = load_campaign(name, home)
    find_trainer(configuration)

    def carry(number: int) -> None:
        order = JobOrder(
            None,
            job="itool",
            partition=round_key(campaign.name, number),
            partitions="itool_rounds",
            tags=file_tags(name),
        )
        if not all_done([order], materialise(configuration, [order], echo)):
            raise RoundFailedError

    def shown(result: RoundResult) -> None:
        echo(f"trees     {trees_page(home, round_key(campaign.name, result.number))}")

    try:
        results = run_campaign(Site(configuration, campaign, "", echo), carry, shown)
    except RoundFailedError:
        return 1
    echo("")
    echo(report(home, campaign.name))
    echo(f"model     {home.models / results[-1].model}")
    return 0


def report(home: Home, campaign: str) -> str:
    """Write the deficiency report of a campaign for a terminal."""
    with open_live(home) as connection:
        return render_rounds([one for one in read_rounds(connection) if one.campaign == campaign])
