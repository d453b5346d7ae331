"""The yield report as a table for a terminal: ASCII, aligned, no colour.

Does not belong here: markdown (`markdown.py`), the page (`page.py`).
"""

import textwrap
from collections.abc import Sequence

from gem_assets.display import figures
from gem_assets.display.columns import aligned
from gem_assets.display.visible import plain
from gem_assets.reports.yields.model import (
    MeasureMeans,
    Pile,
    ReasonCount,
    StageYield,
    Vocabulary,
    YieldReport,
)

TOP_REASONS = 3
TOP_LABELS = 6
NOTHING_RAN = (
    "Nothing was materialised yet: `gem ingest PATH --corpus NAME` takes text in, `gem run` works on it."
)

_STAGE_HEADER = ("", "stage", "inputs", "kept", "rejected", "failed", "yield", "fan-out", "cost", "time")
_VOCABULARIES: tuple[tuple[Vocabulary, str], ...] = (
    ("language", "languages"),
    ("platform", "platforms"),
    ("domain", "domains"),
    ("task_category", "task categories"),
)


def render_text(report: YieldReport, width: int) -> str:
    """Write the report for a terminal `width` characters wide; the stage table needs 86."""
    blocks = [_heading(report), _stages(report, width), _refinement(report), _closing(report, width)]
    return "\n\n".join(blocks)


def headline(report: YieldReport) -> str:
    """Say in one line what came of the documents."""
    totals = report.totals
    return (
        f"{figures.things(totals.documents, 'document')} -> "
        f"{figures.things(totals.trajectories, 'validated trajectory')} "
        f"from {figures.count(totals.fruitful_documents)} of them"
    )


def top_reasons(reasons: Sequence[ReasonCount], pile: Pile) -> list[str]:
    """Write the most frequent reasons of a pile with their rows, and how many rows have another."""
    piled = [reason for reason in reasons if reason.pile == pile]
    shown, others = piled[:TOP_REASONS], piled[TOP_REASONS:]
    words = [f"{figures.count(reason.rows)} {reason.reason}" for reason in shown]
    if others:
        kinds = figures.things(len(others), "other reason")
        words.append(f"{figures.count(sum(reason.rows for reason in others))} for {kinds}")
    return [f"failed: {words[0]}", *words[1:]] if words and pile == "failed" else words


def gain_cells(gain: MeasureMeans) -> tuple[str, ...]:
    """Write one measure of refinement: its name, means, medians, and the paper's means."""
    return (
        gain.measure,
        figures.change(figures.mean(gain.mean_before), figures.mean(gain.mean_after)),
        figures.change(figures.mean(gain.median_before), figures.mean(gain.median_after)),
        figures.change(*map(str, gain.paper)),
    )


def _heading(report: YieldReport) -> str:
    if report.is_empty:
        return NOTHING_RAN
    totals = report.totals
    corpora = plain(", ".join(totals.corpora))
    where = f"{corpora} ({figures.things(totals.shards, 'shard')}), last run ended {totals.finished_at} UTC"
    return f"{headline(report)}\n{where}"


def _stages(report: YieldReport, width: int) -> str:
    lines = aligned([_STAGE_HEADER, *map(_stage_cells, report.stages)], left=(0, 1))
    block = [lines[0]]
    for stage, line in zip(report.stages, lines[1:], strict=True):
        block += [line, *_reason_lines(report.reasons_of(stage.asset), width)]
    return "\n".join(block)


def _stage_cells(stage: StageYield) -> tuple[str, ...]:
    return (
        str(stage.number),
        stage.asset,
        *map(figures.count, (stage.inputs, stage.kept, stage.rejected, stage.failed)),
        figures.share(stage.yield_share),
        figures.ratio(stage.fan_out),
        figures.money(stage.spend.total) if stage.spend else figures.NONE,
        figures.duration(stage.seconds if stage.shards else None),
    )


def _reason_lines(reasons: Sequence[ReasonCount], width: int) -> list[str]:
    indent = " " * 5
    return [
        line
        for words in (top_reasons(reasons, "rejected"), top_reasons(reasons, "failed"))
        for line in _wrapped(words, width, indent, indent)
    ]


def _refinement(report: YieldReport) -> str:
    trajectories = report.refinement[0].records if report.refinement else 0
    header = (f"refinement of {figures.count(trajectories)}", "mean", "median", "paper's mean")
    return "\n".join(aligned([header, *map(gain_cells, report.refinement)]))


def _closing(report: YieldReport, width: int) -> str:
    judged = [(count.status, count.trajectories) for count in report.judgements]
    lines = [("judge", _listed(judged)), ("made by", _listed(report.makers)), ("means", _means(report))]
    lines += [
        (title, _listed([(count.label, count.documents) for count in report.labels_of(vocabulary)]))
        for vocabulary, title in _VOCABULARIES
    ]
    lines.append(("cost", _cost(report)))
    column = max(len(name) for name, _ in lines) + 2
    return "\n".join(
        line for name, words in lines for line in _wrapped(words, width, name.ljust(column), " " * column)
    )


def _means(report: YieldReport) -> list[str]:
    """Write the means of each stage that the paper has no numbers for."""
    means: dict[str, list[str]] = {}
    for one in report.other_measures:
        means.setdefault(one.asset, []).append(f"{mean_cell(one)} {one.measure}")
    return [f"{asset} ({', '.join(words)})" for asset, words in means.items()] or [figures.NONE]


def mean_cell(one: MeasureMeans) -> str:
    """Write the mean of a measure, beside the one before where the stage changed it."""
    mean = figures.mean(one.mean_after)
    if one.gained:
        mean = figures.change(figures.mean(one.mean_before), mean)
    return mean


def _listed(pairs: Sequence[tuple[str, int]]) -> list[str]:
    """Write labels with their counts, and how many labels were left out."""
    words = [f"{plain(label)} {figures.count(number)}" for label, number in pairs[:TOP_LABELS]]
    if len(pairs) > TOP_LABELS:
        words.append(f"{len(pairs) - TOP_LABELS} more")
    return words or [figures.NONE]


def _cost(report: YieldReport) -> list[str]:
    if report.is_empty:
        return [figures.NONE]
    cost = figures.spend(report.spend)
    if report.cost_per_trajectory is not None:
        cost += f" ({figures.money(report.cost_per_trajectory)} per validated trajectory)"
    tokens = f"{figures.count(report.input_tokens)} tokens in and {figures.count(report.output_tokens)} out"
    return [cost, tokens, figures.duration(report.seconds)]


def _wrapped(words: Sequence[str], width: int, first: str, rest: str) -> list[str]:
    """Write words with commas between them over as many lines as it takes; no line ends within one."""
    held = ", ".join(word.replace(" ", "\u00a0") for word in words)
    lines = textwrap.wrap(held, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]
