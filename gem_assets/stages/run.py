"""Run a stage over many records: each ends in exactly one of three outcomes, whatever breaks.

The only place that turns a model's errors into outcomes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from gem_assets.llm.models import Models
from gem_assets.llm.protocol import FailedError, Llm, RefusedError, StopRunError
from gem_assets.llm.roles import OFFLINE_MODEL
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.settings import Settings
from gem_assets.stages.stage import Stage
from gem_assets.store.shards import StageInput

R = TypeVar("R")

Outcomes = list[tuple[StageInput[Any], Outcome[Any]]]
Progress = Callable[[int, int], None]
"""Called with the inputs judged so far and all inputs."""


def no_progress(done: int, total: int) -> None:
    """Report no progress."""


def model_of(stage: Stage, models: Models) -> Llm | None:
    """Give the model that fills a stage's role; None for a stage that asks none."""
    return None if stage.role is None else models.for_role(stage.role)


async def to_outcome(step: Awaitable[Outcome[R]], stage: Stage) -> Outcome[R]:
    """Await one record's outcome; a refusal becomes the reason `<prefix>_<kind>`, a breakdown a failure.

    A wrong setting (StopRunError) is not about the record and is left to rise.
    """
    try:
        return await step
    except RefusedError as error:
        return outcome_of_refusal(error, stage.prefix, stage.reasons, is_judge=stage.role == "judge")
    except FailedError as error:
        return Failed(error.reason, error.evidence, error.provenance)


async def run_stage(
    stage: Stage,
    llm: Llm | None,
    settings: Settings,
    inputs: Sequence[StageInput[Any]],
    concurrency: int,
    progress: Progress = no_progress,
) -> Outcomes:
    """Judge every input of a stage; see `judge_inputs`."""
    judged = await judge_inputs(
        lambda record: stage.run(record, llm, settings), inputs, stage, concurrency, progress
    )
    return [(stage_input, _stamped(stage, stage_input, outcome)) for stage_input, outcome in judged]


async def judge_inputs(
    step: Callable[[Any], Awaitable[Outcome[R]]],
    inputs: Sequence[StageInput[Any]],
    stage: Stage,
    concurrency: int,
    progress: Progress = no_progress,
) -> list[tuple[StageInput[Any], Outcome[R]]]:
    """Judge every input, at most `concurrency` at a time, with no barrier in between; order is kept.

    Raises:
        StopRunError: a setting of the model is wrong; the other inputs are let go.
    """
    outcomes: dict[int, Outcome[R]] = {}
    waiting = iter(enumerate(inputs))

    async def work() -> None:
        for position, stage_input in waiting:
            outcomes[position] = await to_outcome(step(stage_input.record), stage)
            progress(len(outcomes), len(inputs))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(inputs))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        stops = errors.subgroup(StopRunError)
        if stops is None:
            raise
        # One sentence for whoever has to mend the setting, however many workers met it.
        raise stops.exceptions[0] from None
    return [(stage_input, outcomes[position]) for position, stage_input in enumerate(inputs)]


def stamp_generator(outcome: Outcome[R], inherited: str | None) -> Outcome[R]:
    """Hand the first writer on: what descends from the baseline generator stays marked, whoever works on it.

    A record that no model touched again (checked by rules only) keeps its writer, too.
    """
    if inherited is None or (inherited != OFFLINE_MODEL and outcome.provenance.generator is not None):
        return outcome
    return _with_provenance(outcome, outcome.provenance.model_copy(update={"generator": inherited}))


def _stamped(stage: Stage, stage_input: StageInput[Any], outcome: Outcome[R]) -> Outcome[R]:
    inherits = stage.authorship in ("rewrites", "judges")
    return stamp_generator(outcome, stage_input.generator) if inherits else outcome


def _with_provenance(outcome: Outcome[R], provenance: Provenance) -> Outcome[R]:
    if isinstance(outcome, Kept):
        return Kept(outcome.children, provenance)
    if isinstance(outcome, Rejected):
        return Rejected(outcome.reason, outcome.evidence, provenance, outcome.record)
    return Failed(outcome.reason, outcome.evidence, provenance)


def outcome_of_refusal(
    error: RefusedError, prefix: str, reasons: type[StrEnum], *, is_judge: bool
) -> Rejected | Failed:
    """Reject a record for its stage's reason `<prefix>_<kind>`; a judge that cannot be read has failed."""
    if is_judge and error.kind in ("unparseable", "truncated", "empty"):
        # A judge that cannot be read has said nothing about the trajectory.
        return Failed(FailureReason.JUDGE_UNPARSEABLE, error.evidence, error.provenance)
    return Rejected(reasons(f"{prefix}_{error.kind}"), error.evidence, error.provenance)
