"""How a command has work done: by workers that materialise through Dagster, stopped in order by a signal."""

import signal
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from gem_assets.commands.display import Display
from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.runs.launch import Done, JobOrder, Launcher, Order

Echo = Callable[[str], None]


@contextmanager
def stopped_by_signals(launcher: Launcher) -> Generator[None]:
    """Let a signal stop the workers in order while the block runs."""

    def stop(number: int, frame: FrameType | None) -> None:
        click.echo("stopping: what was bought is journaled, run this again to continue", err=True)
        launcher.stop()

    before: dict[int, Any] = {
        number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def materialise(
    configuration: RunConfiguration,
    orders: Sequence[JobOrder],
    echo: Echo,
    done: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Have one worker execute orders one after the other as runs of Dagster, printing the lines they report.

    What made one fail is printed on standard error, but for what `stops` the others: that is the caller's to
    raise. Those that were not begun have no result.
    """

    def ended(result: Done) -> None:
        if not result.ok and not result.stops:
            click.echo(f"gem: {result.problem}", err=True)
        done(result)

    launcher = Launcher(configuration)
    with stopped_by_signals(launcher):
        return launcher.execute(orders, 1, ended, printed=echo)


def materialise_and_rebuild(
    configuration: RunConfiguration, orders: Sequence[Order], workers: int, display: Display
) -> int:
    """Have workers execute orders, and one rebuild the tables; counts what failed or was not begun."""
    launcher = Launcher(configuration)
    with stopped_by_signals(launcher):
        results = launcher.execute(orders, workers, display.done, display.underway)
        ended = {done.order.shard for done in results}
        display.not_run([order.shard for order in orders if order.shard and order.shard not in ended])
        results += launcher.execute([Order(None)], 1, display.tables)
    return sum(not done.ok for done in results) + len(orders) + 1 - len(results)


def all_done(orders: Sequence[JobOrder], results: Sequence[Done]) -> bool:
    """Say whether every order was executed and succeeded."""
    return len(results) == len(orders) and all(result.ok for result in results)
