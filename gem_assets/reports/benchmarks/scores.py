"""Scores on the benchmarks beside the paper's, with intervals, slices and paired comparisons.

Does not belong here: how they are got (`evaluation/`) and shown (`text.py`, `yields/page.py`).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import comb
from pathlib import Path

from gem_assets.intervals import Difference, Pairs, paired_difference, wilson
from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import Connection

PAPER = Path(__file__).with_name("paper_scores.csv")
BFCL_COLUMNS = {
    "all": "All",
    "base": "Base",
    "miss_func": "Miss Func",
    "miss_param": "Miss Param",
    "long_context": "Long Context",
}
TAU2_COLUMNS = {
    "airline_avg": "Airline Avg@4",
    "airline_pass": "Airline Pass@4",
    "retail_avg": "Retail Avg@4",
    "retail_pass": "Retail Pass@4",
}
_TAU2_METRICS = {("airline", "avg_at_4"): "airline_avg", ("airline", "pass_at_4"): "airline_pass",
                 ("retail", "avg_at_4"): "retail_avg", ("retail", "pass_at_4"): "retail_pass"}  # fmt: skip
ENTRIES = {"all": 800, "base": 200, "miss_func": 200, "miss_param": 200, "long_context": 200}
"""Of which the paper's shares are, so that they have an interval too."""


@dataclass(frozen=True)
class BenchmarkScore:
    """A score as it is stored, with its circumstances; see `sql/tables/benchmark_runs.sql`."""

    evaluated_model: str
    benchmark: str
    part: str
    metric: str
    value: float
    low: float | None
    high: float | None
    entries: int
    whole: int
    floor: float
    oracle: float
    model: str
    mode: str
    thinking: str
    harness: str
    user_model: str | None
    judge_model: str | None
    incomparable: str | None
    refused: int
    unparsed_calls: int
    requests: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    decontamination: str
    finished_at: str

    @property
    def is_whole(self) -> bool:
        """Whether it is over all entries of the part."""
        return self.entries >= self.whole


@dataclass(frozen=True)
class Cell:
    """A share with its interval; `whole` is False for a trial over some entries.

    `comparable` is False where the benchmark's version is another than the paper's.
    """

    value: float
    low: float | None = None
    high: float | None = None
    whole: bool = True
    entries: int | None = None
    comparable: bool = True


@dataclass(frozen=True)
class Line:
    """A system's scores by column. `kind`: ours, or the table of the paper it stands in."""

    system: str
    kind: str
    size: str
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Slice:
    """Entries of a kind, and those of them that were right."""

    evaluated_model: str
    slice: str
    bucket: str
    entries: int
    correct: int


@dataclass(frozen=True)
class Pairing:
    """Two models on the same entries of a part; an entry of tau2 is a task, right when a trial solves it."""

    older: str
    newer: str
    benchmark: str
    part: str
    both_right: int
    gained: int
    lost: int
    neither: int

    @property
    def difference(self) -> Difference:
        """Newer less older share right, with Newcombe's interval for pairs."""
        return paired_difference([Pairs(self.both_right, self.gained, self.lost, self.neither)])

    @property
    def p_value(self) -> float:
        """How likely so uneven a change is by chance: McNemar's exact test, two-sided."""
        return exact_mcnemar(self.gained, self.lost)


