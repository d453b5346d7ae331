"""The deficiency report: what each round of an iTool campaign found, and what it changed.

Does not belong here: SQL (`sql/reports/`), the page's layout (`yields/templates/`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import Connection

NOTHING = "No round of any campaign was evaluated yet: `gem itool --smoke` tries one."


@dataclass(frozen=True)
class Deficiency:
    """One kind of error in one round: shares of held-out turns, and pairs made about it."""

    campaign: str
    round: int
    error_type: str
    share_before: float
    share_after: float
    pairs: int


@dataclass(frozen=True)
class CampaignRound:
    """One round; None where a step has not run. Round 0 is the warmed-up policy, which is only evaluated."""

    campaign: str
    round: int
    policy: str | None
    items: int | None
    selected: int | None
    searched: int | None
    perplexity: float | None
    """Median of gold's over all training items, before the round."""
    reward: float | None
    """Mean of the turns the search wrote."""
    pairs: int
    paired_items: int
    held_out: int | None
    accuracy_before: float | None
    accuracy: float | None
    """Share of held-out turns whose structure is gold's."""
    credit: float | None
    errors: tuple[Deficiency, ...] = ()

    @property
    def pairs_per_item(self) -> float | None:
        """Pairs for each item that was searched."""
        return self.pairs / self.searched if self.searched else None


def read_rounds(connection: Connection) -> tuple[CampaignRound, ...]:
    """Read every round, each with its kinds of error, the most frequent first."""
    found = read_rows(connection, "itool_deficiencies", Deficiency)
    return tuple(
        CampaignRound(**{**vars(one), "errors": _of(one, found)})
        for one in read_rows(connection, "itool_rounds", CampaignRound)
    )


def render_rounds(rounds: Sequence[CampaignRound]) -> str:
    """Write the report for a terminal: a turn is right whose calls are gold's."""
    lines = [line for one in rounds for line in _lines(one)]
    return "\n".join(lines) or NOTHING


def share(value: float | None) -> str:
    """Write a share as a percentage."""
    return "-" if value is None else f"{value:.1%}"


def _lines(one: CampaignRound) -> Iterator[str]:
    head = f"{one.campaign} round {one.round}"
    if not one.round:
        yield f"{head}: warmed up, right in {share(one.accuracy)} of {one.held_out or 0} held-out turns"
        return
    reward = "-" if one.reward is None else f"{one.reward:.2f}"
    per_item = "-" if one.pairs_per_item is None else f"{one.pairs_per_item:.2f}"
    yield (
        f"{head}: {one.searched or 0} of {one.items or 0} items searched, mean reward {reward}, "
        f"{one.pairs} pairs ({per_item} per item)"
    )
    yield f"  right in {share(one.accuracy_before)} of held-out turns before, {share(one.accuracy)} after"
    for error in one.errors:
        if error.share_before or error.share_after or error.pairs:
            yield (
                f"  {error.error_type:12} {share(error.share_before):>6} -> {share(error.share_after):>6}"
                f"   {error.pairs} pairs"
            )


def _of(one: CampaignRound, found: Sequence[Deficiency]) -> tuple[Deficiency, ...]:
    return tuple(error for error in found if (error.campaign, error.round) == (one.campaign, one.round))
