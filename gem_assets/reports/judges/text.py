"""The calibration of a judge as a table for a terminal.

Does not belong here: the numbers (`calibration.py`).
"""

from collections.abc import Iterator

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.display.visible import plain
from gem_assets.intervals import wilson
from gem_assets.reports.judges.calibration import Calibration, KindMeasured, overall

_HEADER = (
    "planted defect",
    "seen first by",
    "trajectories",
    "failed",
    "95 % interval",
    "on rubric",
    "samples agree",
)


def calibration_lines(calibration: Calibration) -> Iterator[str]:
    """Tell one judge's calibration: false alarms, sensitivity by kind, agreement, price."""
    yield f"judge {plain(calibration.judge)}"
    yield f"{calibration.prompt_version}, {calibration.cases} cases, measured {calibration.measured_at} UTC"
    yield ""
    rows = [_HEADER, *(_cells(kind.kind, kind) for kind in calibration.planted)]
    for name, is_error in (("all that only a judge can find", False), ("all that code finds too", True)):
        rows.append(_sum_cells(name, tuple(k for k in calibration.planted if k.is_error is is_error)))
    if calibration.clean:
        rows.append(_cells("none: false alarms", calibration.clean))
    yield from aligned(rows, left=(0, 1))
    yield ""
    yield (
        f"{calibration.verdicts} verdicts, {calibration.unreadable} questions without one; samples agree "
        f"{figures.share(calibration.agreement)}"
    )
    if calibration.tokens:
        taken, given = calibration.tokens
        yield f"a verdict takes {taken:,.0f} tokens in and {given:,.0f} out, {_price(calibration.cost)}"
    yield ""


def _cells(name: str, kind: KindMeasured) -> tuple[str, ...]:
    return (
        name,
        "" if not kind.kind else "code" if kind.is_error else "the judge",
        str(kind.trajectories),
        figures.share(kind.failed_share),
        _interval(kind.interval),
        figures.share(kind.rubric_share) if kind.kind else "",
        figures.share(kind.agreement),
    )


def _sum_cells(name: str, kinds: tuple[KindMeasured, ...]) -> tuple[str, ...]:
    found = overall(kinds)
    if found is None:
        return (name, "", "0", "-", "-", "", "")
    share, number = found
    return (name, "", str(number), figures.share(share), _interval(wilson(share, number)), "", "")


def _interval(bounds: tuple[float, float] | None) -> str:
    return "-" if bounds is None else f"{bounds[0]:.0%} to {bounds[1]:.0%}"


def _price(cost: float | None) -> str:
    return "at a price that is not known" if cost is None else f"{figures.money(cost)}"
