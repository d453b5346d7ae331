"""The journal's calls as a table like the others: one file, written anew when the journal has changed.

DuckDB reads SQLite only by an extension that has to be downloaded, so the rows travel through Arrow. Does not
belong here: writing the journal (`gem_assets/llm/`).
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gem_assets.store.connections import attach_live, open_memory
from gem_assets.store.files import is_writable
from gem_assets.store.home import Home
from gem_assets.store.parts import read_part_metadata, write_part
from gem_assets.store.tables import as_text

TABLE = "llm_calls"
KEY = "journal"
# The asset whose harness asks, for each relay; what stages ask, the table `stages` says.
HARNESS_ASSETS = {
    "bfcl": "bfcl_generation",
    "tau2_agent": "tau2_simulation",
    "tau2_user": "tau2_simulation",
}
_QUERY = (
    "SELECT key, role, task, prompt_version, model, answered_by, base_url, sample, status, finish_reason, "
    "refusal_kind AS refusal, parse_result, answers, input_tokens, output_tokens, cost, seconds, run_id, "
    "started_at, finished_at FROM calls ORDER BY started_at, key"
)


def refresh_calls(home: Home) -> None:
    """Bring the table up to what the journal holds; without a journal it stays empty.

    In a home that may only be read it stays as it is, so that whoever reads can.
    """
    if not home.journal.is_file() or not is_writable(home.table_folder(TABLE)):
        return
    version = {"journal": _version(home.journal)}
    if read_part_metadata(home, TABLE, KEY) != version:
        rows = read_calls(home.journal, _assets_by_prompt(home))
        write_part(home, TABLE, KEY, rows, what="the table of calls", metadata=version, wait=True)


def read_calls(journal: Path, assets: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read the rows of a journal as the table declares them; `assets` says which asks each prompt."""
    with closing(_open(journal)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(_QUERY).fetchall()
    return [_as_declared(dict(row), assets) for row in rows]


def _assets_by_prompt(home: Home) -> dict[str, str]:
    """Say which asset asks each prompt: the first that does, where several ways share a stage's function."""
    with open_memory() as connection:
        attach_live(connection, home, ("stages",))
        rows = connection.execute("SELECT unnest(prompts), asset FROM stages ORDER BY number DESC").fetchall()
    return dict(rows)


def _as_declared(row: dict[str, Any], assets: Mapping[str, str]) -> dict[str, Any]:
    times = {name: _moment(row[name]) for name in ("started_at", "finished_at")}
    texts = {name: as_text(value) for name, value in row.items() if isinstance(value, str)}
    return row | texts | times | {"asset": (HARNESS_ASSETS | dict(assets)).get(row["task"])}


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _open(journal: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{journal.resolve().as_uri()}?mode=ro", uri=True, timeout=60)


def _version(journal: Path) -> str:
    """Tell whether the journal was written to, without reading it."""
    files = [journal, journal.with_name(f"{journal.name}-wal")]
    stats = [path.stat() for path in files if path.is_file()]
    return " ".join(f"{stat.st_mtime_ns}/{stat.st_size}" for stat in stats if stat.st_size)
