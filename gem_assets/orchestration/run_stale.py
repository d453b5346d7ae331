"""`gem backfill --stale`: one backfill of exactly what is stale, in a running Dagster or else here."""

import asyncio
from collections.abc import Sequence

import click

from gem_assets.orchestration.addresses import read_addresses
from gem_assets.orchestration.backfill import LaunchError, dagster_is_alive, launch
from gem_assets.orchestration.run_shards import Wanted, run_shards
from gem_assets.reports.costs.costs import read_costs
from gem_assets.reports.costs.rehearsal import render_rehearsal
from gem_assets.settings import Settings
from gem_assets.stages.rehearsal import rehearse
from gem_assets.stages.staleness import find_stale
from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home


def backfill_stale(
    settings: Settings, environment: dict[str, str], shards: Sequence[str], workers: int
) -> int:
    """Redo what is stale of these shards; returns the exit code."""
    addresses = read_addresses(environment)
    if not dagster_is_alive(Home(settings.home), addresses.graphql):
        return run_shards(settings, environment, shards, Wanted(workers=workers))
    stale = find_stale(settings, environment, shards)
    if not stale:
        click.echo("nothing is stale")
        return 0
    try:
        backfill = launch(stale, addresses.graphql)
    except LaunchError as error:
        click.echo(f"gem: {error}", err=True)
        return 1
    click.echo(f"{len(stale)} pieces: {addresses.ui}/runs/b/{backfill}")
    return 0


def forecast(settings: Settings, environment: dict[str, str], shards: Sequence[str]) -> str:
    """Tell what redoing the stale shards would ask of the models, without asking."""
    home = Home(settings.home)
    stale = find_stale(settings, environment, shards)
    refresh_calls(home)
    with open_live(home) as connection:
        measured = read_costs(connection, stale, 0.0).measured
    children = {asset: mean.kept_children for asset, mean in measured.items()}
    rehearsed = asyncio.run(rehearse(settings, environment, stale, children))
    return render_rehearsal(len(stale), rehearsed, measured)
