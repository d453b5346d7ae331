"""Whether a recipe's data set is what its file and today's trajectories would make of it, and if not, why."""

from functools import cache

from gem_assets.datasets.candidates import candidate_versions
from gem_assets.datasets.choosing import choose
from gem_assets.datasets.recipes import Recipe
from gem_assets.datasets.splits import assign_splits, group_documents
from gem_assets.records.base import content_hash
from gem_assets.stages.code_digest import code_digest
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home


def stale_reason(home: Home, recipe: Recipe) -> str | None:
    """Say why a recipe should be built again; None where it need not."""
    with open_live(home) as connection:
        found = connection.execute(
            "SELECT input_version FROM latest_dataset_runs WHERE recipe = ?", [recipe.name]
        ).fetchone()
        if found is None:
            return "never built"
        otherwise = connection.execute(
            "SELECT 1 FROM trajectory_dataset_outcomes WHERE recipe = ? AND code_version <> ? LIMIT 1",
            [recipe.name, choice_version(recipe)],
        ).fetchone()
        if otherwise is not None:
            return "the recipe changed"
        if found[0] != content_hash(candidate_versions(connection, recipe)):
            return "its trajectories changed"
    return None


def choice_version(recipe: Recipe) -> str:
    """Hash what makes a choice change besides its trajectories: the recipe and the code that chooses."""
    return content_hash([recipe.version, _code()])


@cache
def _code() -> str:
    return code_digest(choose, group_documents, assign_splits).digest
