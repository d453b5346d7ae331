"""A campaign from its warm-up to its last round: the steps in order, and when it stops.

Every step finds what it did before, so that a campaign which was stopped or killed goes on where it was.
Dagster runs the same steps as assets. Does not belong here: the steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gem_assets.itool.rounds.learning import model_of, train_round
from gem_assets.itool.rounds.measuring import evaluate, measure_difficulty, structural_accuracy
from gem_assets.itool.rounds.round_files import read_round_rows, round_key
from gem_assets.itool.rounds.searching import make_pairs, search_round
from gem_assets.itool.rounds.site import Site


@dataclass(frozen=True)
class RoundResult:
    """A round in numbers. Accuracies are None where nothing is held out."""

    number: int
    searched: int
    pairs: int
    before: float | None
    after: float | None
    model: str

    @property
    def pairs_per_item(self) -> float:
        """Pairs for each item that was searched."""
        return self.pairs / self.searched if self.searched else 0.0


def run_campaign(
    site: Site, carry: Callable[[int], None], shown: Callable[[RoundResult], None]
) -> list[RoundResult]:
    """Carry rounds out until the campaign's number of rounds or its rule to stop.

    Raises:
        StoreError, PolicyError, StoppedError: something is missing, broke, or was stopped.
    """
    results: list[RoundResult] = []
    for number in range(1, site.campaign.rounds + 1):
        carry(number)
        results.append(read_result(site, number))
        shown(results[-1])
        reason = why_stop(site, results[-1])
        if reason is not None:
            site.told(f"stopped after round {number}: {reason}")
            break
    return results


def run_round(site: Site, number: int) -> None:
    """Carry out one round, the warm-up before the first one; the rounds before it have to be done."""
    model = model_of(site, number - 1)
    begin_round(site, number, model)
    measure_difficulty(site, number, model)
    search_round(site, number, model)
    make_pairs(site, number)
    after = train_round(site, number, model)
    evaluate(site, number, after)


def begin_round(site: Site, number: int, model: Path) -> None:
    """Evaluate the policy that the first round starts from; the round before does so for the others."""
    if number == 1:
        evaluate(site, 0, model)


def read_result(site: Site, number: int) -> RoundResult:
    """Read what a round came to from its rows."""
    here, before = (round_key(site.campaign.name, place) for place in (number, number - 1))
    rows = read_round_rows(site.home, "itool_evaluations", here)
    return RoundResult(
        number,
        sum(row["selected"] for row in read_round_rows(site.home, "itool_items", here)),
        len(read_round_rows(site.home, "preference_pairs", here)),
        structural_accuracy(read_round_rows(site.home, "itool_evaluations", before)),
        structural_accuracy(rows),
        rows[0]["policy"] if rows else "",
    )


def why_stop(site: Site, result: RoundResult) -> str | None:
    """Say why another round is not worth it; None where it is."""
    stop = site.campaign.stop
    if result.pairs_per_item < stop.pairs_per_item:
        return f"{result.pairs_per_item:.2f} pairs per item, under {stop.pairs_per_item}"
    if result.before is None or result.after is None:
        return None
    gain = result.after - result.before
    if gain <= stop.gain:
        return f"held-out structural accuracy moved by {gain:+.3f}, not by more than {stop.gain}"
    return None
