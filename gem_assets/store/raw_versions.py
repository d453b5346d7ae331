"""Fingerprints of raw shards, remembered while their files stay as they are.

What is stale is asked before every run; reading a whole corpus each time only to see that it is still the
same would take longer than many runs. Does not belong here: reading raw rows (`raw.py`).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from gem_assets.records.base import content_hash
from gem_assets.store.connections import open_memory, parquet_sql
from gem_assets.store.files import is_writable, write_text
from gem_assets.store.home import Home
from gem_assets.store.raw import RowStatus, exceptions_file, read_row_statuses


def raw_version(statuses: list[RowStatus]) -> str:
    """Fingerprint a shard's raw rows together with what other shards say of them."""
    return content_hash(
        [(status.key, status.superseded, status.first_document_id, status.row.text) for status in statuses]
    )


def raw_versions(home: Home, shards: Sequence[str]) -> dict[str, str]:
    """Fingerprint many shards, reading those only whose file, or what others say of it, has changed."""
    path = home.raw / "status" / "versions.json"
    remembered = _remembered(path)
    stamps = _stamps(home, shards)
    changed = [shard for shard in shards if remembered.get(shard, [""])[0] != stamps[shard]]
    if changed:
        exceptions = exceptions_file(home)
        with open_memory() as connection:
            remembered |= {
                shard: [stamps[shard], raw_version(read_row_statuses(connection, home, shard, exceptions))]
                for shard in changed
            }
        if is_writable(path.parent):
            write_text(path, json.dumps(remembered))
    return {shard: remembered[shard][1] for shard in shards}


def _remembered(path: Path) -> dict[str, list[str]]:
    try:
        found: object = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        # Not there yet, or not ours: everything in it can be worked out again.
        found = {}
    return cast(dict[str, list[str]], found) if isinstance(found, dict) else {}


def _stamps(home: Home, shards: Sequence[str]) -> dict[str, str]:
    """Say by what a change of a shard shows: its file, which is only ever replaced, and its exceptions."""
    with open_memory() as connection:
        rows = connection.execute(
            "SELECT shard, document_id, version, superseded, first_document_id, exact "
            f"FROM {parquet_sql([exceptions_file(home)])} ORDER BY ALL"
        ).fetchall()
    said: dict[str, list[object]] = {}
    for shard, *row in rows:
        said.setdefault(shard, []).append(row)
    found = {shard: home.shard_file("raw_rows", shard).stat() for shard in shards}
    return {
        shard: content_hash([file.st_size, file.st_mtime_ns, file.st_ino, said.get(shard, [])])
        for shard, file in found.items()
    }
