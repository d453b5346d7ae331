"""`gem dataset` and `gem export` as functions that say what they did; the commands are in `cli.py`."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.build import DatasetRun, build_all
from gem_assets.datasets.comparison import Comparison, compare_datasets, kept_choices
from gem_assets.datasets.export import export_dataset
from gem_assets.datasets.recipe_staleness import stale_reason
from gem_assets.datasets.recipes import load_recipe
from gem_assets.datasets.tokens import estimate_packing
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home

Echo = Callable[[str], None]

_SHOWN = 20


def run_dataset(configuration: RunConfiguration, recipe_name: str, diff: bool, echo: Echo) -> int:
    """Build a recipe's data set and its training rows; returns the exit code.

    1 where it kept nothing, or kept words of a benchmark; raises StoreError on bad input.
    """
    home = configuration.home
    recipe = load_recipe(recipe_name, home)
    run = build_all(configuration, recipe, uuid.uuid4().hex)
    for line in _told(run):
        echo(line)
    for line in _counted(home, recipe.name):
        echo(line)
    if diff and kept_choices(home, recipe.name):
        for line in _compared(compare_datasets(home, recipe.name)):
            echo(line)
    if run.blocking_hits:
        echo(f"{run.blocking_hits} trajectories hold words of a benchmark: `gem export` will refuse them")
    elif not run.kept:
        echo(f"the recipe {recipe.name} kept nothing; for the sample corpus there is --recipe demo")
    return 1 if run.blocking_hits or not run.kept else 0


def run_export(home: Home, recipe_name: str, format_name: str, out: Path, echo: Echo) -> int:
    """Write a recipe's rows for a trainer; returns the exit code, raises StoreError on bad input."""
    name = Path(recipe_name).stem if recipe_name.endswith(".toml") else recipe_name
    export = export_dataset(home, name, format_name, out)
    rows = ", ".join(f"{split} {count}" for split, count in export.rows.items())
    echo(f"{export.folder}: {rows} rows in {len(export.files)} files")
    for note in export.notes:
        echo(f"note: {note}")
    reason = stale_reason(home, load_recipe(recipe_name, home))
    if reason is not None:
        echo(f"note: {reason} since it was built: `gem dataset --recipe {recipe_name}`, then export again")
    return 0


def _told(run: DatasetRun) -> Iterator[str]:
    splits = ", ".join(f"{split} {count}" for split, count in run.splits.items())
    yield f"recipe {run.recipe.name}: {run.inputs} trajectories, {run.kept} kept, {run.rejected} left out"
    if splits:
        yield f"splits: {splits}"
    for reason, count in run.reasons.items():
        yield f"left out: {count} {reason}"
    for benchmark, said in run.contamination.items():
        yield f"{benchmark}: {said}"


def _counted(home: Home, recipe: str) -> Iterator[str]:
    with open_live(home, ("policy_examples", "synthesizer_examples")) as connection:
        for table in ("policy_examples", "synthesizer_examples"):
            found = connection.execute(
                f"SELECT token_count, token_counter FROM {table} WHERE recipe = ?", [recipe]
            ).fetchall()
            if not found:
                continue
            lengths = [count for count, _ in found]
            packing = estimate_packing(lengths)
            yield (
                f"{table}: {packing.rows} rows, {sum(lengths):,} tokens by {found[0][1]}, {packing.too_long} "
                f"over {packing.context:,}; packed, {packing.rows_per_pack:.1f} rows share a context"
            )


def _compared(comparison: Comparison) -> Iterator[str]:
    counts = ", ".join(f"{count} {change}" for change, count in comparison.counts.items())
    yield f"against run {comparison.before}: {counts}"
    for change in comparison.changes[:_SHOWN]:
        yield f"  {change.trajectory_id}  {change.before or 'absent'} -> {change.after or 'absent'}"
    if len(comparison.changes) > _SHOWN:
        yield f"  … and {len(comparison.changes) - _SHOWN} more"
