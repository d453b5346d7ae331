"""What is measured of a policy: the perplexity of gold over items, and its answers to held-out turns.

Does not belong here: which items a round searches (`items/selection`), the report (`deficiencies`).
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gem_assets.itool.items.difficulty import split_by_rank
from gem_assets.itool.items.item import END, Item
from gem_assets.itool.items.selection import Replay, update_replay
from gem_assets.itool.rounds.at_once import each
from gem_assets.itool.rounds.round_files import (
    read_round_rows,
    round_key,
    write_round_rows,
    written_version,
)
from gem_assets.itool.rounds.rows import item_row
from gem_assets.itool.rounds.site import Site, items_version
from gem_assets.itool.search.policy import Completion, Policy, perplexity
from gem_assets.itool.turns.comparing import Comparison, compare
from gem_assets.itool.turns.reading import read_turn
from gem_assets.records.base import content_hash
from gem_assets.store.home import StoreError
from gem_assets.store.tables import as_text


def measure_perplexities(site: Site, model: Path, items: Sequence[Item]) -> dict[str, float]:
    """Measure the perplexity of each item's gold, end of turn included, under a model."""
    with site.policy(model) as policy:

        def measure(item: Item) -> float:
            return perplexity(policy.score(item.prompt, [f"{item.gold}{END}"])[0])

        found = each(measure, items, site.campaign.policy.concurrency)
        return {item.item_id: value for item, value in zip(items, found, strict=True)}


def measure_difficulty(site: Site, number: int, model: Path) -> list[dict[str, Any]]:
    """Measure training items under the policy before a round, and select the hardest; writes `itool_items`.

    Raises:
        StoreError, PolicyError: there are no items, or the policy does not answer.
    """
    key, items = round_key(site.campaign.name, number), site.train_items
    if not items:
        raise StoreError(f"the campaign {site.campaign.name} has no items to train on")
    version = content_hash([items_version(items), model.name, site.campaign.share])
    if written_version(site.home, "itool_items", key) != version:
        site.told(f"measuring {len(items)} items under {model.name}")
        perplexities = measure_perplexities(site, model, items)
        replay = update_replay(_replay_before(site, number), items, perplexities, site.campaign.share)
        levels = split_by_rank(perplexities)
        stamped = {"shard": key, "policy": model.name, "run_id": site.run_id}
        rows = [item_row(item, levels[item.item_id], replay[item.item_id], stamped) for item in items]
        write_round_rows(site.home, "itool_items", key, rows, site.run_id, version)
    return read_round_rows(site.home, "itool_items", key)


def evaluate(site: Site, number: int, model: Path) -> list[dict[str, Any]]:
    """Ask a round's policy for every held-out turn, at temperature 0; writes `itool_evaluations`."""
    key, items = round_key(site.campaign.name, number), site.held_out_items
    settings = site.campaign.search
    version = content_hash([items_version(items), model.name, settings.max_tokens])
    if written_version(site.home, "itool_evaluations", key) != version:
        site.told(f"asking {model.name} for {len(items)} held-out turns")
        rows: list[dict[str, Any]] = []
        if items:
            with site.policy(model) as policy:
                answers = each(
                    lambda item: answer(policy, item, settings.max_tokens),
                    items,
                    site.campaign.policy.concurrency,
                )
            rows = [_row(item, found, key, model.name) for item, found in zip(items, answers, strict=True)]
        stamped = [{**row, "run_id": site.run_id} for row in rows]
        write_round_rows(site.home, "itool_evaluations", key, stamped, site.run_id, version)
    return read_round_rows(site.home, "itool_evaluations", key)


def answer(policy: Policy, item: Item, max_tokens: int) -> Completion:
    """Ask a policy for a turn as it is most likely."""
    return policy.sample(item.prompt, n=1, max_tokens=max_tokens, temperature=0.0, seed=0)[0]


def judge_answer(item: Item, found: Completion) -> Comparison:
    """Compare an answer with gold; one that did not end is no answer."""
    assert item.gold_turn is not None
    if not found.finished:
        return Comparison(0.0, ("other",))
    return compare(read_turn(found.text, item.syntax), item.gold_turn)


def structural_accuracy(rows: Sequence[dict[str, Any]]) -> float | None:
    """Share of held-out turns whose structure is gold's; None where there are none."""
    return sum(row["exact"] for row in rows) / len(rows) if rows else None


def error_shares(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Share of held-out turns with each kind of error."""
    found = Counter(error for row in rows for error in row["errors"])
    return {error: count / len(rows) for error, count in found.items()}


def _row(item: Item, found: Completion, key: str, policy: str) -> dict[str, Any]:
    compared = judge_answer(item, found)
    return {
        "shard": key,
        "item_id": item.item_id,
        "policy": policy,
        "with_tool": item.with_tool,
        "text": as_text(found.text),
        "finished": found.finished,
        "exact": compared.is_exact,
        "credit": compared.credit,
        "errors": list(compared.errors),
    }


def _replay_before(site: Site, number: int) -> dict[str, Replay]:
    """Read what the round before knew of each item."""
    rows = read_round_rows(site.home, "itool_items", round_key(site.campaign.name, number - 1))
    return {
        row["item_id"]: Replay(
            row["item_id"], row["with_tool"], row["perplexity"], row["previous"], row["times_selected"]
        )
        for row in rows
    }
