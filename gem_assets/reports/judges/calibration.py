"""What is known of each judge from planted defects: its sensitivity by kind, false alarms, agreement, price.

Does not belong here: the asking (`calibration/`), SQL (`sql/reports/judge_calibration.sql`).
"""

from dataclasses import dataclass

from gem_assets.intervals import wilson
from gem_assets.reports.queries import read_rows
from gem_assets.store.connections import Connection


@dataclass(frozen=True)
class KindMeasured:
    """One judge on one kind of defect, on the clean ones where `kind` is empty; shares of trajectories."""

    judge: str
    prompt_version: str
    cases: str
    measured_at: str
    kind: str
    is_error: bool
    trajectories: int
    verdicts: int
    unreadable: int
    failed_share: float | None
    """Planted: sensitivity. Clean: false alarms."""
    rubric_share: float | None
    """Of the verdicts that failed it, those on a rubric that covers the kind."""
    agreement: float | None
    """Pairs of samples of one trajectory with the same verdict; None with one sample."""
    input_tokens: int
    output_tokens: int
    cost: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % score interval; samples of one trajectory count as one."""
        return None if self.failed_share is None else wilson(self.failed_share, self.trajectories)


@dataclass(frozen=True)
class Calibration:
    """One judge as it was measured last."""

    kinds: tuple[KindMeasured, ...]

    @property
    def judge(self) -> str:
        """Name and sampling."""
        return self.kinds[0].judge

    @property
    def prompt_version(self) -> str:
        """The prompt it was asked with."""
        return self.kinds[0].prompt_version

    @property
    def cases(self) -> str:
        """Where the clean trajectories came from."""
        return self.kinds[0].cases

    @property
    def measured_at(self) -> str:
        """When, in UTC."""
        return max(kind.measured_at for kind in self.kinds)

    @property
    def clean(self) -> KindMeasured | None:
        """The false alarms."""
        return next((kind for kind in self.kinds if not kind.kind), None)

    @property
    def planted(self) -> tuple[KindMeasured, ...]:
        """The kinds, those that only a judge can find first."""
        return tuple(kind for kind in self.kinds if kind.kind)

    @property
    def agreement(self) -> float | None:
        """Mean over all kinds, weighted by their trajectories."""
        known = [(kind.agreement, kind.trajectories) for kind in self.kinds if kind.agreement is not None]
        weight = sum(number for _, number in known)
        return sum(share * number for share, number in known) / weight if weight else None

    @property
    def verdicts(self) -> int:
        """Verdicts that could be read."""
        return sum(kind.verdicts for kind in self.kinds)

    @property
    def unreadable(self) -> int:
        """Questions without a verdict."""
        return sum(kind.unreadable for kind in self.kinds)

    @property
    def tokens(self) -> tuple[float, float] | None:
        """Tokens in and out for each verdict."""
        if not self.verdicts:
            return None
        told = sum(kind.input_tokens for kind in self.kinds), sum(kind.output_tokens for kind in self.kinds)
        return told[0] / self.verdicts, told[1] / self.verdicts

    @property
    def cost(self) -> float | None:
        """US dollars for each verdict; None where a price is unknown."""
        costs = [kind.cost for kind in self.kinds]
        if None in costs or not self.verdicts:
            return None
        return sum(cost for cost in costs if cost is not None) / self.verdicts


def read_calibrations(connection: Connection) -> tuple[Calibration, ...]:
    """Read every judge that was ever measured, by its last measurement."""
    judges: dict[tuple[str, str], list[KindMeasured]] = {}
    for row in read_rows(connection, "judge_calibration", KindMeasured):
        judges.setdefault((row.judge, row.prompt_version), []).append(row)
    return tuple(Calibration(tuple(kinds)) for kinds in judges.values())


def overall(kinds: tuple[KindMeasured, ...]) -> tuple[float, int] | None:
    """Mean sensitivity over trajectories of several kinds, with their number."""
    known = [(kind.failed_share, kind.trajectories) for kind in kinds if kind.failed_share is not None]
    number = sum(count for _, count in known)
    return (sum(share * count for share, count in known) / number, number) if number else None
