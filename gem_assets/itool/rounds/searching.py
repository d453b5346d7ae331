"""The search of a round: a tree for each selected item, kept as soon as it is done; and the pairs of them.

A round that was killed goes on with the items that are missing, and ends with the same rows. Does not belong
here: the search of one item (`search/`).
"""

import json
import shutil
import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from gem_assets.itool.items.item import Item
from gem_assets.itool.rounds.at_once import each
from gem_assets.itool.rounds.round_files import (
    read_round_rows,
    round_key,
    write_round_rows,
    written_version,
)
from gem_assets.itool.rounds.rows import node_rows, pair_row, read_tree, turn_rows
from gem_assets.itool.rounds.site import Site, items_version
from gem_assets.itool.search.pairs import PreferencePair, find_pairs, without_repeats
from gem_assets.itool.search.policy import Policy
from gem_assets.itool.search.search import search
from gem_assets.itool.search.tree import Tree
from gem_assets.itool.turns.grading import PROMPT, grade_by
from gem_assets.itool.turns.reward import TurnJudge
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.base import content_hash
from gem_assets.store.files import write_text

TOLD_EVERY = 25
"""Items between two lines about a search."""

Rows = list[dict[str, Any]]


def search_round(site: Site, number: int, model: Path) -> int:
    """Search every selected item; writes `search_nodes` and `search_turns`, returns how many there are."""
    key = round_key(site.campaign.name, number)
    items = selected_items(site, number)
    version = _search_version(site, items, model.name)
    if written_version(site.home, "search_turns", key) == version:
        return len(items)
    folder = _working_folder(site, key)
    missing = [item for item in items if _read_done(folder, item, version) is None]
    site.told(f"searching {len(missing)} of {len(items)} selected items with {model.name}")
    if missing:
        with site.policy(model) as policy:
            _search_missing(site, policy, key, missing, folder, version)
    done = [_read_done(folder, item, version) or {} for item in items]
    for table, part in (("search_nodes", "nodes"), ("search_turns", "turns")):
        rows = [row for found in done for row in found[part]]
        write_round_rows(site.home, table, key, rows, site.run_id, version)
    shutil.rmtree(folder, ignore_errors=True)
    return len(items)


def make_pairs(site: Site, number: int) -> Rows:
    """Find the pairs of a round's trees; writes `preference_pairs`, marks their nodes in `search_nodes`."""
    key = round_key(site.campaign.name, number)
    searched = written_version(site.home, "search_turns", key) or ""
    version = content_hash([searched, site.campaign.pairs.model_dump(mode="json")])
    if written_version(site.home, "preference_pairs", key) != version:
        trees = read_trees(site, number)
        found = [pair for item, tree in trees for pair in find_pairs(tree, item, site.campaign.pairs)]
        pairs = without_repeats(found)
        marked = [row for item, tree in trees for row in node_rows(key, item.item_id, tree, _of(pairs, item))]
        write_round_rows(site.home, "search_nodes", key, marked, site.run_id, searched)
        rows = [pair_row(pair, key, site.run_id) for pair in pairs]
        write_round_rows(site.home, "preference_pairs", key, rows, site.run_id, version)
    return read_round_rows(site.home, "preference_pairs", key)


def selected_items(site: Site, number: int) -> list[Item]:
    """Give the items that a round's difficulty selected, in their own order."""
    rows = read_round_rows(site.home, "itool_items", round_key(site.campaign.name, number))
    selected = {row["item_id"] for row in rows if row["selected"]}
    return [item for item in site.train_items if item.item_id in selected]


def search_item(site: Site, policy: Policy, item: Item) -> Tree:
    """Search one item."""
    campaign = site.campaign
    prompt = Prompt.load(PROMPT, site.configuration.settings.prompts)
    grade = grade_by(policy, item, prompt) if campaign.grade else None
    judge = TurnJudge(item.situation, item.syntax, item.gold_turn, campaign.reward, grade)
    return search(item.prompt, item.syntax, policy, judge.judge, campaign.search, campaign.seed, item.gold)


def read_trees(site: Site, number: int) -> list[tuple[Item, Tree]]:
    """Build the trees of a round again from their rows."""
    key = round_key(site.campaign.name, number)
    nodes, turns = (
        _by_item(read_round_rows(site.home, table, key)) for table in ("search_nodes", "search_turns")
    )
    return [
        (
            item,
            read_tree(
                nodes[item.item_id], turns.get(item.item_id, ()), item.syntax, site.campaign.search.depth
            ),
        )
        for item in site.train_items
        if item.item_id in nodes
    ]


def _search_missing(
    site: Site, policy: Policy, key: str, items: Sequence[Item], folder: Path, version: str
) -> None:
    told, count = threading.Lock(), 0

    def work(item: Item) -> None:
        nonlocal count
        tree = search_item(site, policy, item)
        rows = {
            "version": version,
            "nodes": list(node_rows(key, item.item_id, tree, ())),
            "turns": list(turn_rows(key, item.item_id, tree)),
        }
        write_text(folder / f"{item.item_id}.json", json.dumps(rows))
        with told:
            count += 1
            if count % TOLD_EVERY == 0 or count == len(items):
                site.told(f"searched {count} of {len(items)} items")

    each(work, items, site.campaign.policy.concurrency)


def _search_version(site: Site, items: Sequence[Item], model: str) -> str:
    campaign = site.campaign
    settings = [campaign.search.model_dump(mode="json"), campaign.reward.model_dump(mode="json")]
    return content_hash([items_version(tuple(items)), model, settings, campaign.grade, campaign.seed])


def _working_folder(site: Site, key: str) -> Path:
    return site.home.root / "itool" / key


def _read_done(folder: Path, item: Item, version: str) -> dict[str, Any] | None:
    path = folder / f"{item.item_id}.json"
    if not path.is_file():
        return None
    found = json.loads(path.read_text("utf-8"))
    return found if found["version"] == version else None


def _of(pairs: Sequence[PreferencePair], item: Item) -> list[PreferencePair]:
    return [pair for pair in pairs if pair.item_id == item.item_id]


def _by_item(rows: Rows) -> Mapping[str, Rows]:
    numbered = sorted(rows, key=lambda row: (row["item_id"], row.get("turn", 0), row.get("node", 0)))
    # Nodes are numbered by `node`, turns by `turn`.
    groups = {item_id: list(group) for item_id, group in groupby(numbered, key=lambda row: row["item_id"])}
    return {
        item_id: sorted(group, key=lambda row: row["turn"] if "turn" in row else row["node"])
        for item_id, group in groups.items()
    }
