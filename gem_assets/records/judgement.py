"""What checks and judges concluded of a trajectory: findings, sources of arguments, verdicts."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from gem_assets.records.base import Record

Rubric = Literal["R1", "R2", "R3"]
Level = Literal["error", "warning"]
SourceKind = Literal[
    "user", "system", "result", "proposed", "schema", "derived", "composed", "free", "ungrounded"
]
JudgeStatus = Literal["passed", "failed", "not run (no model)", "not asked (stopped by a rule)"]


FORMER_LEVELS: dict[str, Level] = {"decidable": "error", "advisory": "warning"}
"""The levels as older records name them."""


def current_level(stored: object) -> object:
    """Give a stored level by its present name; anything else as it is."""
    return FORMER_LEVELS.get(stored, stored) if isinstance(stored, str) else stored


class Finding(Record):
    """One thing a check found wrong, with what shows it.

    `message` is the index of the offending message (0 = system), None where the whole is at fault. Only an
    `error` rejects; a `warning` is evidence for the judge and the report.
    """

    reason: str
    evidence: str
    message: int | None = None
    kind: str = "rule"
    """The check it comes from: rule, provenance, state, constraint, faithfulness, dialogue."""
    level: Annotated[Level, BeforeValidator(current_level)] = "error"
    other_message: int | None = None
    """The message it contradicts, where it contradicts one."""
    path: str | None = None
    """Where in the arguments or the result, as `$.items[2].sku`."""
    span: tuple[int, int] | None = None
    """Where in the text of the message: first character and the one after the last."""


class ArgumentSource(Record):
    """Where one value of one call's arguments comes from.

    Kinds: said by the user or the system message; in an earlier `result`; `proposed` by the assistant and
    answered by the user; from the tool's `schema` (choices, default, examples); `derived` from such values
    (`derivation` says how); `composed` text; `free` (yes, no, nothing, a client's own key); or `ungrounded`.
    """

    call_message: int
    call_id: str
    tool: str
    path: str
    value: str
    """The value as JSON, shortened to 120 characters."""
    kind: SourceKind
    message: int | None = None
    """The message it comes from."""
    source_path: str | None = None
    """Where in that result."""
    span: tuple[int, int] | None = None
    """Where in that text."""
    derivation: str | None = None


class VerificationMetrics(Record):
    """Shares that verification measures; None where there was nothing to measure."""

    argument_count: int = 0
    grounded_share: float | None = None
    """Arguments whose source is known, of all that could have one."""
    rule_count: int = 0
    """Rules the system message states."""
    sourced_share: float | None = None
    """Those of them that stand in the source document or its constraints."""


class RubricScore(Record):
    """The judge's answer on one rubric: 1 when no such hallucination occurs in any round, else 0."""

    rubric: Rubric
    score: Literal[0, 1]
    explanation: str = ""


class Vote(Record):
    """What one judge of a panel said; without scores where it gave no verdict."""

    model: str | None
    scores: tuple[RubricScore, ...] = ()
    sample: int = 0
    missing: str = ""
    """Why there is no verdict."""

    @property
    def passes(self) -> bool | None:
        """Whether it found nothing on any rubric; None where it gave no verdict."""
        return all(score.score == 1 for score in self.scores) if self.scores else None


JudgeRule = Literal["majority", "unanimous"]


class Judgement(Record):
    """Rubrics R1 to R3 of the judge model (arXiv 2601.10355, appendix A.5); all must be 1 to pass.

    Of a panel, `votes` holds every judge's verdict and `rule` how they were counted; status and scores are
    derived from them.
    """

    status: JudgeStatus
    scores: tuple[RubricScore, ...] = ()
    model: str | None = None
    sample: int = 0
    """Which of the judge's samples was the first that could be read."""
    votes: tuple[Vote, ...] = ()
    rule: JudgeRule | None = None
