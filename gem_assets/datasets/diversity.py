"""Figures of a whole data set: how many different tools, domains and verbs, how much repeats itself."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from gem_assets.datasets.shingles import find_words, hash_grams
from gem_assets.records.trajectory import Trajectory

OVERLAP_WORDS = 5
TOP = 20
"""Most frequent labels that are listed by name."""


@dataclass(frozen=True)
class Metric:
    """One figure; `label` is empty for a figure of the whole."""

    name: str
    value: float
    label: str = ""


@dataclass
class _Counts:
    tools: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)
    patterns: Counter[str] = field(default_factory=Counter)
    grams: Counter[int] = field(default_factory=Counter)
    shapes: dict[str, list[int]] = field(default_factory=dict)
    gained: dict[str, list[int]] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)


def measure_diversity(trajectories: Iterable[Trajectory]) -> list[Metric]:
    """Count over trajectories; figures that need at least one are absent where there is none."""
    counts = _Counts()
    for trajectory in trajectories:
        _count(trajectory, counts)
    return [
        *_wholes(counts),
        *_shapes(counts.shapes, ""),
        *_shapes(counts.gained, "draft_"),
        *_labels(counts),
    ]


def _count(trajectory: Trajectory, counts: _Counts) -> None:
    procedure = trajectory.workflow.procedure
    counts.documents.add(trajectory.document_id)
    counts.tools.update(tool.name for tool in trajectory.tools)
    # A tool's name opens with what it does: cancel_order, get_status.
    counts.verbs.update(tool.name.split("_")[0].casefold() for tool in trajectory.tools)
    counts.domains.update(procedure.domains)
    counts.tasks.update([procedure.task_category])
    counts.platforms.update([procedure.platform])
    counts.patterns.update(trajectory.shape.patterns)
    said = [message.content for message in trajectory.messages if message.role in ("user", "assistant")]
    grams = {gram for text in said for gram in hash_grams([w.text for w in find_words(text)], OVERLAP_WORDS)}
    counts.grams.update(grams)
    for shape, into in ((trajectory.shape, counts.shapes), (trajectory.draft_shape, counts.gained)):
        if shape is not None:
            for name in ("message_count", "tool_count", "call_count"):
                into.setdefault(name, []).append(getattr(shape, name))


def _wholes(counts: _Counts) -> Iterator[Metric]:
    trajectories = len(counts.shapes.get("message_count", ()))
    yield Metric("trajectories", trajectories)
    yield Metric("documents", len(counts.documents))
    for name, counter in (("tools", counts.tools), ("verbs", counts.verbs), ("domains", counts.domains)):
        yield Metric(f"distinct_{name}", len(counter))
        yield Metric(f"{name}_entropy_bits", _entropy(counter.values()))
    yield Metric("tasks_entropy_bits", _entropy(counts.tasks.values()))
    repeated = sum(1 for count in counts.grams.values() if count > 1)
    yield Metric("self_overlap", repeated / len(counts.grams) if counts.grams else 0.0)


def _shapes(shapes: dict[str, list[int]], prefix: str) -> Iterator[Metric]:
    for name, values in shapes.items():
        yield Metric(f"{prefix}mean_{name}", mean(values))
        yield Metric(f"{prefix}median_{name}", median(values))


def _labels(counts: _Counts) -> Iterator[Metric]:
    named: Sequence[tuple[str, Counter[str]]] = (
        ("tool", counts.tools),
        ("verb", counts.verbs),
        ("domain", counts.domains),
        ("task_category", counts.tasks),
        ("platform", counts.platforms),
        ("pattern", counts.patterns),
    )
    for name, counter in named:
        for label, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:TOP]:
            yield Metric(name, count, label)


def _entropy(counts: Iterable[int]) -> float:
    """Give the Shannon entropy of a distribution in bits; 0 for one label or none."""
    present = [count for count in counts if count]
    total = sum(present)
    return abs(sum(-count / total * math.log2(count / total) for count in present))
