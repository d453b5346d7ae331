"""Commands about models, their calls and their price."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@with_home
def doctor(configuration: RunConfiguration) -> None:
    """Make one call per role and say what works: model, latency, price, context, JSON."""
    from gem_assets.llm.doctor import examine
    from gem_assets.reports.examination import render_examination

    found = asyncio.run(examine(configuration.models))
    click.echo(render_examination(found))
    sys.exit(1 if any(role.ok is False for role in found) else 0)


@click.command()
@with_home
def cost(configuration: RunConfiguration) -> None:
    """Say what was spent, by stage, model and prompt, and what the shards still to run would cost."""
    from gem_assets.commands.spending import tell_costs

    tell_costs(configuration, click.echo)


@click.command()
@click.argument("action", type=click.Choice(["stats", "verify", "export", "forget"]))
@click.option("--key", "keys", multiple=True, help="Only this call; may be given several times.")
@click.option("--task", help="Only calls of this prompt, e.g. judge_trajectory.")
@click.option("--run", "run_id", help="Only calls of this run.")
@click.option("--unreadable", is_flag=True, help="Only calls whose answer could not be parsed.")
@click.option("--out", type=click.Path(path_type=Path), help="Export to this file.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_home
def journal(configuration: RunConfiguration, action: str, **options: Any) -> None:  # noqa: ANN401
    """Sum up, check, export (as JSON lines) or partly forget what models were asked and answered."""
    from gem_assets.commands.spending import tend_journal

    sys.exit(tend_journal(configuration.settings, action, options))
