"""Commands that carry shards, or one document, through the stages."""

import asyncio
import sys
from typing import Any

import click

from gem_assets.commands.prepared import check_asset, choose_shards, with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.option("--corpus", help="Only this corpus.")
@click.option("--shard", "shards", multiple=True, help="Only this shard; may be given several times.")
@click.option("--until", help="The last asset to materialise; else all of every way that was begun.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Shards at a time.")
@click.option("--force", is_flag=True, help="Also materialise what is up to date.")
@click.option(
    "--limit", type=click.IntRange(1), help="A pilot: the first N documents, the rest is left for later."
)
@click.option("--budget", type=click.FloatRange(0), help="US dollars this run may spend: a hard stop.")
@with_home
def run(
    configuration: RunConfiguration,
    corpus: str | None,
    shards: tuple[str, ...],
    **wanted: Any,  # noqa: ANN401
) -> None:
    """Materialise every shard that is missing, changed or unfinished, then the tables and the report."""
    from gem_assets.commands.shard_runs import Wanted, run_shards

    chosen = choose_shards(configuration.home, corpus, shards)
    if wanted["until"] is not None:
        check_asset(wanted["until"])
    sys.exit(run_shards(configuration, chosen, Wanted(**wanted)))


@click.command()
@click.option("--corpus", help="Only this corpus.")
@click.option("--quick", is_flag=True, help="Do not look into the journal for what is asked otherwise.")
@with_home
def stale(configuration: RunConfiguration, corpus: str | None, quick: bool) -> None:
    """List the shards that are not what today's text, prompts, models and settings would make of them."""
    from gem_assets.stages.rehearsal import settle
    from gem_assets.stages.staleness import WORK_WORDS, find_stale, summarise_stale

    found = find_stale(configuration, choose_shards(configuration.home, corpus, ()))
    if not quick:
        found = asyncio.run(settle(configuration, found))
    for item in found:
        click.echo(f"{item.asset}\t{item.shard}\t{item.reason}\t{WORK_WORDS[item.work]}")
    click.echo(summarise_stale(found), err=True)


@click.command()
@click.option("--stale", "only_stale", is_flag=True, required=True, help="What `gem stale` lists.")
@click.option("--corpus", help="Only this corpus.")
@click.option("--dry-run", is_flag=True, help="Say which calls are journaled, which are new, what they cost.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Shards at a time.")
@with_home
def backfill(
    configuration: RunConfiguration,
    only_stale: bool,
    corpus: str | None,
    dry_run: bool,
    workers: int,
) -> None:
    """Redo what is stale: in a running Dagster as one backfill, else here."""
    from gem_assets.commands.shard_runs import backfill_stale
    from gem_assets.reports.costs.forecast import forecast

    shards = choose_shards(configuration.home, corpus, ())
    if dry_run:
        click.echo(forecast(configuration, shards))
        return
    sys.exit(backfill_stale(configuration, shards, workers))


@click.command("try")
@click.argument("file_or_id")
@click.option("--stage", default="validated_trajectories", help="Stop after this asset.")
@with_home
def try_document(configuration: RunConfiguration, file_or_id: str, stage: str) -> None:
    """Carry one document through today's prompts, printing each outcome and what it cost."""
    from gem_assets.commands.trial import try_one

    asyncio.run(try_one(configuration, file_or_id, check_asset(stage), click.echo))


@click.command()
@click.option("--keep", type=click.IntRange(0), required=True, help="Replaced versions to keep per shard.")
@with_home
def prune(configuration: RunConfiguration, keep: int) -> None:
    """Drop old replaced versions and old runs of Dagster; what shards hold now and the journal stay."""
    from gem_assets.orchestration.instance.opening import open_instance
    from gem_assets.orchestration.instance.retention import prune as prune_home

    home = configuration.home
    pruned = prune_home(home, open_instance(home), keep)
    megabytes = pruned.bytes / 1e6
    click.echo(f"{pruned.versions} versions and {pruned.runs} runs removed, {megabytes:.1f} MB free")
