"""What validation concluded: rule findings and the verdict of the judge model."""

from typing import Literal

from gem_assets.records.base import Record

Rubric = Literal["R1", "R2", "R3"]
JudgeStatus = Literal["passed", "failed", "not run (no model)"]


class Finding(Record):
    """One thing a rule found wrong, with what shows it.

    `message` is the index of the offending message (0 = system), None where the whole is at fault.
    """

    reason: str
    evidence: str
    message: int | None = None


class RubricScore(Record):
    """The judge's answer on one rubric: 1 when no such hallucination occurs in any round, else 0."""

    rubric: Rubric
    score: Literal[0, 1]
    explanation: str = ""


class Judgement(Record):
    """Rubrics R1 to R3 of the judge model (arXiv 2601.10355, appendix A.5); all must be 1 to pass."""

    status: JudgeStatus
    scores: tuple[RubricScore, ...] = ()
    model: str | None = None
    sample: int = 0
    """Which of the judge's samples was the first that could be read."""
