"""How hard items are for a policy: by the rank of gold's perplexity, or by what a dialogue demands.

Does not belong here: measuring perplexity (`rounds`), choosing items (`selection`).
"""

import json
from collections.abc import Mapping
from typing import Literal

from gem_assets.itool.items.item import Item

Difficulty = Literal["easy", "medium", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("easy", "medium", "hard")


def split_by_rank(perplexities: Mapping[str, float]) -> dict[str, Difficulty]:
    """Cut items into three of equal number by perplexity; where it does not divide, hard gets less.

    By rank: what counts as a high perplexity differs from policy to policy.
    """
    ranked = sorted(perplexities, key=lambda item_id: (perplexities[item_id], item_id))
    return {item_id: DIFFICULTIES[3 * place // len(ranked)] for place, item_id in enumerate(ranked)}


def split_by_rule(item: Item) -> Difficulty:
    """Judge by the number of tools on offer, the length of their schemas, and the calls of the turn.

    The thresholds are our reading of arXiv 2501.09766, whose text we could not see.
    """
    tools = len(item.tools)
    length = len(json.dumps([tool.to_openai() for tool in item.tools], ensure_ascii=False))
    calls = len(item.gold_turn.calls) if item.gold_turn else 0
    if tools >= 4 or length > 2000 or calls >= 4:
        return "hard"
    return "easy" if tools <= 1 and length < 1000 and calls <= 1 else "medium"
