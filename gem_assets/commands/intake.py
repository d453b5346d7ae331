"""What `gem ingest` and `gem drop` do; their options stand in `commands/corpus.py`.

Does not belong here: reading and storing.
"""

from pathlib import Path
from typing import Any

import click

from gem_assets.corpus.ingest import Order, ingest
from gem_assets.corpus.opening import check_encoding
from gem_assets.corpus.progress import Progress, summarise
from gem_assets.corpus.rows import FieldNames, Reading
from gem_assets.corpus.walking import IngestionError
from gem_assets.settings import Settings
from gem_assets.store.dropping import drop_documents, find_documents
from gem_assets.store.home import Home, check_corpus


def run_ingest(settings: Settings, paths: tuple[Path, ...], corpus: str, options: dict[str, Any]) -> int:
    """Ingest files and folders; returns the exit code.

    It is 2 where nothing was accepted, and 1 where `strict` is asked for and anything was refused.

    Raises:
        IngestionError: a path does not exist, or the encoding is unknown.
    """
    try:
        encoding = check_encoding(options["encoding"]) if options["encoding"] else None
    except ValueError as error:
        raise IngestionError(str(error)) from error
    names = ("text", "id", "title", "url", "license", "language")
    fields = FieldNames().chosen(**{name: options[f"{name}_field"] for name in names})
    order = Order(
        corpus=check_corpus(corpus),
        paths=paths,
        shard_size=options["shard_size"] or settings.shard_size,
        reading=Reading(fields, encoding, options["follow_links"]),
        limits=settings.ingest,
        again=options["again"],
        split=options["split_long"],
    )
    sizes = [path.stat().st_size if path.is_file() else None for path in paths if path.exists()]
    total = sum(size or 0 for size in sizes) if None not in sizes else None
    progress = Progress(lambda line: click.echo(line, err=True), total_bytes=total)
    summary = ingest(Home(settings.home), order, progress)
    click.echo(summarise(summary, corpus))
    if not summary.total.rows:
        click.echo("gem: nothing to read in what was named: 0 documents", err=True)
    elif not summary.total.accepted:
        click.echo("gem: no row was accepted: the reasons stand above", err=True)
    if not summary.total.accepted:
        return 2
    return 1 if options["strict"] and summary.total.rejected else 0


def run_drop(settings: Settings, corpus: str | None, document: str | None, *, yes: bool) -> int:
    """Take a corpus or a document out; returns the exit code."""
    home = Home(settings.home)
    name, documents = find_documents(home, corpus, document)
    if not yes and not click.confirm(f"Take {len(documents):,} documents out of {name}?", default=False):
        click.echo("nothing was dropped")
        return 1
    dropped = drop_documents(home, name, documents)
    click.echo(
        f"{dropped.documents:,} documents dropped ({dropped.rows:,} raw rows in {dropped.shards:,} shards); "
        f"{dropped.descendants:,} records descend from them and go with the next `gem run --corpus {name}`"
    )
    click.echo("history/ and journal.db keep what was made of them until they are pruned")
    return 0
