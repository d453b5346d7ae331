"""The tables of a round: a part per table and round.

A round's key is that of a shard, `campaign-00001`: it is a Dagster partition and names the files. Does not
belong here: how a part is written (`store/parts.py`), what the rows say (`rows`).
"""

from collections.abc import Sequence
from typing import Any

from gem_assets.datasets.dataset_files import RUN
from gem_assets.store.home import Home, StoreError, check_corpus, check_run, check_shard
from gem_assets.store.parts import read_part, read_part_metadata, write_part

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
    metadata = {RUN: check_run(run_id), VERSION: version}
    write_part(home, table, check_shard(key), rows, what=f"{table} of the round {key}", metadata=metadata)


def read_round_rows(home: Home, table: str, key: str) -> list[dict[str, Any]]:
    """Read a round's rows of a table in the order of writing; empty where there are none yet."""
    return read_part(home, table, check_shard(key))


def written_version(home: Home, table: str, key: str) -> str | None:
    """Say what a round's rows of a table were made from; None where there are none."""
    return read_part_metadata(home, table, check_shard(key)).get(VERSION)
