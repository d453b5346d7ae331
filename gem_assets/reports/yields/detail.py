"""What the page shows beyond the terminal's report: yields over time, distributions, findings, comparisons.

Does not belong here: how it is drawn (`charts.py`, `page.py`).
"""

import json
from dataclasses import dataclass, field

from gem_assets.reports.benchmarks.scores import Benchmarks, read_benchmarks
from gem_assets.reports.comparison.comparing import Comparison, read_comparisons
from gem_assets.reports.comparison.ways import WayPair, read_ways, way_rows
from gem_assets.reports.itool.deficiencies import CampaignRound, read_rounds
from gem_assets.reports.judges.calibration import Calibration, read_calibrations
from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import Connection
from gem_assets.store.home import Home


@dataclass(frozen=True)
class YieldPoint:
    """The runs of one version of a stage that ended within the same hour, or minute (ISO 8601, UTC)."""

    asset: str
    code_version: str
    ended: str
    runs: int
    inputs: int
    yield_share: float | None


@dataclass(frozen=True)
class SizeCount:
    """Records of one size, before or after the stage that rewrites them."""

    asset: str
    measure: str
    version: str
    size: int
    trajectories: int


@dataclass(frozen=True)
class FindingCount:
    """What a check found at a stage, how often, in how many trajectories, with one that shows it."""

    asset: str
    kind: str
    level: str
    reason: str
    findings: int
    trajectories: int
    record_id: str
    shard: str


@dataclass(frozen=True)
class InnerReason:
    """An error behind rejections that name something else, such as a refinement's lost validity."""

    asset: str
    rejected_for: str
    reason: str
    findings: int
    trajectories: int
    record_id: str
    shard: str


@dataclass(frozen=True)
class DatasetYield:
    """What a recipe chose out of an asset's trajectories when its data set was last built (UTC)."""

    recipe: str
    asset: str
    inputs: int
    kept: int
    rejected: int
    reasons: str
    """Rows by reason, as JSON."""
    splits: str
    """Rows by split, as JSON."""
    finished_at: str

    @property
    def told_reasons(self) -> list[tuple[str, int]]:
        """Reasons with their rows, most frequent first."""
        return sorted(json.loads(self.reasons).items(), key=lambda pair: (-pair[1], pair[0]))

    @property
    def told_splits(self) -> list[tuple[str, int]]:
        """Splits with their rows."""
        return list(json.loads(self.splits).items())


@dataclass(frozen=True)
class LanguageYield:
    """What a stage kept of the texts in one language."""

    language: str
    number: int
    asset: str
    documents: int
    kept_documents: int
    kept_records: int
    rejected_records: int
    yield_share: float | None


@dataclass(frozen=True)
class Detail:
    """Everything on the page that the terminal's report leaves out."""

    datasets: tuple[DatasetYield, ...] = ()
    points: tuple[YieldPoint, ...] = ()
    sizes: tuple[SizeCount, ...] = ()
    findings: tuple[FindingCount, ...] = ()
    inner_reasons: tuple[InnerReason, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    languages: tuple[LanguageYield, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    benchmarks: Benchmarks = field(default_factory=Benchmarks)
    ways: tuple[WayPair, ...] = ()
    rounds: tuple[CampaignRound, ...] = ()

    @property
    def way_tables(self) -> list[list[tuple[str, ...]]]:
        """Each way beside the default one, header first, where a shard went both."""
        return [way_rows(pair) for pair in self.ways]

    @property
    def language_rows(self) -> list[tuple[str, dict[str, LanguageYield]]]:
        """Per language its stages by asset, the most documents first."""
        rows: dict[str, dict[str, LanguageYield]] = {}
        for cell in self.languages:
            rows.setdefault(cell.language, {})[cell.asset] = cell
        return sorted(rows.items(), key=lambda row: -max(cell.documents for cell in row[1].values()))


def read_detail(home: Home, connection: Connection, chosen: tuple[str, str] | None = None) -> Detail:
    """Read it; `chosen` names two versions to compare instead of the newest with those before it."""
    return Detail(
        datasets=read_rows(connection, "datasets", DatasetYield),
        points=read_rows(connection, "yield_over_time", YieldPoint),
        sizes=read_rows(connection, "measure_histogram", SizeCount),
        findings=read_rows(connection, "findings", FindingCount),
        inner_reasons=read_rows(connection, "inner_reasons", InnerReason),
        comparisons=read_comparisons(home, connection, chosen),
        languages=read_rows(connection, "yield_by_language", LanguageYield),
        calibrations=read_calibrations(connection),
        benchmarks=read_benchmarks(connection),
        ways=read_ways(home),
        rounds=read_rounds(connection),
    )
