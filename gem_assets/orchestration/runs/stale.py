"""`gem backfill --stale`: one backfill of exactly what is stale, in a running Dagster or else here."""

from collections.abc import Sequence

import click

from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.instance.backfill import LaunchError, dagster_is_alive, launch
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.orchestration.runs.shards import Wanted, run_shards
from gem_assets.stages.staleness import find_stale


def backfill_stale(configuration: RunConfiguration, shards: Sequence[str], workers: int) -> int:
    """Redo what is stale of these shards; returns the exit code."""
    addresses = Addresses.of(configuration)
    if not dagster_is_alive(configuration.home, addresses.graphql):
        return run_shards(configuration, shards, Wanted(workers=workers))
    stale = find_stale(configuration, shards)
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
