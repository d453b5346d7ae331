"""`gem export`: write what a trainer loads as it is, whole or not at all."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from gem_assets.datasets.exports.layouts import LAYOUTS
from gem_assets.datasets.exports.rows import TASKS, read_training_rows
from gem_assets.store.errors import map_store_errors
from gem_assets.store.home import Home, StoreError

FORMATS = tuple(LAYOUTS)


@dataclass(frozen=True)
class Export:
    """What was written."""

    folder: Path
    files: tuple[str, ...]
    """Relative to the folder."""
    rows: dict[str, int]
    """By task and split."""
    notes: tuple[str, ...]
    """What the user should know before training on it."""


def export_dataset(home: Home, recipe: str, format_name: str, out: Path) -> Export:
    """Write a recipe's training rows in one of FORMATS.

    Written aside and renamed, so that a folder is there whole or not at all.

    Raises:
        StoreError: unknown format, no rows, a folder that is not empty, a full disk; nothing is left behind.
    """
    if format_name not in LAYOUTS:
        raise StoreError(f"there is no export format {format_name!r}: {', '.join(FORMATS)}")
    out = out.expanduser().absolute()
    _check_free(out)
    rows = read_training_rows(home, recipe)
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with map_store_errors(f"the export {out}"):
            aside.mkdir(parents=True)
            LAYOUTS[format_name](home, rows, aside)
            if out.is_dir():
                out.rmdir()
            aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    files = tuple(sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()))
    counts = {f"{task} {split}": len(rows.of(task, split)) for task in TASKS for split in rows.splits(task)}
    return Export(out, files, counts, _notes(counts))


def _check_free(out: Path) -> None:
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists() or out.is_symlink():
        what = "is not empty" if out.is_dir() else "is a file"
        raise StoreError(f"{out} {what}: name a folder that does not exist yet")


def _notes(counts: dict[str, int]) -> tuple[str, ...]:
    missing = [split for split in ("train", "validation", "test") if f"policy {split}" not in counts]
    return tuple(f"no row fell into the {split} split" for split in missing)
