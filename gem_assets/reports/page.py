"""The yield report as one HTML page that needs no script and nothing from elsewhere.

What is laid out here is geometry (how long a bar is); words and order are the template's. Text of documents
and models is made visible and escaped.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2

from gem_assets.reports import figures
from gem_assets.reports.model import (
    PAPER_FILTER_YIELD,
    Gain,
    ReasonCount,
    ShardYield,
    StageYield,
    Vocabulary,
    YieldReport,
)
from gem_assets.reports.visible import shortened, visible, visible_lines

TEMPLATES = Path(__file__).with_name("templates")
TOP_LABELS = 8

_PANELS: tuple[tuple[Vocabulary, str], ...] = (
    ("platform", "Platforms"),
    ("domain", "Domains"),
    ("task_category", "Task categories"),
    ("language", "Languages of the documents"),
)


@dataclass(frozen=True)
class FunnelRow:
    """A stage with the lengths of its bar's parts, in percent of the widest stage."""

    stage: StageYield
    kept: float
    rejected: float
    failed: float
    reasons: tuple[ReasonCount, ...]

    @property
    def lost_rows(self) -> int:
        """Rows that were not kept, failures among them."""
        return sum(reason.rows for reason in self.reasons)


@dataclass(frozen=True)
class Span:
    """From a number before to one after, with their places on a scale in percent."""

    before: float
    after: float
    start: float
    end: float

    @property
    def growth(self) -> float | None:
        """After over before."""
        return self.after / self.before if self.before else None

    @property
    def left(self) -> float:
        """Where the line between the two begins."""
        return min(self.start, self.end)

    @property
    def length(self) -> float:
        """How long that line is."""
        return abs(self.end - self.start)


@dataclass(frozen=True)
class GainRow:
    """A measure of refinement, ours beside the paper's, on one scale."""

    gain: Gain
    ours: Span | None
    paper: Span


@dataclass(frozen=True)
class Bar:
    """A label with its number, and its length in percent of the longest."""

    label: str
    number: int
    length: float


@dataclass(frozen=True)
class Panel:
    """Bars of one kind: the first few, and those that are folded away."""

    title: str
    shown: tuple[Bar, ...]
    folded: tuple[Bar, ...]


@dataclass(frozen=True)
class ShardRow:
    """A shard over all stages, in their order; None where a stage never ran on it."""

    shard: str
    cells: tuple[ShardYield | None, ...]


def render_html(report: YieldReport) -> str:
    """Write the whole page."""
    return (
        _environment()
        .get_template("yield_report.html")
        .render(
            report=report,
            funnel=[_funnel_row(report, stage) for stage in report.stages],
            gains=[_gain_row(gain) for gain in report.refinement],
            shards=_shard_rows(report),
            panels=[
                _panel(title, [(count.label, count.documents) for count in report.labels_of(vocabulary)])
                for vocabulary, title in _PANELS
            ],
            judge=_panel(
                "Verdicts on refined trajectories",
                [(count.status, count.trajectories) for count in report.judgements],
            ),
            makers=_panel(
                "Validated trajectories made by",
                [
                    (count.generator, count.records)
                    for count in report.generators_of("validated_trajectories")
                ],
            ),
            paper_filter_yield=PAPER_FILTER_YIELD,
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": figures.count,
        "compact": figures.compact,
        "things": figures.things,
        "share": figures.share,
        "mean": figures.mean,
        "ratio": figures.ratio,
        "money": figures.money,
        "spend": figures.spend,
        "duration": figures.duration,
        "visible": visible,
        "lines": _shown_lines,
        "shortened": shortened,
    }
    return environment


def _shown_lines(text: str) -> str:
    return "\n".join(visible_lines(text))


def _funnel_row(report: YieldReport, stage: StageYield) -> FunnelRow:
    widest = max(stage.inputs for stage in report.stages)
    return FunnelRow(
        stage=stage,
        kept=_percent(stage.kept, widest),
        rejected=_percent(stage.rejected, widest),
        failed=_percent(stage.failed, widest),
        reasons=report.reasons_of(stage.asset),
    )


def _gain_row(gain: Gain) -> GainRow:
    ours = (gain.mean_before, gain.mean_after)
    top = 1.08 * max(number for number in (*gain.paper, *ours) if number is not None)
    known = None if ours[0] is None or ours[1] is None else _span(ours[0], ours[1], top)
    return GainRow(gain, known, _span(*gain.paper, top))


def _span(before: float, after: float, top: float) -> Span:
    return Span(before, after, _percent(before, top), _percent(after, top))


def _panel(title: str, counts: list[tuple[str, int]]) -> Panel:
    longest = max((number for _, number in counts), default=0)
    bars = tuple(Bar(label, number, _percent(number, longest)) for label, number in counts)
    return Panel(title, bars[:TOP_LABELS], bars[TOP_LABELS:])


def _shard_rows(report: YieldReport) -> list[ShardRow]:
    cells = {(cell.shard, cell.asset): cell for cell in report.shards}
    return [
        ShardRow(shard, tuple(cells.get((shard, stage.asset)) for stage in report.stages))
        for shard in sorted({cell.shard for cell in report.shards})
    ]


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
