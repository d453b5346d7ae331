"""`gem run` and `gem backfill`: find what is stale, have workers materialise it, print how it went.

Imports no Dagster, so that running again with nothing to do takes no time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from gem_assets.commands.display import Display, say_where
from gem_assets.commands.running import materialise_and_rebuild
from gem_assets.configuration import RunConfiguration
from gem_assets.llm.money.budget import run_budget_variables
from gem_assets.orchestration.instance.backfill import LaunchError, dagster_is_alive, launch
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.orchestration.runs.launch import orders_for
from gem_assets.reports.yields.yield_report import read_report, render_text
from gem_assets.stages.catalog import DEFAULT_WAY
from gem_assets.stages.pilot import allot
from gem_assets.stages.staleness import chain_to, find_stale
from gem_assets.store.files import sweep
from gem_assets.store.snapshot import open_snapshot
from gem_assets.store.stage_runs import reconcile


@dataclass(frozen=True)
class Wanted:
    """How far a run is to go. `limit` documents make a pilot; `budget` US dollars are a hard stop."""

    until: str | None = None
    """The last asset; None is every way that was begun."""
    workers: int = 2
    force: bool = False
    limit: int | None = None
    budget: float | None = None


def run_shards(configuration: RunConfiguration, shards: Sequence[str], wanted: Wanted) -> int:
    """Materialise what is stale of these shards up to an asset; returns the exit code."""
    home = configuration.home
    configuration = configuration.with_models(run_budget_variables(wanted.budget))
    sweep(home.root)
    reconcile(home)
    limits = {} if wanted.limit is None else allot(home, shards, wanted.limit)
    shards = [shard for shard in shards if wanted.limit is None or shard in limits]
    stale = find_stale(configuration, shards, wanted.until)
    pieces = [(item.asset, item.shard) for item in stale]
    if wanted.force:
        chain = chain_to(wanted.until or DEFAULT_WAY.result.asset)
        forced = [(stage.asset, shard) for shard in shards for stage in chain]
        pieces = list(dict.fromkeys([*forced, *pieces]))
    orders = orders_for(pieces, limits)
    click.echo(f"{len(shards)} shards, {len(orders)} to materialise")
    failed = 0
    if orders or not home.warehouse.is_file():
        failed = materialise_and_rebuild(configuration, orders, wanted.workers, Display(len(orders)))
    with open_snapshot(home) as connection:
        click.echo(render_text(read_report(connection), 100))
    say_where(home)
    return 1 if failed else 0


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
