"""`gem cost` and `gem journal …`: what the commands do. Does not belong here: options (`commands/`)."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TextIO

import click

from gem_assets.configuration import RunConfiguration
from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.llm.journal import upkeep
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.journal.upkeep import Which
from gem_assets.reports.costs.costs import read_costs
from gem_assets.reports.costs.text import render_costs
from gem_assets.settings import Settings
from gem_assets.stages.staleness import find_stale
from gem_assets.store.calls import refresh_calls
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import shard_names

Say = Callable[[str], None]


def tell_costs(configuration: RunConfiguration, say: Say) -> None:
    """Print what was spent and what is still to come."""
    home = configuration.home
    refresh_calls(home)
    stale = find_stale(configuration, shard_names(home))
    ever = upkeep.spent_for_good(home.journal) if home.journal.is_file() else 0.0
    with open_live(home) as connection:
        say(render_costs(read_costs(connection, stale, ever)))


def tend_journal(settings: Settings, action: str, options: Mapping[str, Any]) -> int:
    """Do what `gem journal ACTION` is asked for; returns the exit code."""
    which = Which(options["keys"], options["task"], options["run_id"], options["unreadable"])
    if action == "stats":
        tell_stats(settings, click.echo)
    elif action == "verify":
        return tell_examination(settings, click.echo)
    elif action == "export":
        count = export_calls(settings, which, options["out"])
        click.echo(f"{figures.things(count, 'call')} exported", err=True)
    else:
        if which == Which():
            raise StoreError("say what to forget: --key, --task, --run or --unreadable")
        forget_calls(settings, which, lambda asked: options["yes"] or click.confirm(asked), click.echo)
    return 0


def tell_stats(settings: Settings, say: Say) -> None:
    """Print calls, tokens and cost by role, task, model and status."""
    journal = Journal(_existing(settings), "reading")
    try:
        totals = journal.stats()
    finally:
        journal.close()
    header = ("role", "task", "model", "status", "calls", "answers", "tokens in", "out", "unreadable", "cost")
    rows = [
        (
            total.role,
            total.task,
            total.model,
            total.status,
            *(figures.count(value) for value in (total.calls, total.answers)),
            *(figures.compact(value) for value in (total.input_tokens, total.output_tokens)),
            figures.count(total.unreadable),
            figures.money(None if total.unknown_cost == total.calls else total.cost),
        )
        for total in totals
    ]
    say("\n".join(aligned([header, *rows], left=(0, 1, 2, 3))) if rows else "the journal holds no call")


def tell_examination(settings: Settings, say: Say) -> int:
    """Print whether the journal is whole; returns the exit code."""
    found = upkeep.verify(_existing(settings))
    for problem in found.problems:
        say(problem)
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(found.by_status.items())) or "none"
    say(
        f"{figures.things(found.calls, 'call')} ({statuses}), "
        f"{figures.things(len(found.problems), 'problem')}"
    )
    if found.under_way:
        say(f"{found.under_way} under way")
    if found.abandoned:
        say(
            f"{found.abandoned} were under way when their process died: the provider may have charged for "
            "them; they are asked again when they are needed"
        )
    return 1 if found.problems else 0


def export_calls(settings: Settings, which: Which, out: Path | None) -> int:
    """Write whole calls as lines of JSON, to a file or standard output; returns how many."""
    lines = (upkeep.as_line(call) + "\n" for call in upkeep.export(_existing(settings), which))
    count = 0
    with out.open("w", encoding="utf-8") if out else _standard_output() as target:
        for count, line in enumerate(lines, 1):  # noqa: B007 - counted
            target.write(line)
    return count


def forget_calls(settings: Settings, which: Which, confirm: Callable[[str], bool], say: Say) -> None:
    """Take calls out, after asking."""
    journal = _existing(settings)
    share = upkeep.share_of(journal, which)
    what = f"{figures.things(share.calls, 'call')} that cost {figures.money(share.cost)}" + (
        f" and {share.unknown_cost} of unknown price" if share.unknown_cost else ""
    )
    if share.calls and confirm(f"Forget {what}? They would have to be bought anew."):
        say(f"{upkeep.forget(journal, which)} forgotten")
    else:
        say("nothing was forgotten")


def _existing(settings: Settings) -> Path:
    journal = Home(settings.home).journal
    if not journal.is_file():
        raise StoreError(f"there is no journal at {journal}: no model was asked yet")
    return journal


def _standard_output() -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout)
