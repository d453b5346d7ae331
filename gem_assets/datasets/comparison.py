"""What changed between two choices of a recipe: what came, went, changed, or moved to another pile."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gem_assets.datasets.dataset_files import OUTCOMES, history_file, recipe_file, written_run
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.parts import read_rows

Change = Literal["added", "removed", "content", "pile", "reason", "split", "same"]


@dataclass(frozen=True)
class RowChange:
    """One trajectory, as two choices see it; None on the side that does not know it."""

    trajectory_id: str
    shard: str
    change: Change
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Comparison:
    """Two choices of one recipe."""

    recipe: str
    before: str
    after: str
    """The runs that made them."""
    counts: dict[str, int]
    """Trajectories by kind of change; `same` included, so that they add up."""
    changes: tuple[RowChange, ...]
    """All but the same, in order."""


def compare_datasets(home: Home, recipe: str, before: str | None = None) -> Comparison:
    """Compare what a recipe holds now with what the run `before` chose; the run before this one if None.

    Raises:
        StoreError: there is no such choice.
    """
    now = written_run(home, OUTCOMES, recipe)
    if now is None:
        raise StoreError(f"the data set {recipe} was never built: run `gem dataset --recipe {recipe}`")
    earlier = before or _latest_kept(home, recipe)
    path = history_file(home, recipe, earlier) if earlier else None
    if earlier is None or path is None or not path.is_file():
        raise StoreError(
            f"the history holds no other choice of {recipe}" + (f" by {before}" if before else "")
        )
    old, new = _read(path), _read(recipe_file(home, OUTCOMES, recipe))
    changes = [_change(key, old.get(key), new.get(key)) for key in sorted({*old, *new})]
    counts = Counter(change.change for change in changes)
    told = tuple(change for change in changes if change.change != "same")
    return Comparison(recipe, earlier, now, dict(sorted(counts.items())), told)


def kept_choices(home: Home, recipe: str) -> list[str]:
    """Name the runs whose choice is in the history, the latest first."""
    folder = history_file(home, recipe, "x").parent
    found = sorted(folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.stem for path in found]


def _latest_kept(home: Home, recipe: str) -> str | None:
    return next(iter(kept_choices(home, recipe)), None)


def _read(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    with open_memory() as connection:
        return {(row["shard"], row["parent_id"]): row for row in read_rows(connection, path)}


def _change(key: tuple[str, str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> RowChange:
    shard, trajectory_id = key
    kind: Change = "same"
    if old is None or new is None:
        kind = "added" if old is None else "removed"
    elif old["outcome"] != new["outcome"]:
        kind = "pile"
    elif old["content_hash"] != new["content_hash"]:
        kind = "content"
    elif old["reason"] != new["reason"]:
        kind = "reason"
    elif old["split"] != new["split"]:
        kind = "split"
    return RowChange(trajectory_id, shard, kind, _told(old), _told(new))


def _told(row: Mapping[str, Any] | None) -> str | None:
    if row is None:
        return None
    return f"kept in {row['split']}" if row["outcome"] == "kept" else row["reason"]
