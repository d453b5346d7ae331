"""Items, trees and pairs of a round as rows of their tables, and the trees read back from them.

Does not belong here: where the rows lie (`round_files`), how they are shown (`reports`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gem_assets.itool.items.difficulty import Difficulty
from gem_assets.itool.items.item import Item
from gem_assets.itool.items.selection import Replay
from gem_assets.itool.search.pairs import PreferencePair
from gem_assets.itool.search.tree import Node, Tree, WrittenTurn
from gem_assets.itool.turns.reward import Reward
from gem_assets.itool.turns.scanner import Syntax
from gem_assets.store.tables import as_text


def item_row(
    item: Item, difficulty: Difficulty, replay: Replay | None, stamped: Mapping[str, str]
) -> dict[str, Any]:
    """Write what a round knows of an item; `stamped` holds shard, policy and run_id."""
    return {
        **stamped,
        **item.model_dump(include={"item_id", "source", "document_id", "trajectory_id", "turn", "split"}),
        "with_tool": item.with_tool,
        "perplexity": replay.perplexity if replay else None,
        "previous": replay.previous if replay else None,
        "difficulty": difficulty,
        "selected": replay.selected if replay else False,
        "times_selected": replay.times_selected if replay else 0,
    }


def node_rows(
    shard: str, item_id: str, tree: Tree, pairs: Sequence[PreferencePair]
) -> Iterator[dict[str, Any]]:
    """Write the nodes of a tree, with those that pairs prefer or turn down marked."""
    chosen = {pair.chosen_node for pair in pairs}
    rejected = {pair.rejected_node for pair in pairs}
    for node in tree.nodes:
        yield {
            "shard": shard,
            "item_id": item_id,
            "node": node.number,
            "parent": node.parent,
            "depth": tree.depth_of(node),
            "kind": node.kind,
            "fragment": as_text(node.fragment),
            "prior": node.prior,
            "probability": node.probability,
            "visits": node.visits,
            "value": node.value,
            "attempts": node.attempts,
            "chosen": node.number in chosen,
            "rejected": node.number in rejected,
        }


def turn_rows(shard: str, item_id: str, tree: Tree) -> Iterator[dict[str, Any]]:
    """Write the turns of a tree."""
    for number, turn in enumerate(tree.turns):
        last = max((node for node in tree.nodes if number in node.turns), key=tree.depth_of)
        yield {
            "shard": shard,
            "item_id": item_id,
            "turn": number,
            "node": last.number,
            "text": as_text(turn.text),
            "finished": turn.finished,
            "reward": turn.reward.value,
            "credit": turn.reward.credit,
            "grade": turn.reward.grade,
            "errors": list(turn.reward.errors),
            "faults": list(turn.reward.faults),
        }


def pair_row(pair: PreferencePair, shard: str, run_id: str) -> dict[str, Any]:
    """Write a pair."""
    texts = {name: as_text(value) for name, value in pair if isinstance(value, str)}
    return {**pair.model_dump(), **texts, "shard": shard, "run_id": run_id}


def read_tree(
    nodes: Sequence[Mapping[str, Any]], turns: Sequence[Mapping[str, Any]], syntax: Syntax, depth: int
) -> Tree:
    """Build a tree again from its rows, both in the order of their numbers."""
    tree = Tree(syntax, depth)
    tree.nodes.clear()
    for row in nodes:
        parent = None if row["parent"] is None else tree.nodes[row["parent"]]
        fragment = row["fragment"]
        tree.nodes.append(
            Node(
                number=row["node"],
                parent=row["parent"],
                fragment=fragment,
                kind=row["kind"],
                end=(parent.end if parent else 0) + len(fragment),
                prior=row["prior"],
                probability=row["probability"],
                attempts=row["attempts"],
            )
        )
        if parent:
            parent.children.append(row["node"])
    for row in turns:
        reward = Reward(
            row["reward"], row["credit"], tuple(row["errors"]), tuple(row["faults"]), row["grade"]
        )
        tree.count(tree.nodes[row["node"]], WrittenTurn(row["text"], row["finished"], reward))
    return tree
