"""A round's rows hold everything: trees come back from them, and the page shows them."""

import pytest

from gem_assets.itool.items.selection import Replay
from gem_assets.itool.rounds.round_files import (
    read_round_rows,
    round_key,
    split_key,
    write_round_rows,
    written_version,
)
from gem_assets.itool.rounds.rows import item_row, node_rows, pair_row, read_tree, turn_rows
from gem_assets.itool.search.pairs import PairSettings, find_pairs
from gem_assets.reports.itool.search_trees import read_searched, write_trees
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.itool.making import item, searched

KEY = "demo-00001"


def written(home: Home, one=None):
    one = one or item()
    tree, _ = searched(one)
    pairs = find_pairs(tree, one, PairSettings())
    stamped = {"shard": KEY, "policy": "scripted", "run_id": "run"}
    rows = {
        "itool_items": [item_row(one, "hard", Replay(one.item_id, True, 3.5, selected=True), stamped)],
        "search_nodes": list(node_rows(KEY, one.item_id, tree, pairs)),
        "search_turns": list(turn_rows(KEY, one.item_id, tree)),
        "preference_pairs": [pair_row(pair, KEY, "run") for pair in pairs],
    }
    for table, found in rows.items():
        write_round_rows(home, table, KEY, found, "run", "version-1")
    return tree, pairs


def test_a_tree_comes_back_from_its_rows(home: Home):
    tree, pairs = written(home)
    nodes, turns = (read_round_rows(home, table, KEY) for table in ("search_nodes", "search_turns"))
    again = read_tree(nodes, turns, "hermes", tree.depth)
    assert again.nodes == tree.nodes
    assert again.turns == tree.turns
    assert find_pairs(again, item(), PairSettings()) == pairs


def test_what_a_pair_chose_and_rejected_is_marked(home: Home):
    _, pairs = written(home)
    nodes = {row["node"]: row for row in read_round_rows(home, "search_nodes", KEY)}
    assert pairs
    assert {number for number, row in nodes.items() if row["chosen"]} == {pair.chosen_node for pair in pairs}
    assert {number for number, row in nodes.items() if row["rejected"]} == {
        pair.rejected_node for pair in pairs
    }


def test_rows_say_what_they_were_made_from(home: Home):
    assert written_version(home, "search_nodes", KEY) is None
    written(home)
    assert written_version(home, "search_nodes", KEY) == "version-1"
    assert read_round_rows(home, "search_nodes", "demo-00002") == []


def test_the_page_shows_every_fragment_and_lets_no_text_out(home: Home):
    one = item(source="<script>alert(1)</script>")
    tree, pairs = written(home, one)
    page = write_trees(home, KEY).read_text("utf-8")
    assert page.count("<script") == 0
    assert page.count("<li") == len(tree.nodes)
    assert page.count('class="chosen"') >= len(pairs)
    [shown] = read_searched(home, KEY)
    assert len(shown.pairs) == len(pairs)


def test_a_round_without_trees_has_a_page_that_says_so(home: Home):
    assert "No item was searched" in write_trees(home, "demo-00002").read_text("utf-8")


def test_keys_name_campaign_and_number():
    assert split_key(round_key("demo", 3)) == ("demo", 3)
    for wrong in ("demo", "demo-1", "demo-00000", "De-00001", "../x-00001"):
        with pytest.raises(StoreError):
            split_key(wrong)
