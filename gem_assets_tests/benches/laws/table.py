"""`python -m gem_assets_tests.benches.laws.table PATH…`: the laws of the baseline generator, measured.

PATH is a JSON lines file, a text file or a folder of them; rows may bring `label_multi_step` and `source`.
Prints a table of figures, bounds and pass or fail; exits 1 when a law fails, 2 when there is nothing to read.
Does not belong here: how figures are counted (`figures.py`).
"""

import hashlib
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets_tests.benches.laws.corpus import Carried, Labelled, carry_all, read_paths, step_count
from gem_assets_tests.benches.laws.figures import Figures, measure_names, measure_trajectories

REPEATED = 40
"""Documents carried again in a second process for the law about bytes."""
ENOUGH = 20
"""Documents of a kind below which a share says nothing: it is printed, not judged."""
ENOUGH_LABELS = 100
"""The same for labels: with fewer, one document moves precision by a percent or more."""
FEWEST = 3
"""Procedures (or others) in a source, and sources, below which a mean over sources says nothing."""
PROCEDURES = 0.14
"""Share of procedures in the corpus of arXiv 2601.10355, section 2."""
PAPER = {"messages": (30.05, 46.1), "tools": (5.01, 8.6), "calls": (7.83, 16.3)}
"""Means before and after refinement in arXiv 2601.10355."""

Row = tuple[str, str, str, bool | None]
"""What, figure, bound, whether it holds (None: published, not judged)."""


@dataclass(frozen=True)
class Measured:
    """Everything the table is made of."""

    carried: Sequence[Carried]
    seconds: float
    same_bytes: bool | None

    @property
    def drafts(self) -> list[Trajectory]:
        """All drafts."""
        return [draft for one in self.carried for draft in one.drafts]

    @property
    def refined(self) -> list[Trajectory]:
        """All refined trajectories."""
        return [refined for one in self.carried for refined in one.refined]


def measure(documents: Sequence[Labelled], same_bytes: bool | None = None) -> Measured:
    """Carry documents through all stages."""
    carried, seconds = carry_all(documents, Settings(home=Path()))
    return Measured(carried, seconds, same_bytes)


