"""The trajectory viewer: one page, and a file of data per shard that the page loads when it is looked at.

Files are written again only where what they are made from changed, each replaced whole, by one writer at a
time; the data travels packed in scripts, because a page opened from disk may load nothing else. Does not
belong here: what is told of a shard (`branches.py`, `history.py`).
"""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from gem_assets.reports.queries import rows_of
from gem_assets.reports.viewer.branches import read_shards
from gem_assets.reports.viewer.history import read_history
from gem_assets.stages.catalog import STAGES, WAYS
from gem_assets.store.connections import Connection, open_memory
from gem_assets.store.files import only_writer, replacing, write_text
from gem_assets.store.home import Home, check_shard
from gem_assets.store.stage_runs import read_stage_runs

TEMPLATES = Path(__file__).with_name("templates")
FOLDER = "trajectories"
PAGE = "index.html"
_PAGE_FILES = ((PAGE, "viewer.html"), ("viewer.css", "viewer.css"), ("viewer.js", "viewer.js"))
FORMAT = "2"
"""Raise it when the shape of the data changes: every file is written anew."""
BATCH_SHARDS = 64
BATCH_BYTES = 8_000_000
"""Shards that are read at once, and the bytes of their files; unpacked they take ten times as much memory."""


def write_viewer(home: Home, connection: Connection) -> Path:
    """Bring the viewer up to date with what the connection's log of runs says; returns its page.

    Safe beside running stages: a shard replaced while it is read is read again at the next refresh.
    """
    folder = home.reports / FOLDER
    with only_writer(home.locks / "viewer.lock", "the trajectory viewer", wait=True):
        shards = {row["shard"]: row for row in rows_of(connection, "viewer_shards")}
        changed = _refresh_shards(home, folder, {shard: row["content"] for shard, row in shards.items()})
        gone = _forget(folder, set(shards))
        _refresh_histories(home, folder, {shard: row["history"] for shard, row in shards.items()})
        if changed or gone or not (folder / "index.js").is_file():
            _write_packed(folder / "index.js", "index", _index(folder, sorted(shards)))
        for name, template in _PAGE_FILES:
            _write_if_changed(folder / name, (TEMPLATES / template).read_text("utf-8"))
    return folder / PAGE


def _refresh_shards(home: Home, folder: Path, contents: dict[str, str]) -> bool:
    """Write the files of shards that are made from something else than before; returns whether any is."""
    waiting = {
        shard: f"{FORMAT} {content}"
        for shard, content in contents.items()
        if _signature(folder / "index" / f"{check_shard(shard)}.json") != f"{FORMAT} {content}"
        or not (folder / "data" / f"{shard}.js").is_file()
    }
    for batch in _batches(home, waiting):
        for shard, told in read_shards(home, batch):
            rows = told.pop("rows")
            _write_packed(folder / "data" / f"{shard}.js", "shard", {"shard": shard, **told})
            # After the data: a crash between the two leaves the old signature, and both are written again.
            index = _json([shard, contents[shard][:12], rows])
            write_text(folder / "index" / f"{shard}.json", f"{waiting[shard]}\n{index}\n")
    return bool(waiting)


def _batches(home: Home, shards: Iterable[str]) -> Iterator[list[str]]:
    """Put shards together that are read at once."""
    batch: list[str] = []
    size = 0
    for shard in shards:
        files = [home.shard_file(stage.table, shard) for stage in STAGES]
        weight = sum(file.stat().st_size for file in files if file.is_file())
        if batch and (size + weight > BATCH_BYTES or len(batch) == BATCH_SHARDS):
            yield batch
            batch, size = [], 0
        batch.append(shard)
        size += weight
    if batch:
        yield batch


def _refresh_histories(home: Home, folder: Path, histories: dict[str, str]) -> None:
    waiting = {
        shard: f"{FORMAT} {history}"
        for shard, history in histories.items()
        if _signature(folder / "runs" / f"{shard}.js") != f"// {FORMAT} {history}"
    }
    if not waiting:
        return
    runs = sorted((run for run in read_stage_runs(home) if run.shard in waiting), key=lambda run: run.shard)
    with open_memory() as connection:
        for shard, logged in groupby(runs, key=lambda run: run.shard):
            told = {"shard": shard, "stages": read_history(connection, home, shard, tuple(logged))}
            _write_packed(folder / "runs" / f"{shard}.js", "history", told, f"// {waiting[shard]}\n")


def _forget(folder: Path, shards: set[str]) -> int:
    """Remove the files of shards that are no more."""
    gone = [
        path
        for room in ("data", "index", "runs")
        for path in (folder / room).glob("*.js*")
        if path.name.partition(".")[0] not in shards
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _index(folder: Path, shards: list[str]) -> dict[str, Any]:
    def lines() -> Iterator[str]:
        for shard in shards:
            yield (folder / "index" / f"{shard}.json").read_text("utf-8").split("\n")[1]

    return {
        "stages": [(stage.asset, stage.title) for stage in STAGES],
        "ways": [[stage.asset for stage in way.stages] for way in WAYS],
        "shards": [json.loads(line) for line in lines()],
    }


def _signature(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def _write_packed(path: Path, kind: str, value: object, head: str = "") -> None:
    """Write a script that hands the page a value. Packed, so that nothing in it can be read as script."""
    packed = base64.b64encode(gzip.compress(_json(value).encode(), 6, mtime=0)).decode("ascii")
    with replacing(path) as temporary:
        temporary.write_text(f'{head}gem.receive("{kind}", "{packed}");\n', "ascii")


def _write_if_changed(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text("utf-8") != text:
        write_text(path, text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
