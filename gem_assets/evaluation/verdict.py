"""The decontamination verdict that stands beside a score: was the model trained on words of the benchmark?

Does not belong here: the comparison itself (`datasets/contamination.py`).
"""

import json

from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql

UNKNOWN = "unknown: no recipe is named as its training data (--recipe)"


def decontamination_verdict(home: Home, recipe: str | None, benchmark: str) -> str:
    """Say what is known about a recipe's data set and a benchmark, in a few words."""
    if recipe is None:
        return UNKNOWN
    with open_live(home, ("dataset_runs", "contamination_hits", "trajectory_dataset_outcomes")) as connection:
        connection.execute(read_sql("views", "latest_dataset_runs"))
        built = connection.execute(
            "SELECT kept, contamination FROM latest_dataset_runs WHERE recipe = ?", [recipe]
        ).fetchone()
        if built is None:
            return f"unknown: the recipe {recipe} was never built"
        hits = connection.execute(read_sql("reports", "contaminated_training")).fetchall()
    blocking, warnings = next((row[2:] for row in hits if row[:2] == (recipe, benchmark)), (0, 0))
    kept, said = built[0], json.loads(built[1]).get(benchmark, "not checked")
    if not said.startswith("checked"):
        return f"not checked: {recipe}, {said}"
    if blocking:
        return f"contaminated: {blocking} of {kept} trajectories of {recipe} hold words of it"
    alike = f"; {warnings} have a tool like one of its" if warnings else ""
    return f"clean: none of {kept} trajectories of {recipe} holds words of it{alike}"
