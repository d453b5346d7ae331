"""Preference pairs out of a tree: at a fork, the better fragment against the worse, each with its whole turn.

What both share stands in the prompt, so that a loss over chosen and rejected falls on the diverging fragment
and what follows from it; both sides are finished turns, so that nothing teaches to stop half-way. Does not
belong here: the search, how a trainer takes pairs.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Literal

from pydantic import Field

from gem_assets.itool.items.item import Item
from gem_assets.itool.search.tree import Node, Tree, WrittenTurn
from gem_assets.itool.turns.comparing import ErrorType, compare, is_consistent
from gem_assets.itool.turns.reading import read_begun, read_turn
from gem_assets.records.base import Record, content_hash


class PairSettings(Record):
    """Which forks make a pair. The published numbers are for rewards from -0.75 to 0.25; ours for 0 to 1."""

    minimum_gap: float = Field(default=0.1, ge=0)
    """Between the values of the two children, and between the rewards of their turns. Published: 0.1."""
    maximum_overlap: float = Field(default=0.95, ge=0, le=1)
    """Of the words of two sentences, in order: above it they say the same. Published: 0.95, of any
    fragments; but in a call a single character may be the error."""
    floor: float = Field(default=0.5, ge=0, le=1)
    """The least reward of the chosen turn. Published: -0.3 on the other scale."""
    exact: bool = True
    """Where there is gold, choose only turns of gold's structure: all that follows becomes likelier, and one
    that is merely better here would teach its errors further on. Ours."""
    against: Literal["worst", "likeliest"] = "worst"
    """What is turned down: the sibling of the least value (published), or of those that are worse by the gap
    the one the policy is most likely to say."""
    least_prior: float = Field(default=0.05, ge=0, le=1)
    """Of what is turned down: mean probability of its tokens. What only the search's temperature brought up
    is no deficiency of the policy, and pushing it down costs what it says instead. Ours."""
    per_item: int = Field(default=4, ge=1)
    """The most pairs of one item, those with the widest gap. Ours: siblings along one path are alike."""


class PreferencePair(Record):
    """Two ways to go on from one prompt. `prompt` ends inside the assistant's turn, where the two diverge."""

    pair_id: str
    item_id: str
    document_id: str | None
    trajectory_id: str | None
    prompt: str
    chosen: str
    rejected: str
    """Both without the end-of-turn mark, which a trainer's rows add."""
    kind: str
    """Of the diverging fragment."""
    error_type: ErrorType
    """What is wrong with the rejected turn there."""
    chosen_fragment: str
    rejected_fragment: str
    chosen_node: int
    rejected_node: int
    chosen_value: float
    rejected_value: float
    chosen_reward: float
    rejected_reward: float

    @property
    def gap(self) -> float:
        """How much better the chosen fragment is."""
        return self.chosen_value - self.rejected_value


Side = tuple[Node, WrittenTurn]
"""A child, and the best finished turn through it."""


def find_pairs(tree: Tree, item: Item, settings: PairSettings) -> list[PreferencePair]:
    """Find the pairs of a tree, those with the widest gap first."""
    found = (_pair_at(tree, node, item, settings) for node in tree.nodes)
    pairs = sorted((pair for pair in found if pair), key=lambda pair: (-pair.gap, pair.chosen_node))
    return without_repeats(pairs)[: settings.per_item]


def without_repeats(pairs: Iterable[PreferencePair]) -> list[PreferencePair]:
    """Keep the first of pairs that say the same of the same prompt."""
    return list({pair.pair_id: pair for pair in reversed(list(pairs))}.values())[::-1]


def overlap(one: str, other: str) -> float:
    """Share of words two texts have in common, in order; of characters where there are no words."""
    first, second = re.findall(r"\w+", one), re.findall(r"\w+", other)
    if not first and not second:
        return SequenceMatcher(None, one, other, autojunk=False).ratio()
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _pair_at(tree: Tree, node: Node, item: Item, settings: PairSettings) -> PreferencePair | None:
    ended = [(child, turn) for child in tree.children_of(node) if (turn := tree.best_turn(child))]
    if len(ended) < 2 or not _keeps_to_gold(tree.text_at(node), item):
        return None
    fit = [side for side in ended if _is_fit(tree, side, item, settings)]
    if not fit:
        return None
    # On a tie the likelier one is chosen and the likelier one rejected: it is what the policy would say.
    chosen = max(fit, key=lambda side: (side[0].value, side[0].prior))
    worse = [side for side in ended if _is_worse(side, chosen, settings)]
    if not worse:
        return None
    if settings.against == "likeliest":
        rejected = max(worse, key=lambda side: (side[0].probability, -side[0].value))
    else:
        rejected = min(worse, key=lambda side: (side[0].value, -side[0].prior))
    return _pair(tree, node, chosen, rejected, item)


def _is_fit(tree: Tree, side: Side, item: Item, settings: PairSettings) -> bool:
    """Tell whether a child and its turn may be chosen."""
    child, turn = side
    if turn.reward.value < settings.floor or (settings.exact and turn.reward.errors):
        return False
    return child.is_end or _keeps_to_gold(tree.text_at(child), item)


def _is_worse(side: Side, chosen: Side, settings: PairSettings) -> bool:
    """Tell whether a child is worse than the chosen one, and says something else."""
    if side[0] is chosen[0] or side[0].prior < settings.least_prior:
        return False
    if (
        side[0].kind == "sentence"
        and overlap(chosen[0].fragment, side[0].fragment) > settings.maximum_overlap
    ):
        return False
    apart = chosen[0].value - side[0].value
    return min(apart, chosen[1].reward.value - side[1].reward.value) >= settings.minimum_gap


def _pair(tree: Tree, node: Node, chosen: Side, rejected: Side, item: Item) -> PreferencePair:
    sides = (chosen[1].text[node.end :], rejected[1].text[node.end :])
    prompt = item.prompt + tree.text_at(node)
    return PreferencePair(
        pair_id=content_hash([prompt, *sides]),
        item_id=item.item_id,
        document_id=item.document_id,
        trajectory_id=item.trajectory_id,
        prompt=prompt,
        chosen=sides[0],
        rejected=sides[1],
        kind=rejected[0].kind,
        error_type=_error_type(chosen[1], rejected[1], rejected[0].kind, item),
        chosen_fragment=chosen[0].fragment,
        rejected_fragment=rejected[0].fragment,
        chosen_node=chosen[0].number,
        rejected_node=rejected[0].number,
        chosen_value=chosen[0].value,
        rejected_value=rejected[0].value,
        chosen_reward=chosen[1].reward.value,
        rejected_reward=rejected[1].reward.value,
    )


def _keeps_to_gold(begun: str, item: Item) -> bool:
    """Where the shared beginning is wrong already, which way to go on is no preference worth learning."""
    gold = item.gold_turn
    return gold is None or is_consistent(read_begun(begun, item.syntax), gold)


_ERROR_OF_KIND: dict[str, ErrorType] = {"value": "value", "key": "name", "name": "tool_choice"}


def _error_type(chosen: WrittenTurn, rejected: WrittenTurn, kind: str, item: Item) -> ErrorType:
    """Name the rejected turn's error, against gold where the chosen one is not right either."""
    gold = item.gold_turn if item.gold_turn and chosen.reward.errors else read_turn(chosen.text, item.syntax)
    errors = compare(read_turn(rejected.text, item.syntax), gold).errors
    own = _ERROR_OF_KIND.get(kind)
    if own in errors:
        return own
    return errors[0] if errors else "other"
