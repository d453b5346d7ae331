"""The trainings of a campaign: warm-up from easy to hard, and the preference step of each round.

Does not belong here: how a training runs (`training/`), which pairs there are (`searching`).
"""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.itool.items.difficulty import DIFFICULTIES, Difficulty, split_by_rank, split_by_rule
from gem_assets.itool.rounds.measuring import measure_perplexities
from gem_assets.itool.rounds.round_files import read_round_rows, round_key, written_version
from gem_assets.itool.rounds.site import Site
from gem_assets.itool.rounds.trainings import Step, sft_row
from gem_assets.store.home import StoreError


def warm_up(site: Site) -> Path:
    """Train on easy, then medium, then hard items, each stage from the last; returns the model.

    A stage without items is passed over. What is done already is found, so that this is also how the model is
    looked up.

    Raises:
        StoreError: no items, no trainer, or a training that broke.
    """
    campaign = site.campaign
    base = None if campaign.warmup.base is None else Path(campaign.warmup.base).expanduser()
    if campaign.warmup_by == "none":
        assert base is not None
        return base
    levels = split_items(site)
    for number, level in enumerate(DIFFICULTIES):
        rows = [sft_row(item) for item in site.warmup_items if levels[item.item_id] == level]
        if rows:
            name = f"policy-{campaign.name}-warmup{number + 1}"
            base = site.train(Step("sft", name, campaign.warmup, base, rows))
    if base is None:
        raise StoreError(f"the campaign {campaign.name} has no items to train on")
    return base


def split_items(site: Site) -> dict[str, Difficulty]:
    """Say how hard each item of the warm-up is, before it."""
    if site.campaign.warmup_by == "length":
        return split_by_rank({item.item_id: float(len(item.prompt)) for item in site.warmup_items})
    if site.campaign.warmup_by == "rule" or site.campaign.warmup.base is None:
        return {item.item_id: split_by_rule(item) for item in site.warmup_items}
    base = Path(site.campaign.warmup.base).expanduser()
    return split_by_rank(measure_perplexities(site, base, site.warmup_items))


def model_of(site: Site, number: int) -> Path:
    """Find, or train, the model of a round; 0 is the warmed-up one."""
    model = warm_up(site)
    for before in range(1, number + 1):
        key = round_key(site.campaign.name, before)
        if written_version(site.home, "preference_pairs", key) is None:
            raise StoreError(
                f"the round {key} has no pairs yet: materialise it first, rounds build on each other"
            )
        model = train_round(site, before, model)
    return model


def train_round(site: Site, number: int, model: Path) -> Path:
    """Train a round's model from the one before on the round's pairs; without pairs it stays that one."""
    rows = preference_rows(site, number)
    if not rows:
        return model
    campaign = site.campaign
    given = campaign.preference
    configuration = campaign.warmup.model_copy(
        update={
            "training": given.training,
            "lora": given.lora,
            # Adapters are merged where the whole model is, on one device.
            "processes": 1 if given.lora else campaign.warmup.processes,
            "base": str(model),
            "tiny": None,
        }
    )
    name = f"policy-{round_key(campaign.name, number)}"
    return site.train(Step("preference", name, configuration, model, rows, given.told))


def preference_rows(site: Site, number: int) -> list[dict[str, Any]]:
    """Write a round's pairs as rows, with pairs of earlier rounds beside them: no pair twice.

    DPO's begin where the turn does: what both sides share cancels out of the preference, which falls on what
    differs, but the SFT term keeps the whole turn likely. Over ends alone, a policy forgot how turns begin.
    The other losses take means over tokens, where nothing cancels, and begin at the fork.
    """
    campaign = site.campaign
    own = _pairs(site, number)
    known = {row["pair_id"] for row in own}
    earlier = [pair for before in range(1, number) for pair in _pairs(site, before)]
    unique = {pair["pair_id"]: pair for pair in earlier}.values()
    left = [pair for pair in unique if pair["pair_id"] not in known]
    replayed = _some(left, round(campaign.preference.replay * len(own)), campaign.seed + number)
    starts = {item.item_id: item.prompt for item in site.train_items if campaign.preference.loss == "dpo"}
    return [_row(pair, starts.get(pair["item_id"], str(pair["prompt"]))) for pair in (*own, *replayed)]


def _row(pair: Mapping[str, Any], start: str) -> dict[str, str]:
    """Write a pair with all that follows a start of its prompt on both sides."""
    begun = pair["prompt"][len(start) :]
    return {
        "prompt": pair["prompt"][: len(start)],
        "chosen": begun + pair["chosen"],
        "rejected": begun + pair["rejected"],
    }


def _pairs(site: Site, number: int) -> list[dict[str, Any]]:
    return read_round_rows(site.home, "preference_pairs", round_key(site.campaign.name, number))


def _some(pairs: Sequence[dict[str, Any]], most: int, seed: int) -> list[dict[str, Any]]:
    """Draw pairs without putting back, in a fixed order."""
    drawn = random.Random(seed).sample(range(len(pairs)), min(most, len(pairs)))
    return [pairs[place] for place in sorted(drawn)]
