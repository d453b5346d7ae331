"""Put clean and defective trajectories to a judge and write down what it says.

Does not belong here: what the verdicts add up to (`sql/reports/judge_calibration.sql`).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gem_assets.calibration.cases import CaseSet, as_plain, as_trajectory
from gem_assets.calibration.planting.kinds import KINDS, Kind
from gem_assets.llm.protocol import Llm
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.base import Record, content_hash
from gem_assets.records.judgement import Finding, RubricScore
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.records.trajectory import Trajectory
from gem_assets.stages.judging import PROMPT, SAMPLING, ask_judge
from gem_assets.stages.run import judge_inputs
from gem_assets.stages.validation import VALIDATED_TRAJECTORIES
from gem_assets.store.home import Home
from gem_assets.store.parts import write_part
from gem_assets.store.shards import StageInput
from gem_assets.store.tables import as_json, as_text
from gem_assets.verification.registry import CONTENT_CHECKS, run_checks
from gem_assets.verification.view import TrajectoryView

TABLE = "judge_verdicts"
FIRST_SAMPLE = 10
"""Numbers of samples beyond those that stage 5 asks for (9 at most): its answers were selected upon."""


class Question(Record):
    """One trajectory, clean or with a planted defect, to be judged once."""

    trajectory: Trajectory
    kind: str
    is_error: bool
    rubrics: tuple[str, ...]
    sample: int


class Verdict(Record):
    """What came back."""

    scores: tuple[RubricScore, ...]


@dataclass(frozen=True)
class Measuring:
    """How a judge is measured."""

    cases: CaseSet
    samples: int
    with_findings: bool
    """Show the judge the warnings, as stage 5 does; without, its own eyes are measured."""
    prompts: Path | None = None
    """Where a judge's prompt of the user's own is looked for."""

    @property
    def prompt(self) -> Prompt:
        """What the judge is asked."""
        return Prompt.load(PROMPT, self.prompts)


def make_questions(cases: Sequence[Trajectory], samples: int) -> list[Question]:
    """Plant every kind that a rubric covers into every case that has a place for it."""
    planted = [(trajectory, kind) for case in cases for trajectory, kind in _versions(case)]
    return [
        Question(
            trajectory=trajectory,
            kind=kind.name if kind else "",
            is_error=kind.is_error if kind else False,
            rubrics=kind.rubrics if kind else (),
            sample=FIRST_SAMPLE + sample,
        )
        for sample in range(samples)
        for trajectory, kind in planted
    ]


def _versions(case: Trajectory) -> Iterator[tuple[Trajectory, Kind | None]]:
    plain = as_plain(case)
    yield as_trajectory(plain, case), None
    for kind in KINDS:
        if not kind.rubrics:
            continue
        planted = kind.plant(plain.copy(), random.Random(f"{kind.name} {case.trajectory_id}"))
        if planted is not None and planted.detectable:
            yield as_trajectory(planted.plain, case), kind


async def measure(
    llm: Llm,
    questions: Sequence[Question],
    measuring: Measuring,
    concurrency: int,
    progress: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    """Ask one judge every question; gives rows of `judge_verdicts`.

    Raises:
        StopRunError: a setting of the model is wrong.
    """

    async def step(question: Question) -> Outcome[Verdict]:
        findings = _warnings(question.trajectory) if measuring.with_findings else ()
        answer = await ask_judge(measuring.prompt, question.trajectory, findings, llm, question.sample)
        return Kept((Verdict(scores=answer.value),), answer.provenance)

    inputs = [
        StageInput(str(at), question.trajectory.document_id, question)
        for at, question in enumerate(questions)
    ]
    answered = await judge_inputs(step, inputs, VALIDATED_TRAJECTORIES, concurrency, progress)
    about = _about(llm, questions, measuring)
    return [{**about, **_row(given.record, outcome)} for given, outcome in answered]


def _warnings(trajectory: Trajectory) -> tuple[Finding, ...]:
    return run_checks(TrajectoryView.of(trajectory), CONTENT_CHECKS).warnings


def _about(llm: Llm, questions: Sequence[Question], measuring: Measuring) -> dict[str, Any]:
    version = measuring.prompt.version
    asked = [(question.trajectory.trajectory_id, question.kind, question.sample) for question in questions]
    return {
        "calibration_id": content_hash([llm.identity_for(SAMPLING), version, measuring.with_findings, asked]),
        "measured_at": datetime.now(UTC),
        "judge": llm.identity_for(SAMPLING),
        "prompt_version": version,
        "cases": measuring.cases,
    }


def _row(question: Question, outcome: Outcome[Verdict]) -> dict[str, Any]:
    """Write a verdict as a row; a judge that cannot be read, or broke, has given none."""
    scores = outcome.records[0].scores if isinstance(outcome, Kept) else ()
    faulted = {score.rubric for score in scores if score.score == 0}
    if isinstance(outcome, Kept):
        evidence = " ".join(score.explanation for score in scores if score.score == 0)
    else:
        evidence = f"{outcome.reason}: {outcome.evidence}"
    provenance = outcome.provenance
    return {
        "trajectory_id": question.trajectory.trajectory_id,
        "kind": question.kind,
        "is_error": question.is_error,
        "sample": question.sample,
        "verdict": "none" if not scores else "failed" if faulted else "passed",
        "on_rubric": bool(faulted & set(question.rubrics)),
        "scores": as_json({score.rubric: score.score for score in scores}) if scores else None,
        "evidence": as_text(evidence),
        "input_tokens": provenance.input_tokens,
        "output_tokens": provenance.output_tokens,
        "cost": provenance.cost,
        "seconds": provenance.seconds,
        "call_keys": list(provenance.call_keys),
    }


def store(home: Home, rows: Sequence[dict[str, Any]]) -> None:
    """Put a judge's rows in place; those of the same judge, prompt and cases are replaced."""
    write_part(home, TABLE, rows[0]["calibration_id"], rows, what="this calibration")
