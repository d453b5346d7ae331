"""`gem run`: find what is stale, have workers materialise it, rebuild the tables, say how it went.

Imports no Dagster, so that running again with nothing to do takes no time.
"""

import signal
import time
from collections.abc import Sequence
from types import FrameType

import click

from gem_assets.orchestration.launch import Done, Launcher, Order, orders_for
from gem_assets.reports.yield_report import read_report, render_text
from gem_assets.settings import Settings
from gem_assets.stages.catalog import ASSETS
from gem_assets.stages.staleness import Stale, find_stale
from gem_assets.store.connections import open_live
from gem_assets.store.files import sweep
from gem_assets.store.home import Home
from gem_assets.store.stage_runs import reconcile


def run_shards(
    settings: Settings,
    environment: dict[str, str],
    shards: Sequence[str],
    until: str,
    workers: int,
    force: bool,
) -> int:
    """Materialise what is stale of these shards up to an asset; returns the exit code."""
    home = Home(settings.home)
    sweep(home.root)
    reconcile(home)
    stale = find_stale(settings, environment, shards, until)
    if force:
        wanted = ASSETS[: ASSETS.index(until) + 1]
        stale = [Stale(asset, shard, "asked for") for shard in shards for asset in wanted]
    orders = orders_for(stale)
    click.echo(f"{len(shards)} shards, {len(orders)} to materialise")
    failed = _execute(orders, home, environment, workers) if orders or not home.warehouse.is_file() else 0
    with open_live(home) as connection:
        click.echo(render_text(read_report(connection), 100))
    _say_where(home)
    return 1 if failed else 0


def _execute(orders: Sequence[Order], home: Home, environment: dict[str, str], workers: int) -> int:
    launcher = Launcher(environment, home.dagster / "worker.log")
    _stop_on_signals(launcher)
    started = time.monotonic()
    finished: list[Done] = []

    def show(done: Done) -> None:
        finished.append(done)
        said = "done" if done.ok else f"FAILED: {done.problem}"
        seconds = time.monotonic() - started
        click.echo(f"[{len(finished)}/{len(orders)}] {done.order.shard} {said} ({seconds:.0f} s)")

    results = launcher.execute(orders, workers, show)
    results += launcher.execute([Order(None)], 1, _show_tables)
    return sum(not done.ok for done in results) + len(orders) + 1 - len(results)


def _show_tables(done: Done) -> None:
    click.echo("warehouse and report rebuilt" if done.ok else f"warehouse or report FAILED: {done.problem}")


def _stop_on_signals(launcher: Launcher) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        click.echo("stopping: what was bought is journaled, run this again to continue", err=True)
        launcher.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _say_where(home: Home) -> None:
    trajectories = home.tables / "validated_trajectories_outcomes"
    click.echo(f'tables        {home.warehouse}   (gem sql "FROM stage_runs")')
    click.echo(f'trajectories  {trajectories}   (gem sql "FROM validated_trajectories")')
    click.echo(f"report        {home.reports / 'yield_report.html'}")
    click.echo("next          make ui · gem try FILE · gem audit ID · gem ingest PATH --corpus NAME")
