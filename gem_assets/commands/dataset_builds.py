"""`gem dataset` and `gem export`: have a data set built, or write one for a trainer; print the figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gem_assets.commands.running import Echo, all_done, materialise
from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.comparison import Comparison, compare_datasets, kept_choices
from gem_assets.datasets.export import export_dataset
from gem_assets.datasets.recipe_staleness import stale_reason
from gem_assets.datasets.recipes import load_recipe
from gem_assets.datasets.tokens import estimate_packing
from gem_assets.orchestration.runs.launch import JobOrder
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.named_files import file_tags

DATASET = ("trajectory_dataset", "policy_examples", "synthesizer_examples")
"""What is materialised of a recipe: the choice first."""
_SHOWN = 20


def run_dataset(configuration: RunConfiguration, recipe_name: str, diff: bool, echo: Echo) -> int:
    """Materialise a recipe's data set and its training rows; returns the exit code.

    1 where it kept nothing, kept words of a benchmark, or failed; raises StoreError on bad input.
    """
    home = configuration.home
    recipe = load_recipe(recipe_name, home)
    order = JobOrder(
        None,
        assets=DATASET,
        job="dataset",
        partition=recipe.name,
        partitions="recipes",
        tags=file_tags(recipe_name),
    )
    results = materialise(configuration, [order], echo)
    if not all_done([order], results):
        return 1
    chosen = results[0].made[DATASET[0]]
    for line in _told(recipe.name, chosen):
        echo(line)
    for line in _counted(home, recipe.name):
        echo(line)
    if diff and kept_choices(home, recipe.name):
        for line in _compared(compare_datasets(home, recipe.name)):
            echo(line)
    hits, kept = chosen["contaminated_kept"], chosen["kept"]
    if hits:
        echo(f"{hits} trajectories hold words of a benchmark: `gem export` will refuse them")
    elif not kept:
        echo(f"the recipe {recipe.name} kept nothing; for the sample corpus there is --recipe demo")
    return 1 if hits or not kept else 0


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


def _told(recipe: str, chosen: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"recipe {recipe}: {chosen['inputs']} trajectories, {chosen['kept']} kept, "
        f"{chosen['rejected']} left out"
    )
    splits = ", ".join(f"{split} {count}" for split, count in _of("split", chosen))
    if splits:
        yield f"splits: {splits}"
    for reason, count in _of("reason", chosen):
        yield f"left out: {count} {reason}"
    for benchmark, said in _of("contamination", chosen):
        yield f"{benchmark}: {said}"


def _of(kind: str, chosen: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give the metadata of a kind, by the name behind the slash."""
    for name, value in chosen.items():
        if name.startswith(f"{kind}/"):
            yield name.partition("/")[2], value


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
