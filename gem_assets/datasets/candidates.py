"""Read what a recipe may choose from: the trajectories of its stage, over all shards.

Does not belong here: the choice (`choosing`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gem_assets.datasets.recipes import Recipe
from gem_assets.records.trajectory import Trajectory
from gem_assets.store.connections import Connection

PAGE = 100

_WANTED = "stage = ? AND (judge_reason IS NULL OR ?) ORDER BY shard, record_id"


@dataclass(frozen=True)
class Candidate:
    """A trajectory with the columns of the row it was stored in."""

    record_id: str
    document_id: str
    shard: str
    corpus: str
    license: str | None
    superseded: bool
    generator: str | None
    model: str | None
    prompt_version: str | None
    judge_status: str | None
    judge_reason: str | None
    """Why the judge rejected it, where the recipe takes it all the same."""
    content_hash: str
    payload: str
    trajectory: Trajectory

    @property
    def key(self) -> str:
        """Name it among all versions of its text."""
        return f"{self.shard}/{self.record_id}"


_COLUMNS = (
    "record_id, document_id, shard, corpus, license, superseded, generator, model, prompt_version, "
    "judge_status, judge_reason, content_hash, payload"
)


def candidate_versions(connection: Connection, recipe: Recipe) -> list[list[str]]:
    """List key and content hash of what `read_candidates` would read, without reading it."""
    found = connection.execute(
        f"SELECT shard || '/' || record_id, content_hash FROM dataset_candidates WHERE {_WANTED}",
        [recipe.stage, recipe.judgement == "ignored"],
    )
    return [list(row) for row in found.fetchall()]


def read_candidates(connection: Connection, recipe: Recipe) -> Iterator[Candidate]:
    """Read every trajectory the recipe's stage kept, in a fixed order; tables and views must be attached.

    With the judgement ignored, also those that only the judge rejected. `connection` is busy until the last
    one is read.
    """
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM dataset_candidates WHERE {_WANTED}",
        [recipe.stage, recipe.judgement == "ignored"],
    )
    while rows := found.fetchmany(PAGE):
        for row in rows:
            yield Candidate(*row, trajectory=Trajectory.model_validate_json(row[-1]))
