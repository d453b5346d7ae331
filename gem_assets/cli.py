"""`gem`: every command in one place, thin. Exit 0 done, 1 the work failed, 2 bad usage or input."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import Any

import click

from gem_assets.settings import Settings, SettingsError, load_settings, read_environment
from gem_assets.store.home import Home, StoreError, check_shard
from gem_assets.store.tables import declare_tables

BadInput = (SettingsError, StoreError)


class GemGroup(click.Group):
    """Turns what a user can mend into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command returns
        """Run a command; errors about input or settings never show a traceback."""
        from gem_assets.llm.protocol import StopRunError
        from gem_assets.llm.roles import ConfigurationError
        from gem_assets.prompts.prompt import PromptError
        from gem_assets.stages.ingestion import IngestionError

        try:
            return super().invoke(ctx)
        except (*BadInput, ConfigurationError, PromptError, IngestionError, StopRunError) as error:
            click.echo(f"gem: {error}", err=True)
            ctx.exit(2)


@click.group(cls=GemGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gem-assets")
def main() -> None:
    """Turn ordinary text into verified multi-turn tool-use trajectories."""


def with_home(command: Callable[..., Any]) -> Callable[..., Any]:
    """Hand a command its settings and environment, with the tables declared."""

    @wraps(command)
    def prepared(**options: Any) -> Any:  # noqa: ANN401
        environment = read_environment()
        settings = load_settings(environment)
        declare_tables(Home(settings.home))
        return command(settings, {**environment, "GEM_HOME": str(settings.home)}, **options)

    return prepared


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--corpus", required=True, help="Name of the corpus: lower-case letters, digits, dashes.")
@click.option("--shard-size", type=click.IntRange(1), help="Documents per shard.")
@with_home
def ingest(
    settings: Settings,
    environment: dict[str, str],
    paths: tuple[Path, ...],
    corpus: str,
    shard_size: int | None,
) -> None:
    """Take files and folders of text in, as new shards of a corpus."""
    from gem_assets.stages.ingestion import read_paths
    from gem_assets.store.raw import add_rows

    home = Home(settings.home)
    found = read_paths(list(paths), corpus)
    shards = add_rows(home, corpus, found.accepted, shard_size or settings.shard_size)
    for refused in found.refused:
        click.echo(f"refused {refused.source}, {refused.place}: {refused.reason}; {refused.remedy}", err=True)
    click.echo(
        f"{len(found.accepted)} rows accepted, {len(found.refused)} refused, {found.blank} blank; "
        f"{len(shards)} new shards of {corpus}" + (f" ({shards[0]} to {shards[-1]})" if shards else "")
    )
    if not found.accepted:
        sys.exit(2)


@main.command()
@click.option("--corpus", help="Only this corpus.")
@click.option("--shard", "shards", multiple=True, help="Only this shard; may be given several times.")
@click.option("--until", default="validated_trajectories", help="The last asset to materialise.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Shards at a time.")
@click.option("--force", is_flag=True, help="Also materialise what is up to date.")
@with_home
def run(
    settings: Settings,
    environment: dict[str, str],
    corpus: str | None,
    shards: tuple[str, ...],
    until: str,
    workers: int,
    force: bool,
) -> None:
    """Materialise every shard that is missing, changed or unfinished, then the tables and the report."""
    from gem_assets.orchestration.run_shards import run_shards

    chosen = choose_shards(Home(settings.home), corpus, shards)
    sys.exit(run_shards(settings, environment, chosen, check_asset(until), workers, force))


@main.command()
@click.option("--corpus", help="Only this corpus.")
@with_home
def stale(settings: Settings, environment: dict[str, str], corpus: str | None) -> None:
    """List the shards that are not what today's text, prompts, models and settings would make of them."""
    from gem_assets.stages.staleness import find_stale

    found = find_stale(settings, environment, choose_shards(Home(settings.home), corpus, ()))
    for item in found:
        click.echo(f"{item.asset}\t{item.shard}\t{item.reason}")
    click.echo(f"{len(found)} stale", err=True)


@main.command("try")
@click.argument("file_or_id")
@click.option("--stage", default="validated_trajectories", help="Stop after this asset.")
@with_home
def try_document(settings: Settings, environment: dict[str, str], file_or_id: str, stage: str) -> None:
    """Carry one document through today's prompts, printing each outcome and what it cost."""
    from gem_assets.reports.trial import try_one

    asyncio.run(try_one(settings, environment, file_or_id, check_asset(stage), click.echo))


@main.command()
@with_home
def report(settings: Settings, environment: dict[str, str]) -> None:
    """Print the yield table and write the report page."""
    from gem_assets.reports.yield_report import read_report, render_text, write_report
    from gem_assets.store.connections import open_live

    home = Home(settings.home)
    with open_live(home) as connection:
        click.echo(render_text(read_report(connection), _width()))
        click.echo(f"report: {write_report(home, connection)}")


@main.command()
@click.argument("record_id")
@with_home
def audit(settings: Settings, environment: dict[str, str], record_id: str) -> None:
    """Print the whole chain of a record: source, outcomes, prompts, models, calls, findings, judgement."""
    from gem_assets.llm.reading import read_calls
    from gem_assets.reports.audit import audit as audit_record

    home = Home(settings.home)
    click.echo(audit_record(home, record_id, partial(read_calls, home.journal)))


@main.command()
@click.argument("query")
@click.option("--live", is_flag=True, help="Over the shard files as they are now, not the warehouse.")
@with_home
def sql(settings: Settings, environment: dict[str, str], query: str, live: bool) -> None:
    """Ask the tables, e.g. gem sql "FROM rejections"."""
    from gem_assets.store.connections import open_live, open_warehouse, show

    home = Home(settings.home)
    with open_live(home) if live else open_warehouse(home) as connection:
        click.echo(show(connection, query))


@main.command()
@with_home
def doctor(settings: Settings, environment: dict[str, str]) -> None:
    """Make one call per role and say what works: model, latency, price, context, JSON."""
    from gem_assets.llm.doctor import examine
    from gem_assets.reports.examination import render_examination

    found = asyncio.run(examine(environment))
    click.echo(render_examination(found))
    sys.exit(1 if any(role.ok is False for role in found) else 0)


def choose_shards(home: Home, corpus: str | None, shards: Sequence[str]) -> list[str]:
    """Resolve --corpus and --shard; raises StoreError when nothing is meant."""
    from gem_assets.store.raw import shard_names

    known = shard_names(home, corpus)
    unknown = [shard for shard in shards if check_shard(shard) not in known]
    if unknown:
        raise StoreError(
            f'there is no shard {unknown[0]}: `gem sql --live "FROM raw_rows"` lists what was ingested'
        )
    if not known:
        what = f"of corpus {corpus} " if corpus else ""
        raise StoreError(f"nothing {what}was ingested yet: `gem ingest PATH --corpus NAME`")
    return list(shards) or known


def check_asset(name: str) -> str:
    """Return the name of a sharded asset, or raise StoreError with the names there are."""
    from gem_assets.stages.catalog import ASSETS

    if name not in ASSETS:
        raise StoreError(f"there is no asset {name}: {', '.join(ASSETS)}")
    return name


def _width() -> int:
    import shutil

    return max(80, min(120, shutil.get_terminal_size((100, 24)).columns))


if __name__ == "__main__":
    main()
