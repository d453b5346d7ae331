"""What redoing stale shards would ask of the models: which calls are journaled, which are new.

Runs the stages over answers in the journal and writes nothing. Behind the first call that would have to be
bought nothing is certain: from there on inputs are guessed by what the stages gave so far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.journal.journal_only import Tally, from_journal
from gem_assets.llm.models import Models, open_models
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome
from gem_assets.settings import Settings
from gem_assets.stages.catalog import STAGES, reads
from gem_assets.stages.run import model_of, run_stage
from gem_assets.stages.shard import read_inputs
from gem_assets.stages.stage import Stage
from gem_assets.stages.staleness import Stale
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home
from gem_assets.store.shards import StageInput, child_id

CONCURRENCY = 8
"""Look-ups at a time; nothing is sent."""


@dataclass
class Rehearsed:
    """What a stage would ask for all shards together; `guessed` inputs are not known yet."""

    inputs: int = 0
    guessed: float = 0.0
    calls: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class _Given:
    """What a stage gives of one shard: records that are known, and how many more there may be."""

    known: Sequence[StageInput[Any]]
    guessed: float


async def rehearse(
    configuration: RunConfiguration,
    stale: Sequence[Stale],
    children: Mapping[str, float],
) -> dict[str, Rehearsed]:
    """Rehearse what is stale. `children` says how many kept records an input gave on average, by asset."""
    settings, home = configuration.settings, configuration.home
    totals = {stage.asset: Rehearsed() for stage in STAGES if stage.role}
    shards = dict.fromkeys(item.shard for item in stale)
    wanted = {(item.asset, item.shard) for item in stale}
    async with open_models(configuration.models, home.root, "rehearsal") as models:
        for shard in shards:
            given: dict[str, _Given] = {}
            for stage in STAGES:
                if (stage.asset, shard) not in wanted:
                    continue
                # What is not stale gives what the tables hold.
                upstream = given.get(reads(stage)) or _Given(_read_inputs(home, stage, shard), 0.0)
                total = totals.get(stage.asset, Rehearsed())
                given[stage.asset] = await _rehearse_stage(stage, upstream, models, settings, total, children)
    return totals


async def _rehearse_stage(
    stage: Stage,
    upstream: _Given,
    models: Models,
    settings: Settings,
    total: Rehearsed,
    children: Mapping[str, float],
) -> _Given:
    total.inputs += len(upstream.known)
    total.guessed += upstream.guessed
    llm = model_of(stage, models)
    answering = None if llm is None else from_journal(llm, total.calls)
    judged = await run_stage(stage, answering, settings, upstream.known, CONCURRENCY)
    unknown = sum(_is_unknown(outcome) for _, outcome in judged)
    return _Given(
        known=[child for given, outcome in judged for child in _children(stage, given, outcome)],
        guessed=(upstream.guessed + unknown) * children.get(stage.asset, 1.0),
    )


def _read_inputs(home: Home, stage: Stage, shard: str) -> Sequence[StageInput[Any]]:
    with open_memory() as connection:
        return read_inputs(connection, home, stage, shard).inputs


def _children(stage: Stage, given: StageInput[Any], outcome: Outcome[Any]) -> list[StageInput[Any]]:
    if not isinstance(outcome, Kept):
        return []
    return [
        StageInput(child_id(stage.asset, given, ordinal), given.document_id, child, given.generator)
        for ordinal, child in enumerate(outcome.children)
        if isinstance(child, stage.gives)
    ]


def _is_unknown(outcome: Outcome[Any]) -> bool:
    return isinstance(outcome, Failed) and outcome.reason == FailureReason.CANCELLED
