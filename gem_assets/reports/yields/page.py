"""The yield report as one HTML page that needs no script and nothing from elsewhere.

What is laid out here is geometry (how long a bar is); words and order are the template's, charts are drawn in
`charts.py`. Text of documents and models is made visible and escaped.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from gem_assets.display import figures
from gem_assets.display.visible import shortened, visible, visible_lines
from gem_assets.reports.benchmarks.scores import BFCL_COLUMNS, TAU2_COLUMNS
from gem_assets.reports.benchmarks.text import TITLES, interval_told, p_told, value_told
from gem_assets.reports.comparison.text import cautions, sentence
from gem_assets.reports.yields import charts
from gem_assets.reports.yields.detail import Detail
from gem_assets.reports.yields.model import (
    PAPER_FILTER_YIELD,
    PAPER_STAGE,
    MeasureMeans,
    ReasonCount,
    ShardYield,
    StageYield,
    Vocabulary,
    YieldReport,
)
from gem_assets.reports.yields.paper_labels import PAPER_DOMAIN_SHARES, PAPER_TASK_SHARES
from gem_assets.reports.yields.prefilter_text import told_loss
from gem_assets.settings import PrefilterSettings

TEMPLATES = Path(__file__).with_name("templates")
TOP_LABELS = 8
MOST_SHARDS = 400
"""Shards in the table; of more, those whose last run is the latest."""

_PANELS: tuple[tuple[Vocabulary, str], ...] = (
    ("platform", "Platforms"),
    ("language", "Languages of the documents"),
)


_NO_DETAIL = Detail()


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

    gain: MeasureMeans
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


def render_html(report: YieldReport, detail: Detail = _NO_DETAIL) -> str:
    """Write the whole page."""
    return (
        _environment()
        .get_template("yield_report.html")
        .render(
            report=report,
            detail=detail,
            drawn=_draw_charts(report, detail),
            funnel=[_funnel_row(report, stage) for stage in report.stages],
            gains=[_gain_row(gain) for gain in report.refinement],
            shards=_shard_rows(report),
            most_shards=MOST_SHARDS,
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
                report.makers,
            ),
            paper_filter_yield=PAPER_FILTER_YIELD,
            benchmark_columns={"bfcl": BFCL_COLUMNS, "tau2": TAU2_COLUMNS},
            benchmark_titles=TITLES,
            prefilter_loss=told_loss(report.prefiltered, PrefilterSettings()),
        )
    )


def _draw_charts(report: YieldReport, detail: Detail) -> dict[str, Markup | None]:
    """Draw every chart there is something to draw for. What the drawer returns is escaped already."""
    drawn = {
        "by_shard": charts.yields_by_shard(report.stages, report.shards),
        "over_time": charts.yields_over_time(report.stages, detail.points),
        "sizes": charts.refinement_sizes([size for size in detail.sizes if size.asset == PAPER_STAGE]),
        "domains": charts.labels_beside_paper(report.labels_of("domain"), PAPER_DOMAIN_SHARES),
        "tasks": charts.labels_beside_paper(report.labels_of("task_category"), PAPER_TASK_SHARES),
        "findings": charts.finding_bars(detail.findings),
        "differences": charts.differences(detail.comparisons),
        "bfcl": charts.benchmark_scores(detail.benchmarks.lines("bfcl"), BFCL_COLUMNS),
        "tau2": charts.benchmark_scores(detail.benchmarks.lines("tau2"), TAU2_COLUMNS),
    }
    return {name: None if svg is None else Markup(svg) for name, svg in drawn.items()}


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
        "sentence": sentence,
        "cautions": cautions,
        "per": _per,
        "p_value": p_told,
        "score_value": value_told,
        "score_interval": interval_told,
    }
    environment.globals["viewer"] = _viewer_link
    return environment


def _viewer_link(**about: str) -> str:
    """Address what the trajectory viewer shows of a record, a shard or a choice."""
    return f"trajectories/index.html#{urlencode(about)}"


def _per(amount: float | None, things: int) -> float | None:
    return None if amount is None or not things else amount / things


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


def _gain_row(gain: MeasureMeans) -> GainRow:
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
    ended: dict[str, str] = {}
    for cell in report.shards:
        ended[cell.shard] = max(ended.get(cell.shard, ""), cell.finished_at)
    latest = sorted(sorted(ended), key=lambda shard: ended[shard], reverse=True)[:MOST_SHARDS]
    return [
        ShardRow(shard, tuple(cells.get((shard, stage.asset)) for stage in report.stages))
        for shard in sorted(latest)
    ]


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