def digest(carried: Sequence[Carried]) -> str:
    """Fingerprint everything that was made, byte for byte."""
    whole = hashlib.sha256()
    for one in carried:
        for record in (*one.workflows, *one.drafts, *one.refined, *one.validated):
            whole.update(record.model_dump_json().encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def table(measured: Measured) -> list[Row]:
    """Hold every figure against its law."""
    rows: list[Row] = []
    for name, trajectories in (("draft", measured.drafts), ("refined", measured.refined)):
        rows.extend(_dialogue_rows(name, measure_trajectories(trajectories)))
    rows.extend(_growth_rows(measured))
    rows.extend(_filter_rows(measured.carried))
    names = measure_names(measured.refined)
    rows.append(_at_most("names a lint rejects", names.share("bad names", "names"), 0.02))
    rejected = [reason for one in measured.carried for reason, _ in one.rejections]
    rows.append(("rejected after the filter", str(len(rejected)), "published", None))
    rows.append(("same bytes in a second process", str(measured.same_bytes), "True", measured.same_bytes))
    enough = len(measured.carried) >= ENOUGH
    rate = len(measured.carried) / measured.seconds if measured.seconds else 0.0
    rows.append(("documents per second and core", f"{rate:.0f}", ">= 20", rate >= 20 if enough else None))
    return rows


def _dialogue_rows(name: str, figures: Figures) -> Iterator[Row]:
    for what in (
        "invalid calls", "ungrounded identifiers", "repeated calls", "wrong verdicts",
        "errors", "unsourced rules",
    ):  # fmt: skip
        count = figures.counts[what]
        yield f"{name}: {what}", f"{count} of {figures.counts['calls']} calls", "0", count == 0
    yield _at_most(f"{name}: untraceable values", figures.share("untraceable values", "values"), 0.01)
    produced = figures.share("calls with a produced value", "calls")
    yield f"{name}: calls with a produced value", f"{produced:.1%}", ">= 30.0%", produced >= 0.3
    largest, enough = figures.largest_skeleton, figures.trajectories >= ENOUGH
    row = _at_most(f"{name}: largest skeleton", largest, 0.25)
    yield row if enough else (*row[:3], None)
    checked = f"{figures.counts['verdicts']} verdicts, {figures.counts['refusals by rule']} refusals"
    yield f"{name}: predicates checked again", checked, "published", None


def _at_most(name: str, value: float, bound: float) -> Row:
    return name, f"{value:.2%}", f"<= {bound:.1%}", value <= bound


def _growth_rows(measured: Measured) -> Iterator[Row]:
    grown = [_has_grown(one) for one in measured.refined]
    share = sum(grown) / len(grown) if grown else 0.0
    yield "refinement grows all three", f"{share:.1%}", ">= 90.0%", share >= 0.9 if grown else None
    for what, (before, after) in PAPER.items():
        first = [_size(draft, what) for draft in measured.drafts]
        last = [_size(refined, what) for refined in measured.refined]
        yield (
            f"{what}, mean (quartiles)",
            f"{_spread(first)} -> {_spread(last)}",
            f"paper {before} -> {after}",
            None,
        )


def _has_grown(refined: Trajectory) -> bool:
    old, new = refined.draft_shape, refined.shape
    return old is not None and (
        new.message_count > old.message_count
        and new.tool_count > old.tool_count
        and new.call_count > old.call_count
    )


def _size(trajectory: Trajectory, what: str) -> int:
    shape = trajectory.shape
    return {"messages": shape.message_count, "tools": shape.tool_count, "calls": shape.call_count}[what]


def _spread(values: Sequence[int]) -> str:
    if len(values) < 2:
        return str(values)
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{statistics.mean(values):.1f} ({low:g}/{middle:g}/{high:g})"


def _filter_rows(carried: Sequence[Carried]) -> Iterator[Row]:
    labelled = [
        one for one in carried if one.labelled.label is not None and one.labelled.document.language == "en"
    ]
    if not labelled:
        return
    by_source: dict[str, list[Carried]] = {}
    for one in labelled:
        by_source.setdefault(one.labelled.source, []).append(one)
    precision, recall = _precision(labelled), _recall(labelled)
    enough = len(labelled) >= ENOUGH_LABELS
    yield "filter precision", _percent(precision), ">= 85.0%", _reaches(precision, 0.85) if enough else None
    yield "filter recall", _percent(recall), ">= 88.0%", _reaches(recall, 0.88) if enough else None
    yield from _source_rows(list(by_source.values()))
    yield "filter precision if 14 % were procedures", _percent(_reweighted(labelled)), "published", None
    for source, some in sorted(by_source.items(), key=lambda pair: -len(pair[1])):
        said = f"{_percent(_precision(some))} / {_percent(_recall(some))} / {_percent(_alarms(some))}"
        yield f"  {source[:44]} ({len(some)})", said, "precision / recall / false alarms", None
    procedures = [one for one in labelled if one.labelled.label and step_count(one.labelled.document) >= 4]
    done = sum(bool(one.validated) for one in procedures) / len(procedures) if procedures else None
    holds = _reaches(done, 0.6) if len(procedures) >= ENOUGH else None
    yield f"{len(procedures)} procedures of 4+ steps that end validated", _percent(done), ">= 60.0%", holds


def _source_rows(sources: Sequence[Sequence[Carried]]) -> Iterator[Row]:
    """Average over sources: precision and recall where there are procedures to find, false alarms elsewhere.

    In a source with no procedure precision is 0 or undefined whatever the filter does, so that its mistakes
    are counted as false alarms instead, over all sources with others.
    """
    with_some = [some for some in sources if sum(bool(one.labelled.label) for one in some) >= FEWEST]
    others = [some for some in sources if sum(not one.labelled.label for one in some) >= FEWEST]
    judged = len(with_some) >= FEWEST
    for what, figure, bound in (("precision", _precision, 0.85), ("recall", _recall, 0.88)):
        value = _mean(figure, with_some)
        name = f"filter {what}, mean of {len(with_some)} sources with {FEWEST}+ procedures"
        yield name, _percent(value), f">= {bound:.1%}", _reaches(value, bound) if judged else None
    name = f"filter false alarms, mean of {len(others)} sources with {FEWEST}+ others"
    yield name, _percent(_mean(_alarms, others)), "published", None


def _reaches(value: float | None, bound: float) -> bool:
    return value is not None and value >= bound


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _precision(some: Sequence[Carried]) -> float | None:
    kept = [one for one in some if one.kept]
    return sum(bool(one.labelled.label) for one in kept) / len(kept) if kept else None


def _recall(some: Sequence[Carried]) -> float | None:
    true = [one for one in some if one.labelled.label]
    return sum(one.kept for one in true) / len(true) if true else None


def _alarms(some: Sequence[Carried]) -> float | None:
    others = [one for one in some if not one.labelled.label]
    return sum(one.kept for one in others) / len(others) if others else None


def _reweighted(some: Sequence[Carried]) -> float | None:
    """Say what precision would be if procedures were as rare as in the paper's corpus."""
    recall, alarms = _recall(some), _alarms(some)
    if recall is None or alarms is None or not recall + alarms:
        return None
    return PROCEDURES * recall / (PROCEDURES * recall + (1 - PROCEDURES) * alarms)


def _mean(
    figure: Callable[[Sequence[Carried]], float | None], sources: Sequence[Sequence[Carried]]
) -> float | None:
    values = [value for some in sources if (value := figure(some)) is not None]
    return statistics.mean(values) if values else None


def compare_bytes(paths: Sequence[str], documents: Sequence[Labelled]) -> bool:
    """Carry every n-th document here and in another process with other hashes, and compare."""
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    command = [sys.executable, "-m", "gem_assets_tests.benches.laws.table", "--digest", *paths]
    other = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return other.stdout.strip() == digest(measure(_some(documents)).carried)


def _some(documents: Sequence[Labelled]) -> Sequence[Labelled]:
    return documents[:: max(1, len(documents) // REPEATED)]


def render(rows: Sequence[Row]) -> str:
    """Write the table, a line per figure."""
    marks = {True: "pass", False: "FAIL", None: ""}
    widths = [max(len(str(row[column])) for row in rows) for column in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), marks[row[3]]]
        ).rstrip()
        for row in rows
    )


def examples(measured: Measured) -> Iterator[str]:
    """Show what broke a law."""
    found = [
        measure_trajectories(measured.drafts),
        measure_trajectories(measured.refined),
        measure_names(measured.refined),
    ]
    for figures in found:
        for what, shown in figures.examples.items():
            yield from (f"  {what}: {one}" for one in shown)


def main(arguments: Sequence[str]) -> int:
    """Measure the corpora named on the command line; return the exit code."""
    paths = [argument for argument in arguments if argument != "--digest"]
    if not paths:
        sys.stderr.write("usage: python -m gem_assets_tests.benches.laws.table PATH…\n")
        return 2
    try:
        documents = read_paths([Path(path) for path in paths])
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if "--digest" in arguments:
        sys.stdout.write(f"{digest(measure(_some(documents)).carried)}\n")
        return 0
    measured = measure(documents, compare_bytes(paths, documents))
    rows = table(measured)
    sys.stdout.write(f"{render(rows)}\n")
    broken = any(row[3] is False for row in rows)
    if broken:
        sys.stdout.write("\n".join([*examples(measured), ""]))
    return int(broken)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
