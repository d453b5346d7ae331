"""`gem itool` as a function that says what it does; the command is in `commands/itool.py`."""

from collections.abc import Callable
from uuid import uuid4

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.build import build_all
from gem_assets.datasets.dataset_files import written_run
from gem_assets.datasets.recipes import load_recipe
from gem_assets.itool.rounds.campaign import Campaign, load_campaign
from gem_assets.itool.rounds.campaign_run import RoundResult, run_campaign
from gem_assets.itool.rounds.round_files import round_key
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.search.policy import PolicyError
from gem_assets.reports.itool.deficiencies import read_rounds, render_rounds
from gem_assets.reports.itool.search_trees import write_trees
from gem_assets.store.connections import open_live
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home
from gem_assets.training.launching import StoppedError
from gem_assets.training.trainer import TrainerError

Echo = Callable[[str], None]


def run_itool(configuration: RunConfiguration, name: str, echo: Echo) -> int:
    """Carry a campaign out, or on, and print its deficiency report; returns the exit code.

    Raises:
        StoreError: bad input; one sentence.
    """
    home = configuration.home
    campaign = load_campaign(name, home)
    run_id = f"itool-{uuid4().hex[:12]}"
    build_rows(configuration, campaign, run_id, echo)
    site = Site(configuration, campaign, run_id, echo)

    def shown(result: RoundResult) -> None:
        echo(f"trees     {write_trees(home, round_key(campaign.name, result.number))}")

    with only_writer(home.locks / "itool" / f"{campaign.name}.lock", f"the campaign {campaign.name}"):
        try:
            results = run_campaign(site, shown)
        except StoppedError as stopped:
            echo(str(stopped))
            return 1
        except (PolicyError, TrainerError) as error:
            echo(f"gem: {error}")
            return 1
    echo("")
    echo(report(home, campaign.name))
    echo(f"model     {home.models / results[-1].model}")
    return 0


def report(home: Home, campaign: str) -> str:
    """Write the deficiency report of a campaign for a terminal."""
    with open_live(home) as connection:
        return render_rounds([one for one in read_rounds(connection) if one.campaign == campaign])


def build_rows(configuration: RunConfiguration, campaign: Campaign, run_id: str, echo: Echo) -> None:
    """Build the training rows of a campaign's recipe where that was never done."""
    if campaign.recipe is None:
        return
    home = configuration.home
    recipe = load_recipe(campaign.recipe, home)
    if written_run(home, "policy_examples", recipe.name) is None:
        echo(f"building the data set {recipe.name}")
        build_all(configuration, recipe, run_id)
