"""Commands that take text in and out."""

import sys
from pathlib import Path
from typing import Any

import click

from gem_assets.commands.prepared import with_home
from gem_assets.configuration import RunConfiguration


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--corpus", required=True, help="Name of the corpus: lower-case letters, digits, dashes.")
@click.option("--shard-size", type=click.IntRange(1), help="Documents per shard.")
@click.option("--text-field", help="Column that holds the text, where it has an unusual name.")
@click.option("--id-field", help="Column that holds the id.")
@click.option("--title-field", help="Column that holds the title.")
@click.option("--url-field", help="Column that holds the address.")
@click.option("--license-field", help="Column that holds the licence.")
@click.option("--language-field", help="Column that holds the language.")
@click.option("--encoding", help="Character set of files that are not UTF-8.")
@click.option("--split-long", is_flag=True, help="Cut very long texts at headings, never inside a list.")
@click.option("--follow-links", is_flag=True, help="Read files that symbolic links in a folder lead to.")
@click.option("--again", is_flag=True, help="Take in also what was dropped.")
@click.option("--strict", is_flag=True, help="Exit 1 where anything was refused.")
@with_home
def ingest(
    configuration: RunConfiguration,
    paths: tuple[Path, ...],
    corpus: str,
    **options: Any,  # noqa: ANN401 - click's values
) -> None:
    """Take files and folders of text in, as new shards of a corpus."""
    from gem_assets.commands.intake import run_ingest

    sys.exit(run_ingest(configuration.settings, paths, corpus, options))


@click.command()
@click.option("--corpus", help="All documents of this corpus.")
@click.option("--document", help="The document whose id begins so.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_home
def drop(configuration: RunConfiguration, corpus: str | None, document: str | None, yes: bool) -> None:
    """Take text out; what was made of it goes with the next run."""
    from gem_assets.commands.intake import run_drop

    if not corpus and not document:
        raise click.UsageError("name what to drop: --corpus NAME or --document ID")
    sys.exit(run_drop(configuration.settings, corpus, document, yes=yes))
