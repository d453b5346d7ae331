"""Where the tables of a round lie and how they are put there: one file per table and round, replaced whole.

A round's key is that of a shard, `campaign-00001`: it is a Dagster partition and names the files. Does not
belong here: what the rows say (`rows`).
"""

from collections.abc import Sequence
from typing import Any

from gem_assets.datasets.dataset_files import RUN, read_rows, said_in_a_sentence
from gem_assets.store.connections import open_memory
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError, check_corpus, check_run
from gem_assets.store.tables import read_metadata, write_rows

VERSION = "version"


def round_key(campaign: str, number: int) -> str:
    """Name a round; raises StoreError on a name that cannot name a campaign."""
    return f"{check_corpus(campaign)}-{number:05}"


def split_key(key: str) -> tuple[str, int]:
    """Give the campaign and the number of a round; raises StoreError where the key names none."""
    campaign, _, number = key.rpartition("-")
    if not number.isdecimal() or len(number) != 5 or int(number) < 1:
        raise StoreError(f"{key!r} is no round: rounds are named like demo-00001")
    return check_corpus(campaign), int(number)


def write_round_rows(
    home: Home, table: str, key: str, rows: Sequence[dict[str, Any]], run_id: str, version: str
) -> None:
    """Replace a round's rows of a table; `version` says what they were made from.

    Raises:
        StoreError: another process is writing the same, or the disk is full; the old rows stay.
    """
    path = home.shard_file(table, key)
    with (
        only_writer(home.locks / table / f"{key}.lock", f"{table} of the round {key}"),
        said_in_a_sentence(f"{table} of the round {key}"),
    ):
        write_rows(path, table, rows, {RUN: check_run(run_id), VERSION: version})


def read_round_rows(home: Home, table: str, key: str) -> list[dict[str, Any]]:
    """Read a round's rows of a table in the order of writing; empty where there are none yet."""
    path = home.shard_file(table, key)
    if not path.is_file():
        return []
    with open_memory() as connection:
        return read_rows(connection, path)


def written_version(home: Home, table: str, key: str) -> str | None:
    """Say what a round's rows of a table were made from; None where there are none."""
    return (read_metadata(home.shard_file(table, key)) or {}).get(VERSION)