@dataclass(frozen=True)
class Benchmarks:
    """Everything the report says about evaluation."""

    scores: tuple[BenchmarkScore, ...] = ()
    slices: tuple[Slice, ...] = ()
    pairings: tuple[Pairing, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The evaluated models, the last one first."""
        return tuple(dict.fromkeys(score.evaluated_model for score in self.scores))

    def circumstances(self, model: str) -> tuple[BenchmarkScore, ...]:
        """One score per part, for what all its metrics share."""
        parts = {(s.benchmark, s.part): s for s in self.scores if s.evaluated_model == model}
        return tuple(parts.values())

    def conditions(self, model: str) -> list[tuple[BenchmarkScore, list[str]]]:
        """Group a model's parts by what they share: how it was asked, by which harness, the verdict."""
        grouped: dict[tuple[str | None, ...], tuple[BenchmarkScore, list[str]]] = {}
        for one in self.circumstances(model):
            shared = (one.benchmark, one.model, one.mode, one.thinking, one.harness, one.user_model)
            key = (*shared, one.judge_model, one.incomparable, one.decontamination)
            grouped.setdefault(key, (one, []))[1].append(one.part)
        return list(grouped.values())

    def verdicts(self, model: str, benchmark: str) -> list[str]:
        """List what is known of a model's training data and a benchmark, mostly one sentence."""
        found = (one.decontamination for one in self.circumstances(model) if one.benchmark == benchmark)
        return list(dict.fromkeys(found))

    def slices_of(self, model: str) -> dict[str, list[Slice]]:
        """A model's slices by what they are cut by."""
        found: dict[str, list[Slice]] = {}
        for one in self.slices:
            if one.evaluated_model == model:
                found.setdefault(one.slice, []).append(one)
        return found

    def lines(self, benchmark: str) -> list[Line]:
        """Our models and the paper's systems, each with the columns of a benchmark that it has."""
        ours = [Line(model, "ours", "", self._cells(model, benchmark)) for model in self.models]
        columns = BFCL_COLUMNS if benchmark == "bfcl" else TAU2_COLUMNS
        paper = [
            Line(line.system, line.kind, line.size, {c: v for c, v in line.cells.items() if c in columns})
            for line in paper_lines()
        ]
        return [line for line in (*ours, *paper) if line.cells]

    def _cells(self, model: str, benchmark: str) -> dict[str, Cell]:
        mine = [s for s in self.scores if (s.evaluated_model, s.benchmark) == (model, benchmark)]
        if benchmark == "tau2":
            return {
                _TAU2_METRICS[s.part, s.metric]: _cell(s) for s in mine if (s.part, s.metric) in _TAU2_METRICS
            }
        cells = {s.part: _cell(s) for s in mine if s.metric == "accuracy"}
        overall = _overall(cells)
        return cells if overall is None else {"all": overall, **cells}


def read_benchmarks(connection: Connection) -> Benchmarks:
    """Read it; the connection sees the tables."""
    return Benchmarks(
        scores=read_rows(connection, "benchmark_scores", BenchmarkScore),
        slices=read_rows(connection, "benchmark_slices", Slice),
        pairings=read_rows(connection, "benchmark_pairs", Pairing),
    )


@cache
def paper_lines() -> tuple[Line, ...]:
    """Read the paper's Tables 1 and 2 and its ablations (arXiv 2601.10355), as shares."""
    with PAPER.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        Line(
            system=row["system"],
            kind={"1": "Table 1", "2": "Table 2"}.get(row["table"], "ablation"),
            size=row["size"],
            cells={c: _paper_cell(c, row[c]) for c in (*BFCL_COLUMNS, *TAU2_COLUMNS) if row[c]},
        )
        for row in rows
    )


def exact_mcnemar(gained: int, lost: int) -> float:
    """Test whether changes go one way more than chance would have them: exact, two-sided, at most 1.

    Under the null hypothesis each entry that changed went either way with probability 1/2 (McNemar 1947).
    """
    changed = gained + lost
    tail = sum(comb(changed, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**changed)


def _cell(score: BenchmarkScore) -> Cell:
    return Cell(score.value, score.low, score.high, score.is_whole, score.entries, score.incomparable is None)


def _paper_cell(column: str, percent: str) -> Cell:
    value = float(percent) / 100
    entries = ENTRIES.get(column)
    low, high = wilson(value, entries) if entries else (None, None)
    return Cell(value, low, high, True, entries)


def _overall(cells: dict[str, Cell]) -> Cell | None:
    """Average the four categories, as BFCL does; None while one is missing."""
    wanted: Sequence[Cell] = [cells[c] for c in BFCL_COLUMNS if c in cells]
    if len(wanted) < len(BFCL_COLUMNS) - 1:
        return None
    value = sum(cell.value for cell in wanted) / len(wanted)
    entries = sum(cell.entries or 0 for cell in wanted)
    return Cell(value, *wilson(value, entries), whole=all(cell.whole for cell in wanted), entries=entries)
