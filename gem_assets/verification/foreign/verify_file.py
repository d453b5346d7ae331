"""The checks over a file of trajectories made by anyone, by a profile.

Does not belong here: reading the formats (`foreign`), printing (`reports/verification_text`).
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gem_assets.records.judgement import Finding, VerificationMetrics
from gem_assets.records.outcome import Reason
from gem_assets.records.trajectory import TrajectoryShape
from gem_assets.settings import RuleSettings
from gem_assets.verification.foreign.foreign import ForeignError, ForeignTrajectory, read_file
from gem_assets.verification.registry import CHECKS, run_checks
from gem_assets.verification.shape import measure
from gem_assets.verification.view import TrajectoryView

Profile = Literal["gem", "openai"]

# What the chat interfaces allow and our own form does not: several calls at once, no system message, any
# length, two turns of one speaker, an end on a call, thinking in tags.
OPENAI_LEAVES_OUT = frozenset(
    {
        Reason.RULE_SYSTEM_FIRST,
        Reason.RULE_SEVERAL_CALLS,
        Reason.RULE_TOOL_THEN_USER,
        Reason.RULE_ROLE_ORDER,
        Reason.RULE_END,
        Reason.RULE_TOO_SMALL,
        Reason.RULE_FEW_PATTERNS,
        Reason.RULE_TAG_LEFT,
        Reason.VERIFY_EMPTY_TURN,
    }
)


@dataclass(frozen=True)
class Verified:
    """One trajectory of a file with what was found in it."""

    place: str
    shape: TrajectoryShape
    findings: tuple[Finding, ...]
    metrics: VerificationMetrics
    not_run: tuple[str, ...] = ()
    """The checks for which it offers too little: no declaration, no source."""

    @property
    def rejected(self) -> bool:
        """Whether an error stands against it."""
        return any(finding.level == "error" for finding in self.findings)


@dataclass(frozen=True)
class Spread:
    """Mean, median, smallest and largest of a count."""

    mean: float
    median: float
    least: int
    most: int


@dataclass(frozen=True)
class FileSummary:
    """A file in numbers, counted as the paper counts: `messages` are all but the system's."""

    trajectories: int
    rejected: int
    messages: Spread | None
    tools: Spread | None
    calls: Spread | None
    patterns: tuple[tuple[str, int], ...]
    """Each interaction pattern with the trajectories that show it."""
    reasons: tuple[tuple[str, str, int, int], ...]
    """Reason, level, findings, trajectories with it; errors first, then by number."""
    grounded_share: float | None
    sourced_share: float | None
    not_run: tuple[tuple[str, int], ...]
    """Each check that was not run everywhere with the trajectories that offer too little for it."""


def verify_file(path: Path, profile: Profile = "openai") -> tuple[list[Verified], FileSummary]:
    """Verify every trajectory of a file.

    Raises:
        ForeignError: the file holds no trajectories in a known format.
    """
    verified = [verify_foreign(trajectory, profile) for trajectory in read_file(path)]
    if not verified:
        raise ForeignError(f"{path} holds no trajectory: give a JSON or JSONL file with at least one record")
    return verified, summarise(verified)


def verify_foreign(trajectory: ForeignTrajectory, profile: Profile) -> Verified:
    """Run the checks that the profile asks for over one trajectory."""
    left_out = set(OPENAI_LEAVES_OUT if profile == "openai" else ())
    if not trajectory.tools:  # a record without tools says nothing about which there are
        left_out.add(Reason.RULE_CALL_UNKNOWN_TOOL)
    view = TrajectoryView(
        trajectory.tools,
        trajectory.messages,
        trajectory.constraints,
        trajectory.edges,
        trajectory.source,
        RuleSettings(parallel_calls=profile == "openai"),
    )
    verified = run_checks(view, [check for check in CHECKS if not left_out.issuperset(check.reasons)])
    return Verified(
        trajectory.place,
        measure(trajectory.tools, trajectory.messages),
        verified.findings,
        verified.metrics,
        tuple(one.check for one in verified.not_run),
    )


def summarise(verified: Sequence[Verified]) -> FileSummary:
    """Count what a file holds and what was found."""
    findings, places = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in verified:
        own = [(finding.reason, finding.level) for finding in one.findings]
        findings.update(own)
        places.update(set(own))
    reasons = [(reason, level, count, places[reason, level]) for (reason, level), count in findings.items()]
    patterns = Counter(pattern for one in verified for pattern in one.shape.patterns)
    return FileSummary(
        trajectories=len(verified),
        rejected=sum(one.rejected for one in verified),
        messages=_spread(one.shape.message_count for one in verified),
        tools=_spread(one.shape.tool_count for one in verified),
        calls=_spread(one.shape.call_count for one in verified),
        patterns=tuple(patterns.most_common()),
        reasons=tuple(sorted(reasons, key=lambda row: (row[1] != "error", -row[2], row[0]))),
        grounded_share=_mean(one.metrics.grounded_share for one in verified),
        sourced_share=_mean(one.metrics.sourced_share for one in verified),
        not_run=tuple(Counter(check for one in verified for check in one.not_run).items()),
    )


def _spread(counts: Iterable[int]) -> Spread | None:
    values = list(counts)
    if not values:
        return None
    return Spread(statistics.fmean(values), statistics.median(values), min(values), max(values))


def _mean(shares: Iterable[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return statistics.fmean(known) if known else None
