"""Which items a round searches: the hardest, with and without a call apart; and what is remembered of all.

Does not belong here: measuring perplexity, the search.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gem_assets.itool.items.item import Item


@dataclass(frozen=True)
class Replay:
    """What the replay buffer knows of one item."""

    item_id: str
    with_tool: bool
    perplexity: float
    """Of gold under the latest policy."""
    previous: float | None = None
    """Under the policy before."""
    times_selected: int = 0
    selected: bool = False
    """In the latest round."""


def update_replay(
    before: Mapping[str, Replay], items: Sequence[Item], perplexities: Mapping[str, float], share: float
) -> dict[str, Replay]:
    """Note the new perplexities and select the hardest `share` of each kind of item.

    Of equally hard items the one that was searched less often comes first. An item without gold has no
    perplexity and is not looked at.
    """
    noted = {
        item.item_id: _note(before.get(item.item_id), item, perplexities[item.item_id])
        for item in items
        if item.item_id in perplexities
    }
    for with_tool in (True, False):
        kind = [entry for entry in noted.values() if entry.with_tool == with_tool]
        kind.sort(key=lambda entry: (-entry.perplexity, entry.times_selected, entry.item_id))
        for entry in kind[: math.ceil(share * len(kind))]:
            noted[entry.item_id] = replace(entry, selected=True, times_selected=entry.times_selected + 1)
    return noted


def _note(before: Replay | None, item: Item, perplexity: float) -> Replay:
    if before is None:
        return Replay(item.item_id, item.with_tool, perplexity)
    return replace(before, perplexity=perplexity, previous=before.perplexity, selected=False)
