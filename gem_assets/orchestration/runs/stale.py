"""`gem backfill --stale`: one backfill of exactly what is stale, in a running Dagster or else here."""

from collections.abc import Sequence

import click

from gem_assets.orchestration.instance.backfill import LaunchError, dagster_is_alive, launch
from gem_assets.orchestration.resources.addresses import read_addresses
from gem_assets.orchestration.runs.shards import Wanted, run_shards
from gem_assets.settings import Settings
from gem_assets.stages.staleness import find_stale
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
