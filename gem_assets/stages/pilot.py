"""A pilot over the first N documents: which shards it takes, and what becomes of the documents it leaves.

A shard is replaced whole, so what a pilot leaves is written too, as failed with the reason `cancelled`: not
judged, counted in no yield, and taken up by the next run, which finds the pilot's answers in the journal.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from gem_assets.records.outcome import Failed, FailureReason, Outcome
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home
from gem_assets.store.shards import StageInput

T = TypeVar("T")

EVIDENCE = "left for later: the run was limited"


def allot(home: Home, shards: Sequence[str], limit: int) -> dict[str, int | None]:
    """Say how many documents of each shard are among the first `limit`; None is all of them."""
    allotted: dict[str, int | None] = {}
    left = limit
    for shard in shards:
        if left <= 0:
            break
        rows = _count_rows(home, shard)
        allotted[shard] = None if rows <= left else left
        left -= rows
    return allotted


def divide(inputs: Sequence[T], limit: int | None) -> tuple[Sequence[T], Sequence[T]]:
    """Part the inputs into those a pilot judges and those it leaves; ids are hashes, so the first are any."""
    return (inputs, ()) if limit is None else (inputs[:limit], inputs[limit:])


def left_for_later(inputs: Sequence[StageInput[Any]]) -> list[tuple[StageInput[Any], Outcome[Any]]]:
    """Write down that these inputs were not reached."""
    return [(given, Failed(FailureReason.CANCELLED, EVIDENCE)) for given in inputs]


def _count_rows(home: Home, shard: str) -> int:
    with open_memory() as connection:
        found = connection.execute(
            "SELECT count(*) FROM read_parquet(?)", [str(home.shard_file("raw_rows", shard))]
        ).fetchone()
    return int(found[0]) if found else 0
