"""A loss curve as text: a line of bars and a table, for a terminal and for Dagster's pages."""

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40
ROWS = 12

Point = Sequence[float]
"""Step and loss."""


def sparkline(losses: Sequence[float], width: int = WIDTH) -> str:
    """Draw numbers as bars, averaged over as many as share one; the highest fills a bar, zero none."""
    if not losses:
        return ""
    columns = min(width, len(losses))
    means = [
        _mean(losses[place * len(losses) // columns : (place + 1) * len(losses) // columns])
        for place in range(columns)
    ]
    top = max(means) or 1.0
    return "".join(BARS[min(len(BARS) - 1, int(mean / top * len(BARS)))] for mean in means)


def curve_markdown(points: Sequence[Point]) -> str:
    """Write the curve with some of its points as a table."""
    if not points:
        return "no step was told"
    every = max(1, -(-len(points) // ROWS))
    shown = [*points[::every]]
    if shown[-1] != points[-1]:
        shown.append(points[-1])
    table = [f"| {int(step)} | {loss:.4f} |" for step, loss in shown]
    return "\n".join(
        [f"`{sparkline([loss for _, loss in points])}`", "", "| step | loss |", "|---|---|", *table]
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
