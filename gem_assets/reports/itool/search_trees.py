"""The search trees of a round as one HTML page: fragments, priors, values, visits, what pairs took and left.

It needs no script and nothing from elsewhere; text of models is made visible and escaped. Does not belong
here: the rows (`gem_assets/itool/rounds`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from gem_assets.display.visible import visible
from gem_assets.itool.rounds.round_files import read_round_rows
from gem_assets.store.files import write_text
from gem_assets.store.home import Home

TEMPLATES = Path(__file__).with_name("templates")
MOST_ITEMS = 200
"""Trees on the page: those with the most pairs first."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Branch:
    """A node with what hangs below it."""

    node: Row
    branches: tuple["Branch", ...]

    @property
    def mark(self) -> str:
        """Its class on the page."""
        if self.node["chosen"]:
            return "chosen"
        return "rejected" if self.node["rejected"] else ""


@dataclass(frozen=True)
class SearchedItem:
    """One item's tree, turns and pairs."""

    item: Row
    root: Branch
    turns: tuple[Row, ...]
    pairs: tuple[Row, ...]


def trees_page(home: Home, key: str) -> Path:
    """Name the page of a round."""
    return home.reports / "itool" / f"{key}.html"


def write_trees(home: Home, key: str) -> Path:
    """Write the page of a round's trees, as its rows are now."""
    page = trees_page(home, key)
    items = read_searched(home, key)
    text = (
        _environment()
        .get_template("search_trees.html")
        .render(key=key, items=items[:MOST_ITEMS], count=len(items))
    )
    write_text(page, text)
    return page


def read_searched(home: Home, key: str) -> list[SearchedItem]:
    """Read a round's trees, those with the most pairs first."""
    items = {row["item_id"]: row for row in read_round_rows(home, "itool_items", key)}
    turns = _by_item(read_round_rows(home, "search_turns", key))
    pairs = _by_item(read_round_rows(home, "preference_pairs", key))
    nodes = _by_item(read_round_rows(home, "search_nodes", key))
    found = [
        SearchedItem(
            items.get(item_id, {"item_id": item_id}),
            _branches(rows),
            tuple(turns.get(item_id, ())),
            tuple(pairs.get(item_id, ())),
        )
        for item_id, rows in nodes.items()
    ]
    return sorted(found, key=lambda one: (-len(one.pairs), one.item["item_id"]))


def _by_item(rows: Sequence[Row]) -> dict[str, list[Row]]:
    ordered = sorted(rows, key=lambda row: row["item_id"])
    return {item_id: list(group) for item_id, group in groupby(ordered, key=lambda row: row["item_id"])}


def _branches(rows: Sequence[Row]) -> Branch:
    """Put the nodes together from the last to the first: a child has a higher number than its parent."""
    below: dict[int, list[Branch]] = {}
    root = Branch({}, ())
    for row in sorted(rows, key=lambda row: row["node"], reverse=True):
        branch = Branch(row, tuple(reversed(below.pop(row["node"], []))))
        if row["parent"] is None:
            root = branch
        else:
            below.setdefault(row["parent"], []).append(branch)
    return root


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["visible"] = visible
    return environment
