"""Comparisons in words: one sentence that says whether a difference is more than noise, and tables of text.

Does not belong here: the numbers (`comparing.py`, `reports/intervals.py`), the page (`yields/page.py`).
"""

from collections.abc import Sequence

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.display.visible import plain
from gem_assets.reports.comparison.comparing import Comparison

SHOWN_REASONS = 6
NOTHING_TO_COMPARE = "No shard was run with two versions of a stage yet, or the earlier rows were pruned."


def sentence(comparison: Comparison) -> str:
    """Say what the newer version does to the yield, and whether that is more than noise."""
    difference = comparison.difference
    if difference is None:
        return "No input was judged by both versions, so their yields cannot be compared."
    pairs = comparison.pairs
    numbers = (
        f"Of {figures.things(round(pairs.inputs), 'input')} that both judged, the older keeps "
        f"{figures.share(pairs.before)} and the newer {figures.share(pairs.after)}: "
        f"{_points(difference.value)} (95 % interval "
        f"{_points(difference.low)} to {_points(difference.high)})."
    )
    if not comparison.all_changed:
        return f"{numbers} Every input came out the same."
    if not difference.is_more_than_noise:
        return f"{numbers} This may be noise: the interval holds nought."
    better = "more" if difference.value > 0 else "fewer"
    return f"{numbers} This is more than noise: the newer keeps {better}."


def cautions(comparison: Comparison) -> list[str]:
    """Say what the comparison does not hold constant, and what it leaves out."""
    said: list[str] = []
    if comparison.shards_with_other_inputs:
        shards = figures.things(comparison.shards_with_other_inputs, "shard")
        said.append(
            f"In {shards} the inputs themselves were made anew in between, so that the difference is not "
            "this stage's alone."
        )
    if comparison.failed:
        said.append(
            f"{figures.things(comparison.failed, 'input')} failed in one of the two and count for neither."
        )
    if comparison.older.label == comparison.newer.label:
        said.append("Prompt and model are the same: settings, schema or logic changed.")
    return said


def render_comparisons(comparisons: Sequence[Comparison]) -> str:
    """Write comparisons for a terminal, in ASCII."""
    return "\n\n".join(map(_block, comparisons)) if comparisons else NOTHING_TO_COMPARE


def _block(comparison: Comparison) -> str:
    older, newer = comparison.older, comparison.newer
    head = [
        f"{comparison.asset}, {figures.things(comparison.shards, 'shard')}",
        f"  older  {plain(older.label)} (code {older.code_version[:8]}, {older.finished_at[:16]})",
        f"  newer  {plain(newer.label)} (code {newer.code_version[:8]}, {newer.finished_at[:16]})",
        f"  {sentence(comparison)}",
        *(f"  {caution}" for caution in cautions(comparison)),
    ]
    shifts = [
        (f"  {plain(shift.reason)}", str(shift.before), "->", str(shift.after))
        for shift in comparison.reasons[:SHOWN_REASONS]
    ]
    return "\n".join(head + (aligned(shifts) if shifts else []))


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
