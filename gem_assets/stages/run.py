"""Run a stage over many records: each ends in exactly one of three piles, whatever breaks.

The only place that turns a model's errors into outcomes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gem_assets.llm.protocol import FailedError, RefusedError, StopRunError
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.store.shards import StageInput

R = TypeVar("R")

OFFLINE = "offline/procedural"


async def attempt(step: Awaitable[Outcome[R]], prefix: str) -> Outcome[R]:
    """Judge one record; a refusal becomes the reason `<prefix>_<kind>`, a breakdown a failure.

    A wrong setting (StopRunError) is not about the record and is left to rise.
    """
    try:
        return await step
    except RefusedError as error:
        return _refused(error, prefix)
    except FailedError as error:
        return Failed(error.reason, error.evidence, error.provenance)


async def run_stage(
    step: Callable[[Any], Awaitable[Outcome[R]]],
    inputs: Sequence[StageInput[Any]],
    prefix: str,
    concurrency: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[StageInput[Any], Outcome[R]]]:
    """Judge every input, at most `concurrency` at a time, with no barrier in between; order is kept.

    Raises:
        StopRunError: a setting of the model is wrong; the other inputs are let go.
    """
    outcomes: dict[int, Outcome[R]] = {}
    waiting = iter(enumerate(inputs))

    async def work() -> None:
        for position, given in waiting:
            outcomes[position] = await attempt(step(given.record), prefix)
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
    return [(given, outcomes[position]) for position, given in enumerate(inputs)]


def stamp_generator(outcome: Outcome[R], inherited: str | None) -> Outcome[R]:
    """Hand the first writer on: what descends from the baseline generator stays marked, whoever works on it.

    A record that no model touched again (checked by rules only) keeps its writer, too.
    """
    if inherited is None or (inherited != OFFLINE and outcome.provenance.generator is not None):
        return outcome
    return _with_provenance(outcome, outcome.provenance.model_copy(update={"generator": inherited}))


def _with_provenance(outcome: Outcome[R], provenance: Provenance) -> Outcome[R]:
    if isinstance(outcome, Kept):
        return Kept(outcome.children, provenance)
    if isinstance(outcome, Rejected):
        return Rejected(outcome.reason, outcome.evidence, provenance, outcome.record)
    return Failed(outcome.reason, outcome.evidence, provenance)


def _refused(error: RefusedError, prefix: str) -> Rejected | Failed:
    if prefix == "judge" and error.kind in ("unparseable", "truncated", "empty"):
        # A judge that cannot be read has said nothing about the trajectory.
        return Failed(FailureReason.JUDGE_UNPARSEABLE, error.evidence, error.provenance)
    return Rejected(Reason(f"{prefix}_{error.kind}"), error.evidence, error.provenance)
