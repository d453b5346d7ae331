"""What `gem run` shows while it works and at its end."""

import sys
import time
from collections.abc import Sequence

import click

from gem_assets.orchestration.resources.progress import Progress
from gem_assets.orchestration.runs.launch import Done
from gem_assets.store.home import Home

LINE_SECONDS = 10
"""Between two lines of progress where there is no terminal to renew one on."""
NAMED = 20
"""Shards named one by one where many were not run."""


class Display:
    """Tells of shards as they end, and in between how far the stages are.

    On a terminal one line renews itself; elsewhere a line comes now and then.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0
        self._started = self._told = time.monotonic()
        self._stop: str | None = None
        self._terminal = sys.stdout.isatty()

    def underway(self, progress: Progress) -> None:
        """Show how far a stage is with a shard."""
        told = f"{progress.shard} {progress.asset} {progress.done}/{progress.total} {progress.note}".rstrip()
        if self._terminal:
            click.echo(f"\r\033[K{told}", nl=False)
        elif time.monotonic() - self._told >= LINE_SECONDS:
            self._told = time.monotonic()
            click.echo(told)

    def done(self, done: Done) -> None:
        """Show that a shard ended, and how."""
        self._ended += 1
        said = "done" if done.ok else f"FAILED: {done.problem}"
        if done.stops and self._stop is not None:
            said = "FAILED for the same reason"  # workers that were at it when the first one told
        self._stop = self._stop or (done.problem if done.stops else None)
        seconds = time.monotonic() - self._started
        clear = "\r\033[K" if self._terminal else ""
        click.echo(f"{clear}[{self._ended}/{self._total}] {done.order.name} {said} ({seconds:.0f} s)")

    def not_run(self, shards: Sequence[str]) -> None:
        """Name the shards that were not begun."""
        if shards:
            why = "" if self._stop is None else ": what stopped the run would stop them, too"
            named = ", ".join(shards[:NAMED]) + (", …" if len(shards) > NAMED else "")
            click.echo(f"not run: {len(shards)} shards ({named}){why}; run this again to continue")

    def tables(self, done: Done) -> None:
        """Show that the tables over all shards were rebuilt."""
        problem = f"warehouse or report FAILED: {done.problem}"
        click.echo("warehouse and report rebuilt" if done.ok else problem)


def say_where(home: Home) -> None:
    """Name the files a run leaves and what to type next."""
    trajectories = home.tables / "validated_trajectories_outcomes"
    click.echo(f'tables        {home.warehouse}   (gem sql "FROM stage_runs")')
    click.echo(f'trajectories  {trajectories}   (gem sql "FROM validated_trajectories")')
    click.echo(f"report        {home.reports / 'yield_report.html'}")
    click.echo("next          make ui · gem try FILE · gem audit ID · gem ingest PATH --corpus NAME")
