"""`gem backfill --stale --dry-run` on a terminal."""

from collections.abc import Mapping

from gem_assets.display.columns import aligned
from gem_assets.display.figures import money
from gem_assets.reports.costs.costs import Measured
from gem_assets.stages.rehearsal import Rehearsed

HEADER = ("stage", "inputs", "journaled", "new calls", "guessed inputs", "cost")


def render_rehearsal(
    pieces: int, rehearsed: Mapping[str, Rehearsed], measured: Mapping[str, Measured]
) -> str:
    """Tell per stage which calls are journaled, which are new, and what those would cost.

    A cost is the mean of the stage's inputs so far times what is new or guessed; unknown where none had a
    price.
    """
    rows = [
        (
            asset,
            str(told.inputs),
            str(told.calls.journaled),
            str(told.calls.new),
            f"{told.guessed:.1f}",
            money(_cost(told, measured.get(asset))),
        )
        for asset, told in rehearsed.items()
        if told.inputs or told.guessed
    ]
    lines = [f"{pieces} stale pieces; nothing was sent", *aligned([HEADER, *rows], left=(0,))]
    if any(told.guessed for told in rehearsed.values()):
        lines.append("guessed inputs stand behind calls that are still to be bought, at the yields so far")
    return "\n".join(lines)


def _cost(told: Rehearsed, mean: Measured | None) -> float | None:
    asked = told.calls.new + told.guessed
    if not asked:
        return 0.0
    return None if mean is None or mean.cost is None else asked * mean.cost
