"""Watch a folder: what is new or changed in it is ingested into new shards. Off unless GEM_WATCH names one.

Does not belong here: what happens to the shards (`catalog.py`), reading files (`corpus/`).
"""

import time

import dagster as dg

from gem_assets.configuration import WatchedFolder
from gem_assets.corpus.ingest import Order, ingest
from gem_assets.corpus.progress import Progress
from gem_assets.corpus.walking import FoundFile, IngestionError, walk
from gem_assets.orchestration.assets.partitions import register_shards
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.records.base import content_hash
from gem_assets.store.home import Home
from gem_assets.store.ingest_ledger import read_ingested

SECONDS_BETWEEN_LOOKS = 30
SECONDS_UNTOUCHED = 10
"""A file that changed less long ago may still be written."""


def new_files(home: Home, watched: WatchedFolder, now: float) -> list[FoundFile]:
    """List the files that no ingest of the corpus has read as they are now."""
    ingested = read_ingested(home, watched.corpus)
    return [
        file
        for file in walk([watched.folder])
        if isinstance(file, FoundFile)
        and now - file.modified / 1e9 >= SECONDS_UNTOUCHED
        and (file.source, file.size, file.modified) not in ingested
    ]


def watching(watched: WatchedFolder | None) -> list[dg.SensorDefinition]:
    """Define the sensor where a folder is to be watched."""
    if watched is None:
        return []

    @dg.op(name="ingest_new_files")
    def ingest_new_files(context: dg.OpExecutionContext, workplace: dg.ResourceParam[Workplace]) -> None:
        """Ingest what is new in the watched folder and make its shards partitions."""
        _ingest_new(context, workplace, watched)

    @dg.job(name="ingest_watched_folder", description=f"Ingest new files into the corpus {watched.corpus}.")
    def ingest_watched_folder() -> None:
        ingest_new_files()

    @dg.sensor(
        name="watch_folder",
        job=ingest_watched_folder,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks for new or changed files for the corpus {watched.corpus} (GEM_WATCH).",
    )
    def watch_folder(workplace: dg.ResourceParam[Workplace]) -> dg.RunRequest | dg.SkipReason:
        try:
            found = new_files(workplace.home, watched, time.time())
        except IngestionError as error:
            return dg.SkipReason(str(error))
        if not found:
            return dg.SkipReason("no file is new or changed")
        return dg.RunRequest(
            run_key=content_hash([[file.source, file.size, file.modified] for file in found])
        )

    return [watch_folder]


def _ingest_new(context: dg.OpExecutionContext, workplace: Workplace, watched: WatchedFolder) -> None:
    found = new_files(workplace.home, watched, time.time())
    wanted = {(file.source, file.size, file.modified) for file in found}
    order = Order(
        corpus=watched.corpus,
        paths=[watched.folder],
        shard_size=workplace.settings.shard_size,
        limits=workplace.settings.ingest,
        wanted=lambda file: (file.source, file.size, file.modified) in wanted,
    )
    summary = ingest(workplace.home, order, Progress(context.log.info))
    register_shards(context.instance, workplace.home)
    total = summary.total
    context.log.info(
        "%d files, %d rows: %d accepted (%d added, %d of them new versions), %d refused, %d blank; shards %s",
        *(total.files, total.rows, total.accepted, total.added, total.changed, total.rejected, total.blank),
        ", ".join(summary.shards) or "none",
    )
