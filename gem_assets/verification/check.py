"""What a check is, and what checking a trajectory gives.

Does not belong here: which checks there are and how they are run (`registry`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gem_assets.records.judgement import Finding, Level
from gem_assets.records.outcome import Reason
from gem_assets.verification.view import Need, TrajectoryView

Kind = Literal["rule", "provenance", "state", "constraint", "faithfulness", "dialogue"]


@dataclass(frozen=True)
class Defect:
    """One thing that is wrong, as a check's function reports it; its check gives it kind and level.

    `message` is the index of the offending message (0 = system), None where the whole is at fault.
    """

    reason: Reason
    evidence: str
    message: int | None = None
    other_message: int | None = None
    """The message it contradicts, where it contradicts one."""
    path: str | None = None
    """Where in the arguments or the result, as `$.items[2].sku`."""
    span: tuple[int, int] | None = None
    """Where in the text of the message: first character and the one after the last."""


@dataclass(frozen=True)
class Check:
    """A function over a view, with what it needs to be run and the level of every reason it may give."""

    name: str
    kind: Kind
    needs: frozenset[Need]
    find: Callable[[TrajectoryView], Iterable[Defect]]
    errors: tuple[Reason, ...] = ()
    """Reasons that reject a trajectory."""
    warnings: tuple[Reason, ...] = ()
    """Reasons that are evidence for the judge and the report only."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason it may give."""
        return (*self.errors, *self.warnings)

    def run(self, view: TrajectoryView) -> Iterator[Finding]:
        """Find what is wrong; raises ValueError where the function gives a reason the check does not name."""
        for defect in self.find(view):
            yield Finding(
                reason=defect.reason,
                evidence=defect.evidence,
                message=defect.message,
                kind=self.kind,
                level=self._level_of(defect.reason),
                other_message=defect.other_message,
                path=defect.path,
                span=defect.span,
            )

    def _level_of(self, reason: Reason) -> Level:
        if reason in self.errors:
            return "error"
        if reason in self.warnings:
            return "warning"
        raise ValueError(f"the check {self.name} gave the reason {reason}, which it does not name")


@dataclass(frozen=True)
class NotRun:
    """A check that could not be run, and what it misses."""

    check: str
    missing: frozenset[Need]
