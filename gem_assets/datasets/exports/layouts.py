"""Which files each format has. A format is one function: rows into a folder.

Does not belong here: what a row looks like (`shapes`).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gem_assets.datasets.chat_template import TEMPLATE, template_text
from gem_assets.datasets.dataset_files import recipe_file
from gem_assets.datasets.exports import shapes
from gem_assets.datasets.exports.card import render_card
from gem_assets.datasets.exports.rows import TASKS, Task, TrainingRow, TrainingRows
from gem_assets.datasets.exports.writing import (
    Shape,
    write_database,
    write_json_lines,
    write_parquet,
    write_splits,
    write_stubs,
)
from gem_assets.datasets.recipes import Split
from gem_assets.store.home import Home

SHARD_ROWS = 5_000
"""Rows of a Parquet file on the Hub: tens of megabytes, which its viewer reads at once."""

Layout = Callable[[Home, TrainingRows, Path], None]


@dataclass(frozen=True)
class _Lines:
    """A format of JSON lines with config stubs, and the chat template where the trainer renders calls."""

    name: str
    shape: Shape
    template: bool = False

    def __call__(self, home: Home, rows: TrainingRows, folder: Path) -> None:
        write_splits(folder, rows, self.shape)
        write_stubs(folder, self.name, rows)
        if self.template:
            (folder / TEMPLATE.name).write_text(template_text(), "utf-8")


def write_llamafactory(home: Home, rows: TrainingRows, folder: Path) -> None:
    """Write lines, and the dataset_info.json that says how to read them."""
    entries: dict[str, Any] = {}
    for path in write_splits(folder, rows, shapes.llamafactory_shape):
        entries[path.stem] = {
            "file_name": path.name,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
        }
    (folder / "dataset_info.json").write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    write_stubs(folder, "llamafactory", rows)


def write_verl(home: Home, rows: TrainingRows, folder: Path) -> None:
    """Write Parquet of JSON text, and the class that decodes it."""
    for task, split in _present(rows):
        shaped = [shapes.verl_shape(row) for row in rows.of(task, split)]
        write_parquet(folder / f"{task}_{split}.parquet", shaped)
    write_stubs(folder, "verl", rows)
    (folder / TEMPLATE.name).write_text(template_text(), "utf-8")


def write_adp(home: Home, rows: TrainingRows, folder: Path) -> None:
    """Write the policy's rows only: a Synthesizer's task is no trajectory of an agent."""
    for split in rows.splits("policy"):
        path = folder / f"policy_{split}.jsonl"
        write_json_lines(path, (shapes.adp_shape(row) for row in rows.of("policy", split)))
    write_stubs(folder, "adp", rows)


def write_duckdb(home: Home, rows: TrainingRows, folder: Path) -> None:
    """Write the recipe's tables as one DuckDB file."""
    tables = ("trajectory_dataset_outcomes", "policy_examples", "synthesizer_examples", "dataset_metrics",
              "contamination_hits", "dataset_runs")  # fmt: skip
    sources = {table: recipe_file(home, table, rows.recipe) for table in tables}
    write_database(folder / f"{rows.recipe}.duckdb", sources)


def write_hub(home: Home, rows: TrainingRows, folder: Path) -> None:
    """Write a data set folder: Parquet shards per task and split, and the card."""
    for task, split in _present(rows):
        found = rows.of(task, split)
        shards = [found[start : start + SHARD_ROWS] for start in range(0, len(found), SHARD_ROWS)]
        for number, shard in enumerate(shards):
            name = f"{split}-{number:05d}-of-{len(shards):05d}.parquet"
            write_parquet(folder / task / name, [_hub_row(row) for row in shard])
    (folder / TEMPLATE.name).write_text(template_text(), "utf-8")
    (folder / "README.md").write_text(render_card(home, rows), "utf-8")


LAYOUTS: dict[str, Layout] = {
    "openai": _Lines("openai", shapes.openai_shape),
    "trl": _Lines("trl", shapes.trl_shape, template=True),
    "llamafactory": write_llamafactory,
    "axolotl": _Lines("axolotl", shapes.axolotl_shape, template=True),
    "swift": _Lines("swift", shapes.swift_shape),
    "verl": write_verl,
    "adp": write_adp,
    "duckdb": write_duckdb,
    "hub": write_hub,
}


def _present(rows: TrainingRows) -> list[tuple[Task, Split]]:
    return [(task, split) for task in TASKS for split in rows.splits(task)]


def _hub_row(row: TrainingRow) -> dict[str, Any]:
    """Nested values travel as JSON text: TRL reads `tools` so, and no schema is unified."""
    return {
        "id": row.example_id,
        "document_id": row.document_id,
        "messages": shapes.to_text(row.messages),
        "tools": shapes.to_text(row.tools),
        "unlearned": shapes.to_text(sorted(row.unlearned)),
        "token_count": row.token_count,
    }
