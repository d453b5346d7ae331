"""What the yield report knows: the rows of `sql/reports/` as frozen values, and numbers derived from them.

Does not belong here: how the rows are read (`reading.py`) and how they are shown (`text.py`, `page.py` …).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from gem_assets.display.figures import Spend

Pile = Literal["rejected", "failed"]
Vocabulary = Literal["language", "platform", "domain", "task_category"]

# Share of web texts that hold a multi-step workflow (arXiv 2601.10355, section on text filtering).
PAPER_FILTER_YIELD = 0.14

# The stage the paper gives numbers for.
PAPER_STAGE = "refined_trajectories"

# Means before and after refinement of the 10K set (arXiv 2601.10355, "Data statistics").
PAPER_REFINEMENT = {"messages": (30.05, 46.1), "tools": (5.01, 8.6), "calls": (7.83, 16.3)}

# Medians after refinement (ibidem).
PAPER_REFINED_MEDIANS = {"messages": 41, "tools": 8, "calls": 13}


@dataclass(frozen=True)
class Totals:
    """From end to end. A fruitful document became at least one validated trajectory."""

    documents: int
    fruitful_documents: int
    trajectories: int
    corpora: tuple[str, ...]
    shards: int
    finished_at: str | None
    """When the last run ended, in UTC; None where nothing ran."""


@dataclass(frozen=True)
class StageYield:
    """One stage over all shards. The three outcomes count inputs; `records` and `rows` say so."""

    number: int
    asset: str
    shards: int
    """How many shards it was run on; 0 where it never ran."""
    inputs: int
    kept: int
    rejected: int
    failed: int
    yield_share: float | None
    kept_records: int
    rejected_records: int
    recovered: int
    """Rows whose answer could be read only after a repair turn."""
    unpriced_rows: int
    known_cost: float
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float
    """Wall clock of the runs, one after the other."""
    prompt_versions: tuple[str, ...]
    models: tuple[str, ...]

    @property
    def fan_out(self) -> float | None:
        """Records per kept input; None where none was kept."""
        return self.kept_records / self.kept if self.kept else None

    @property
    def spend(self) -> Spend | None:
        """What the rows cost; None where the stage never ran."""
        return Spend(self.cost, self.known_cost, self.unpriced_rows) if self.shards else None


@dataclass(frozen=True)
class Example:
    """A rejected or failed row: what shows the reason, and where its text stands."""

    record_id: str
    shard: str
    evidence: str
    title: str
    place: str


@dataclass(frozen=True)
class ReasonCount:
    """Rows a stage did not keep for one reason, most of them without being shown."""

    asset: str
    pile: Pile
    reason: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class MeasureMeans:
    """A measure of a stage's records, before and after the stage; None where it kept nothing."""

    asset: str
    measure: str
    gained: bool
    """The stage rewrites what it measures, so that before and after are its doing."""
    mean_before: float | None
    mean_after: float | None
    median_before: float | None
    median_after: float | None
    records: int

    @property
    def paper(self) -> tuple[float, float]:
        """The paper's means before and after."""
        return PAPER_REFINEMENT[self.measure]

    @property
    def paper_median(self) -> int:
        """The paper's median after."""
        return PAPER_REFINED_MEDIANS[self.measure]


@dataclass(frozen=True)
class ShardYield:
    """One stage on one shard, by the run that wrote it."""

    number: int
    asset: str
    shard: str
    inputs: int
    kept: int
    rejected: int
    failed: int
    yield_share: float | None
    cost: float | None
    seconds: float
    run_id: str
    finished_at: str
    prompt_versions: tuple[str, ...]
    model: str | None
    code_version: str


@dataclass(frozen=True)
class CategoryCount:
    """Documents under one label of one vocabulary."""

    vocabulary: Vocabulary
    label: str
    documents: int


@dataclass(frozen=True)
class GeneratorCount:
    """Kept records of a stage that a model, or the baseline generator, made."""

    asset: str
    ends_way: bool
    generator: str
    records: int


@dataclass(frozen=True)
class JudgementCount:
    """Trajectories of which the judge said the same."""

    status: str
    trajectories: int


@dataclass(frozen=True)
class YieldReport:
    """Everything the report shows, in any of its forms."""

    totals: Totals
    stages: tuple[StageYield, ...]
    reasons: tuple[ReasonCount, ...]
    measures: tuple[MeasureMeans, ...]
    shards: tuple[ShardYield, ...]
    categories: tuple[CategoryCount, ...]
    generators: tuple[GeneratorCount, ...]
    judgements: tuple[JudgementCount, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no stage ever ran."""
        return not any(stage.shards for stage in self.stages)

    @property
    def spend(self) -> Spend | None:
        """What all rows cost together; None where no stage ever ran."""
        spends = [stage.spend for stage in self.stages if stage.spend]
        totals = [spend.total for spend in spends]
        known = sum(spend.known for spend in spends)
        total = None if None in totals else sum(total for total in totals if total is not None)
        return Spend(total, known, sum(spend.unpriced_rows for spend in spends)) if spends else None

    @property
    def cost_per_trajectory(self) -> float | None:
        """US dollars spent for each validated trajectory; None where that is unknown or there is none."""
        total = self.spend.total if self.spend else None
        return None if total is None or not self.totals.trajectories else total / self.totals.trajectories

    @property
    def input_tokens(self) -> int:
        """Tokens read by models, over all stages."""
        return sum(stage.input_tokens for stage in self.stages)

    @property
    def output_tokens(self) -> int:
        """Tokens written by models, over all stages."""
        return sum(stage.output_tokens for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Wall clock of all runs, one after the other."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def refinement(self) -> tuple[MeasureMeans, ...]:
        """What refinement added, by the measures that the paper has numbers for."""
        return tuple(
            one for one in self.measures if one.asset == PAPER_STAGE and one.measure in PAPER_REFINEMENT
        )

    @property
    def other_measures(self) -> tuple[MeasureMeans, ...]:
        """The measures of all other stages that kept anything."""
        return tuple(one for one in self.measures if one not in self.refinement and one.records)

    def reasons_of(self, asset: str) -> tuple[ReasonCount, ...]:
        """Pick a stage's reasons, most frequent first, rejections before failures."""
        return tuple(reason for reason in self.reasons if reason.asset == asset)

    @property
    def prefiltered(self) -> int:
        """Documents the prefilter rejected, so that no model saw them; 0 where it was off."""
        return sum(reason.rows for reason in self.reasons if reason.reason.startswith("prefilter_"))

    def labels_of(self, vocabulary: Vocabulary) -> tuple[CategoryCount, ...]:
        """Pick the labels of a vocabulary that occur, most frequent first."""
        return tuple(count for count in self.categories if count.vocabulary == vocabulary)

    @property
    def makers(self) -> list[tuple[str, int]]:
        """Say who made the validated trajectories of all ways, and how many, most frequent first."""
        made: Counter[str] = Counter()
        for count in self.generators:
            if count.ends_way:
                made[count.generator] += count.records
        return made.most_common()
