"""Items out of our own trajectories: the rows of a recipe's `policy_examples`.

Every assistant turn is an item but those that a recipe leaves unlearned. Does not belong here: files of
others (`toolace`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gem_assets.datasets.chat_template import render_chat
from gem_assets.datasets.dataset_files import OUTCOMES, read_recipe_rows
from gem_assets.datasets.openai_shape import from_openai, tools_from_openai
from gem_assets.itool.items.item import END, Item
from gem_assets.records.base import make_id
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home, StoreError


def read_items(home: Home, recipe: str) -> list[Item]:
    """Read the items of a recipe's training rows, in the order of the rows and turns.

    Raises:
        StoreError: the recipe's rows were never written.
    """
    with open_memory() as connection:
        rows = read_recipe_rows(connection, home, "policy_examples", recipe)
        chosen = read_recipe_rows(connection, home, OUTCOMES, recipe)
    if not rows:
        raise StoreError(
            f"the recipe {recipe} has no policy examples yet: run `gem dataset --recipe {recipe}`"
        )
    trajectories = {row["record_id"]: row["parent_id"] for row in chosen}
    return [
        item
        for row in rows
        for item in items_of({**row, "trajectory_id": trajectories.get(row["example_id"])})
    ]


def items_of(row: Mapping[str, Any]) -> Iterator[Item]:
    """Make the items of one training row."""
    messages, tools = json.loads(row["messages"]), json.loads(row["tools"])
    records, offered = from_openai(messages), tools_from_openai(tools)
    unlearned = set(row.get("unlearned") or ())
    for place, message in enumerate(records):
        if message.role != "assistant" or place in unlearned or not place:
            continue
        prompt = render_chat(messages[:place], tools, open_turn=True)
        written = render_chat(messages[: place + 1], tools)
        yield Item(
            item_id=make_id("itool_item", row["example_id"], place),
            source=row["example_id"],
            document_id=row["document_id"],
            trajectory_id=row.get("trajectory_id"),
            turn=place,
            split=row["split"],
            syntax="hermes",
            prompt=prompt,
            gold=written[len(prompt) :].removesuffix("\n").removesuffix(END),
            tools=offered,
            messages=records[:place],
        )
