"""Commands that read what the stages left."""

import shutil
from functools import partial

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.option("--compare", nargs=2, help="Two prompt versions, models or code versions, side by side.")
@with_home
def report(configuration: RunConfiguration, compare: tuple[str, str] | None) -> None:
    """Print the yield table and write the report and the trajectory viewer."""
    from gem_assets.reports.comparison.ways import read_ways, ways_text
    from gem_assets.reports.viewer.viewer import write_viewer
    from gem_assets.reports.yields.yield_report import read_report, render_text, write_report
    from gem_assets.store.snapshot import open_snapshot

    home = configuration.home
    with open_snapshot(home) as connection:
        click.echo(render_text(read_report(connection), _width()))
        if ways := read_ways(home):
            click.echo(f"\n{ways_text(ways)}\n")
        click.echo(f"report        {write_report(home, connection, compare)}")
        click.echo(f"trajectories  {write_viewer(home, connection)}")


@click.command()
@click.argument("record_id")
@with_home
def audit(configuration: RunConfiguration, record_id: str) -> None:
    """Print the whole chain of a record: source, outcomes, prompts, models, calls, findings, judgement."""
    from gem_assets.llm.journal.reading import read_calls
    from gem_assets.reports.audit.audit import audit as audit_record

    home = configuration.home
    click.echo(audit_record(home, record_id, partial(read_calls, home.journal)))


@click.command()
@click.argument("query")
@click.option("--live", is_flag=True, help="Over the shard files as they are now, not the warehouse.")
@with_home
def sql(configuration: RunConfiguration, query: str, live: bool) -> None:
    """Ask the tables, e.g. gem sql "FROM rejections"."""
    from gem_assets.store.calls import refresh_calls
    from gem_assets.store.connections import open_live, open_warehouse, show

    home = configuration.home
    if live:
        refresh_calls(home)
    with open_live(home) if live else open_warehouse(home) as connection:
        click.echo(show(connection, query, home))


def _width() -> int:
    return max(80, min(120, shutil.get_terminal_size((100, 24)).columns))
