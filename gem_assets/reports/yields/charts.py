"""The charts of the page: Vega-Lite specifications (`templates/charts/`), filled here and drawn as SVG.

What comes out holds no script. Colours are those of `templates/report.css`, which turns them for a dark
page. Labels are made visible here and escaped by the drawer. Does not belong here: reading, words.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gem_assets.display.visible import shortened, visible
from gem_assets.records.base import content_hash
from gem_assets.reports.benchmarks.scores import Line
from gem_assets.reports.comparison.comparing import Comparison
from gem_assets.reports.yields.detail import FindingCount, SizeCount, YieldPoint
from gem_assets.reports.yields.model import PAPER_REFINEMENT, CategoryCount, ShardYield, StageYield

SPECIFICATIONS = Path(__file__).with_name("templates") / "charts"
MOST_POINTS = 120
"""Shards that are drawn one by one; of more, neighbours are drawn as their mean."""
TOP_LABELS = 14
MORE_LABELS = 8
"""Labels the paper names that are drawn below ours."""

_CLIP = re.compile(r"(?<=id=\")clip\d+(?=\")|(?<=url\(#)clip\d+(?=\))")

Values = Sequence[Mapping[str, Any]]


def yields_by_shard(stages: Sequence[StageYield], shards: Sequence[ShardYield]) -> str | None:
    """Draw each stage's yield over the shards in their order; None where there are fewer than two."""
    if len({cell.shard for cell in shards}) < 2:
        return None
    values: list[dict[str, Any]] = []
    for stage in stages:
        shares = [cell.yield_share for cell in shards if cell.asset == stage.asset]
        told = [share for share in shares if share is not None]
        place = {"stage": stage.asset, "number": stage.number}
        values += [{**place, "at": at, "yield": share} for at, share in _thinned(told)]
    return _draw("yields_by_shard", values)


def yields_over_time(stages: Sequence[StageYield], points: Sequence[YieldPoint]) -> str | None:
    """Draw each stage's yield over time, its last version in colour; None where nothing ran twice."""
    told = [point for point in points if point.yield_share is not None]
    if len({point.ended for point in told}) < 2:
        return None
    last = {point.asset: point.code_version for point in points}
    numbers = {stage.asset: stage.number for stage in stages}
    values = [
        {
            "stage": point.asset,
            "number": numbers[point.asset],
            "at": point.ended,
            "yield": point.yield_share,
            "inputs": point.inputs,
            "version": "the last version" if last[point.asset] == point.code_version else "earlier versions",
        }
        for point in told
    ]
    return _draw("yields_over_time", values)


def refinement_sizes(sizes: Sequence[SizeCount]) -> str | None:
    """Draw how many trajectories have how many messages, tools, calls, with the paper's means as lines."""
    if not sizes:
        return None
    means = [
        {"measure": measure, "mean": mean} for measure, both in PAPER_REFINEMENT.items() for mean in both
    ]
    return _draw("refinement_sizes", [*map(vars, sizes), *means])


def labels_beside_paper(counts: Sequence[CategoryCount], paper: Mapping[str, float]) -> str | None:
    """Draw our share of each label as a bar and the paper's as a mark; None where there is no document."""
    total = sum(count.documents for count in counts)
    if not total:
        return None
    ours = {count.label: count.documents / total for count in counts}
    leading = sorted(ours, key=lambda name: (-ours[name], name))[:TOP_LABELS]
    others = [label for label in paper if label not in leading and label != "others"][:MORE_LABELS]
    values = [
        {
            "label": shortened(visible(label.replace("_", " ")), 60),
            "ours": ours.get(label, 0),
            "paper": paper.get(label),
        }
        for label in [*leading, *others]
    ]
    return _draw("labels_beside_paper", values)


def finding_bars(findings: Sequence[FindingCount]) -> str | None:
    """Draw how often each thing was found at any stage, by level; None where nothing was."""
    counts = Counter[tuple[str, str]]()
    for found in findings:
        counts[found.reason, found.level] += found.findings
    values = [
        {"reason": visible(reason), "findings": count, "level": level}
        for (reason, level), count in counts.most_common()
    ]
    return _draw("finding_bars", values) if values else None


def differences(comparisons: Sequence[Comparison]) -> str | None:
    """Draw the newer version's yield less the older's with its interval, a line per comparison."""
    values = [
        {
            "name": f"{number}  {one.asset}",
            **vars(one.difference),
            "kind": "more than noise" if one.difference.is_more_than_noise else "within noise",
        }
        for number, one in enumerate(comparisons, start=1)
        if one.difference
    ]
    return _draw("differences", values) if values else None


def benchmark_scores(lines: Sequence[Line], columns: Mapping[str, str]) -> str | None:
    """Draw each system's scores with their intervals, a panel per column; None where none is ours.

    Scores of another version than the paper's stand in the table alone.
    """
    if not any(line.kind == "ours" and any(c.comparable for c in line.cells.values()) for line in lines):
        return None
    values = [
        {
            "system": f"{visible(line.system)} {line.size}".strip(),
            "kind": "ours" if line.kind == "ours" else "the paper's",
            "place": place,
            "column": title,
            "at": number,
            "value": line.cells[column].value,
            "low": line.cells[column].low,
            "high": line.cells[column].high,
        }
        for place, line in enumerate(lines)
        for number, (column, title) in enumerate(columns.items())
        if column in line.cells and line.cells[column].comparable
    ]
    return _draw("benchmark_scores", values)


def _thinned(shares: Sequence[float]) -> Iterable[tuple[float, float]]:
    """Give each share its place, counted from 1; of many, the means of neighbours."""
    size = -(-len(shares) // MOST_POINTS) or 1
    for start in range(0, len(shares), size):
        group = shares[start : start + size]
        yield start + (len(group) + 1) / 2, sum(group) / len(group)


def _draw(name: str, values: Values) -> str:
    # Imported where it is needed: it brings a JavaScript engine along.
    import vl_convert

    chart, config = (
        json.loads((SPECIFICATIONS / f"{file}.json").read_text("utf-8")) for file in (name, "config")
    )
    filled = {**chart, "config": config, "datasets": {"values": values}}
    drawn = vl_convert.vegalite_to_svg(json.dumps(filled), vl_version="5.20")
    # The drawer numbers its clips from process to process; on a page they must differ from chart to chart.
    places = {clip: number for number, clip in enumerate(dict.fromkeys(_CLIP.findall(drawn)))}
    prefix = f"{name}-{content_hash(values)[:6]}"
    return _CLIP.sub(lambda clip: f"{prefix}-{places[clip[0]]}", drawn)
