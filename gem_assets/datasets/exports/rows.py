"""The training rows of a recipe as every export reads them: a chat in the OpenAI shape, with its tools.

A Synthesizer row is a chat of two messages and no tools, so that one projection serves both kinds.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gem_assets.datasets.dataset_files import OUTCOMES, read_recipe_rows, written_run
from gem_assets.datasets.examples import Kind, by_split, synthesizer_messages
from gem_assets.datasets.recipes import SPLITS, Split
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.sql_files import read_sql

Task = Literal["policy", "synthesizer"]
TASKS: tuple[Task, ...] = ("policy", "synthesizer")
_KINDS: tuple[Kind, ...] = ("policy_examples", "synthesizer_examples")


@dataclass(frozen=True)
class TrainingRow:
    """One row to train on."""

    example_id: str
    document_id: str
    split: Split
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    unlearned: frozenset[int] = field(default_factory=frozenset[int])
    """Messages without loss: wrong calls that are repaired later."""
    token_count: int = 0


@dataclass(frozen=True)
class TrainingRows:
    """Both kinds of rows of a recipe."""

    recipe: str
    run_id: str
    policy: tuple[TrainingRow, ...]
    synthesizer: tuple[TrainingRow, ...]

    def of(self, task: Task, split: Split) -> list[TrainingRow]:
        """Give the rows of one task and split, in order."""
        rows: Sequence[TrainingRow] = self.policy if task == "policy" else self.synthesizer
        return [row for row in rows if row.split == split]

    def splits(self, task: Task) -> list[Split]:
        """Name the splits of a task that hold rows."""
        return [split for split in SPLITS if self.of(task, split)]


def read_training_rows(home: Home, recipe: str, tasks: Sequence[Task] = TASKS) -> TrainingRows:
    """Read the rows of both kinds, or of one.

    Raises:
        StoreError: the data set was never built, holds nothing, or its rows are older than its choice.
    """
    run_id = written_run(home, OUTCOMES, recipe)
    build = f"run `gem dataset --recipe {recipe}`"
    if run_id is None:
        raise StoreError(f"the data set {recipe} was never built: {build}")
    for task in tasks:
        if written_run(home, f"{task}_examples", recipe) != run_id:
            raise StoreError(f"{task}_examples of {recipe} are older than its data set: {build}")
    _refuse_contaminated(home, recipe)
    policy, synthesizer = (
        _read(home, kind, recipe) if task in tasks else () for task, kind in zip(TASKS, _KINDS, strict=True)
    )
    if not (policy or synthesizer):
        raise StoreError(
            f"the data set {recipe} holds 0 rows, so there is nothing to export or train on: "
            f"`gem sql --live \"FROM dataset_rejections WHERE recipe = '{recipe}'\"` says why"
        )
    return TrainingRows(recipe, run_id, policy, synthesizer)


def _refuse_contaminated(home: Home, recipe: str) -> None:
    """Let nothing out that holds words of a benchmark, whatever the recipe only reports."""
    with open_live(home, ("contamination_hits", OUTCOMES)) as connection:
        found = connection.execute(read_sql("checks", "decontamination")).fetchall()
    hits = [row for row in found if row[0] == recipe]
    if hits:
        raise StoreError(
            f"{len({row[2] for row in hits})} trajectories of {recipe} hold words of a benchmark, "
            f'e.g. {hits[0][2]} ({hits[0][3]}, {hits[0][4]}: "{hits[0][5]}"): '
            'set decontamination = "reject" in the recipe and build it again'
        )


def _read(home: Home, kind: Kind, recipe: str) -> tuple[TrainingRow, ...]:
    with open_memory() as connection:
        rows = read_recipe_rows(connection, home, kind, recipe)
    return tuple(_row(row, kind) for row in sorted(rows, key=by_split))


def _row(row: dict[str, Any], kind: Kind) -> TrainingRow:
    policy = kind == "policy_examples"
    return TrainingRow(
        example_id=row["example_id"],
        document_id=row["document_id"],
        split=row["split"],
        messages=json.loads(row["messages"]) if policy else synthesizer_messages(row),
        tools=json.loads(row["tools"]) if policy else [],
        unlearned=frozenset(row["unlearned"] if policy else ()),
        token_count=row["token_count"],
    )
