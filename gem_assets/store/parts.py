"""One part of a table: the rows of one key (a shard, a recipe, a round, …) in one Parquet file.

The one way in which rows get there, whoever writes them: one writer at a time, the version before kept in
the history where asked for, rows checked against the table's declaration, the file replaced whole. A process
killed between any two steps leaves the old file or the new one, and writing again goes on from either.
Does not belong here: which keys a kind of table has, and what its rows say.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.store.connections import Connection, check_table, open_memory, parquet_sql
from gem_assets.store.errors import map_file_errors, map_store_errors
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError, check_corpus, check_run
from gem_assets.store.tables import read_metadata, write_rows

# No separator, no leading dot and no sign that a pattern of file names gives a meaning to.
_KEY = re.compile(r"[a-z0-9_][a-z0-9_.=-]{0,199}")

Metadata = Mapping[str, str]
RunOf = Callable[[Metadata], str | None]
"""From what stands beside the rows of a part, the id of the run that wrote them; None where none did."""


def part_file(home: Home, table: str, key: str) -> Path:
    """The file of a part; raises StoreError on an unknown table or a key that could leave its folder."""
    return home.table_folder(check_table(table)) / f"{check_key(key)}.parquet"


def history_file(home: Home, table: str, key: str, run_id: str) -> Path:
    """Where the version of a part that `run_id` wrote is kept after it was replaced."""
    return (
        home.history
        / check_table(table).removesuffix("_outcomes")
        / check_key(key)
        / f"{check_run(run_id)}.parquet"
    )


def write_part(
    home: Home,
    table: str,
    key: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    what: str,
    metadata: Metadata | None = None,
    history: RunOf | None = None,
    wait: bool = False,
) -> None:
    """Replace a part by these rows, with `metadata` beside them.

    `what` names the part in an error's sentence. With `history`, the version it replaces stays in the history
    under the run that `history` gives for it. `wait` waits for another writer instead of refusing.

    Raises:
        StoreError: another process is writing the part, its rows break the declaration, the disk refuses, or
            the file to be kept is damaged; the old file stays.
        ValueError: a row has a column that the table does not.
    """
    path = part_file(home, table, key)
    with only_writer(home.locks / table / f"{key}.lock", what, wait=wait), map_store_errors(what):
        if history is not None:
            _keep_version(home, table, key, history)
        write_rows(path, table, rows, metadata or {}, what)


def read_part(home: Home, table: str, key: str, *, ordered: bool = False) -> list[dict[str, Any]]:
    """Read the rows of a part as they were written, or `ordered` by their columns; none where it is not."""
    with open_memory(home) as connection:
        return read_part_in(connection, home, table, key, ordered=ordered)


def read_part_in(
    connection: Connection, home: Home, table: str, key: str, *, ordered: bool = False
) -> list[dict[str, Any]]:
    """Read the rows of a part as `read_part`, in a database that is open already."""
    path = part_file(home, table, key)
    return read_rows(connection, path, ordered=ordered) if path.is_file() else []


def read_rows(connection: Connection, path: Path, *, ordered: bool = False) -> list[dict[str, Any]]:
    """Read the rows of a part's file, the current one or one of the history, as `read_part` does."""
    result = connection.execute(f"SELECT * FROM {parquet_sql([path])}{' ORDER BY ALL' if ordered else ''}")
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def read_part_metadata(home: Home, table: str, key: str) -> dict[str, str]:
    """Read what stands beside the rows of a part; empty where there is none."""
    return read_metadata(part_file(home, table, key)) or {}


def drop_part(home: Home, table: str, key: str) -> None:
    """Take a part away whose rows hold no longer."""
    path = part_file(home, table, key)
    with map_store_errors(f"{table} of {key}"):
        path.unlink(missing_ok=True)


def next_number(home: Home, table: str, corpus: str) -> int:
    """Number the next of a corpus's parts, which are called CORPUS-00000 and so on: after all there are."""
    taken = [path.stem for path in home.table_folder(table).glob(f"{check_corpus(corpus)}-?????.parquet")]
    return int(max(taken).rpartition("-")[2]) + 1 if taken else 0


def check_key(key: str) -> str:
    """Return a part's key, or raise StoreError where it could leave its folder or match other names."""
    if not _KEY.fullmatch(key):
        raise StoreError(f"{key!r} cannot name a part of a table")
    return key


def _keep_version(home: Home, table: str, key: str, run_of: RunOf) -> None:
    path = part_file(home, table, key)
    metadata = read_metadata(path) or {}
    with map_file_errors(path):
        replaced = run_of(metadata)
    if replaced is None:
        return
    kept = history_file(home, table, key, replaced)
    kept.parent.mkdir(parents=True, exist_ok=True)
    # It exists where a run wrote twice, or was killed between this and the replacement.
    kept.unlink(missing_ok=True)
    os.link(path, kept)
