"""Training rows out of a chosen data set: for a policy, and for the Trajectory Synthesizer.

Does not belong here: what trainers want the rows to look like (`exports/`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from gem_assets.configuration import RunConfiguration
from gem_assets.datasets.chat_template import render_chat
from gem_assets.datasets.dataset_files import OUTCOMES, recipe_file, write_recipe_rows, written_run
from gem_assets.datasets.openai_shape import find_repaired_calls, to_openai
from gem_assets.datasets.recipes import SPLITS
from gem_assets.datasets.tokens import TokenCounter, open_counter
from gem_assets.records.base import content_hash
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.answers.trajectory_answer import render_trajectory
from gem_assets.stages.rendering import render_tools
from gem_assets.stages.synthesis import synthesizer_prompt
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home, StoreError
from gem_assets.store.tables import as_json, as_text

Kind = Literal["policy_examples", "synthesizer_examples"]

_SHARED = (
    "record_id, shard, document_id, split, corpus, license, generator, model, judge_status, run_id, payload"
)


def policy_example(trajectory: Trajectory) -> dict[str, Any]:
    """Write a trajectory as messages and tools in the OpenAI shape."""
    return {
        "messages": to_openai(trajectory.messages),
        "tools": [tool.to_openai() for tool in trajectory.tools],
        "unlearned": list(find_repaired_calls(trajectory.messages)),
    }


def synthesizer_example(trajectory: Trajectory, settings: Settings) -> dict[str, str]:
    """Write a trajectory as the Synthesizer's task: instruction and text, answered by tools and dialogue.

    The answer is written by the functions that write prompts, and `parse_refined_trajectory` reads it.
    """
    return {
        "instruction": read_instruction(settings),
        "text": trajectory.workflow.procedure.document.text,
        "answer": f"<toolsets>{render_tools(trajectory.tools)}</toolsets>\n"
        f"{render_trajectory(trajectory.messages)}",
    }


def synthesizer_messages(example: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write the Synthesizer's task as a chat of two messages."""
    return [
        {"role": "user", "content": f"{example['instruction']}\n\n{example['text']}"},
        {"role": "assistant", "content": example["answer"]},
    ]


def read_instruction(settings: Settings) -> str:
    """Read the Synthesizer's one-line instruction (arXiv 2601.10355, section on the Synthesizer)."""
    return synthesizer_prompt("", settings).strip()


def write_examples(configuration: RunConfiguration, recipe: str, kind: Kind) -> int:
    """Replace a recipe's training rows of one kind; returns how many there are.

    Raises:
        StoreError: the recipe's data set was never built, or the rows cannot be written.
    """
    home, settings = configuration.home, configuration.settings
    run_id = written_run(home, OUTCOMES, recipe)
    if run_id is None:
        raise StoreError(f"the data set {recipe} was never built: run `gem dataset --recipe {recipe}`")
    counter = open_counter(configuration.tokenizer)

    def make(trajectory: Trajectory) -> dict[str, Any]:
        if kind == "policy_examples":
            return _policy_row(policy_example(trajectory), counter)
        return _synthesizer_row(synthesizer_example(trajectory, settings), counter)

    rows = [{**shared, **make(trajectory)} for shared, trajectory in _read_chosen(home, recipe)]
    write_recipe_rows(home, kind, recipe, rows, run_id)
    return len(rows)


def _read_chosen(home: Home, recipe: str) -> Iterator[tuple[dict[str, Any], Trajectory]]:
    with open_memory() as connection:
        found = connection.execute(
            f"SELECT {_SHARED} FROM read_parquet(?) WHERE outcome = 'kept' ORDER BY shard, record_id",
            [str(recipe_file(home, OUTCOMES, recipe))],
        )
        names = _SHARED.split(", ")
        for values in found.fetchall():
            row = dict(zip(names, values, strict=True))
            trajectory = Trajectory.model_validate_json(row.pop("payload"))
            yield {"recipe": recipe, "example_id": row.pop("record_id"), **row}, trajectory


def _policy_row(example: Mapping[str, Any], counter: TokenCounter) -> dict[str, Any]:
    text = render_chat(example["messages"], example["tools"])
    return {
        "messages": as_json(example["messages"]),
        "tools": as_json(example["tools"]),
        "unlearned": example["unlearned"],
        **_counted(text, counter, [example["messages"], example["tools"]]),
    }


def _synthesizer_row(example: Mapping[str, str], counter: TokenCounter) -> dict[str, Any]:
    text = render_chat(synthesizer_messages(example))
    return {
        **{name: as_text(value) for name, value in example.items()},
        **_counted(text, counter, [example["text"], example["answer"]]),
    }


def _counted(text: str, counter: TokenCounter, content: object) -> dict[str, Any]:
    return {
        "token_count": counter.count(as_text(text)),
        "token_counter": counter.name,
        "content_hash": content_hash(json.loads(as_json(content))),
    }


def by_split(row: Mapping[str, Any]) -> tuple[int, str, str]:
    """Order rows by split, shard and id."""
    return SPLITS.index(row["split"]), row["shard"], row["example_id"]
