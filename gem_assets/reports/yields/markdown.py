"""The yield report as markdown, for Dagster's metadata: the funnel and the refinement, a screen long.

Does not belong here: shards and examples, which only the page shows.
"""

from collections.abc import Iterable, Sequence

from gem_assets.display import figures
from gem_assets.display.visible import plain
from gem_assets.reports.yields.model import StageYield, YieldReport
from gem_assets.reports.yields.prefilter_text import told_loss
from gem_assets.reports.yields.text import NOTHING_RAN, gain_cells, headline, mean_cell, top_reasons
from gem_assets.settings import PrefilterSettings

_PILES = ("inputs", "kept", "rejected", "failed")
_FUNNEL_HEADER = ("stage", *_PILES, "yield", "fan-out", "cost", "top reasons (rows)")
_ENTITIES = {ord(char): f"&#{ord(char)};" for char in "&<|[`*"}
_GAIN_HEADER = ("refinement", "mean", "median", "paper's mean")


def render_markdown(report: YieldReport) -> str:
    """Write funnel, refinement, judge and generators as tables."""
    head = NOTHING_RAN if report.is_empty else f"**{headline(report)}**"
    verdicts = [(count.status, figures.count(count.trajectories)) for count in report.judgements]
    makers = [(generator, figures.count(records)) for generator, records in report.makers]
    means = [(f"{one.measure} of {one.asset}", mean_cell(one)) for one in report.other_measures]
    tables = [
        _table(_FUNNEL_HEADER, (_funnel_cells(report, stage) for stage in report.stages)),
        _table(_GAIN_HEADER, map(gain_cells, report.refinement)),
        _table(("per record", "mean"), means) if means else "",
        _table(("judge", "trajectories"), verdicts) if verdicts else "",
        _table(("validated trajectories made by", "records"), makers) if makers else "",
    ]
    loss = told_loss(report.prefiltered, PrefilterSettings())
    return "\n\n".join([head, *filter(None, [*tables[:1], loss, *tables[1:]])])


def _funnel_cells(report: YieldReport, stage: StageYield) -> tuple[str, ...]:
    reasons = report.reasons_of(stage.asset)
    return (
        stage.asset,
        *map(figures.count, (stage.inputs, stage.kept, stage.rejected, stage.failed)),
        figures.share(stage.yield_share),
        figures.ratio(stage.fan_out),
        figures.spend(stage.spend),
        ", ".join([*top_reasons(reasons, "rejected"), *top_reasons(reasons, "failed")]),
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruler = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in (header, ruler, *rows))


def _cell(text: str) -> str:
    """Write text so that it can neither end its cell nor become markup."""
    return plain(text).translate(_ENTITIES)
