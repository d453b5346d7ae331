"""What redoing stale shards would ask of the models: which calls are journaled, which are new.

Runs the stages over answers in the journal and writes nothing. Behind the first call that would have to be
bought nothing is certain: from there on inputs are guessed by what the stages gave so far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.journal.journal_only import Tally, from_journal
from gem_assets.llm.models import open_models
from gem_assets.llm.protocol import Llm
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome
from gem_assets.settings import Settings
from gem_assets.stages.catalog import STAGES, Stage
from gem_assets.stages.corpus import read_document
from gem_assets.stages.run import run_stage
from gem_assets.stages.staleness import Stale
from gem_assets.store.connections import open_memory
from gem_assets.store.home import Home
from gem_assets.store.raw import read_row_statuses
from gem_assets.store.shards import StageInput, read_kept

CONCURRENCY = 8
"""Look-ups at a time; nothing is sent."""


@dataclass
class Rehearsed:
    """What a stage would ask for all shards together; `guessed` inputs are not known yet."""

    inputs: int = 0
    guessed: float = 0.0
    calls: Tally = field(default_factory=Tally)


@dataclass
class _Passage:
    """One shard on its way: records that are known, and how many more there may be."""

    known: list[StageInput[Any]] | None = None
    """None while the tables hold what the next stage reads."""
    guessed: float = 0.0


async def rehearse(
    configuration: RunConfiguration,
    stale: Sequence[Stale],
    children: Mapping[str, float],
) -> dict[str, Rehearsed]:
    """Rehearse what is stale. `children` says how many kept records an input gave on average, by asset."""
    settings, home = configuration.settings, configuration.home
    totals = {stage.asset: Rehearsed() for stage in STAGES}
    shards = dict.fromkeys(item.shard for item in stale)
    wanted = {(item.asset, item.shard) for item in stale}
    async with open_models(configuration.models, home.root, "rehearsal") as models:
        for shard in shards:
            passage = _Passage(
                _read_documents(home, shard, settings) if ("documents", shard) in wanted else None
            )
            for stage in STAGES:
                if (stage.asset, shard) not in wanted:
                    continue
                if passage.known is None:
                    passage.known = _read_inputs(home, stage, shard)
                total = totals[stage.asset]
                total.inputs += len(passage.known)
                total.guessed += passage.guessed
                llm = from_journal(getattr(models, stage.role), total.calls)
                judged = await _judge(stage, passage.known, llm, settings)
                unknown = sum(_is_unknown(outcome) for _, outcome in judged)
                passage.guessed = (passage.guessed + unknown) * children.get(stage.asset, 1.0)
                passage.known = [
                    child for given, outcome in judged for child in _children(stage, given, outcome)
                ]
    return totals


async def _judge(
    stage: Stage, inputs: Sequence[StageInput[Any]], llm: Llm, settings: Settings
) -> list[tuple[StageInput[Any], Outcome[Any]]]:
    return await run_stage(
        lambda record: stage.step(record, llm, settings), inputs, stage.prefix, CONCURRENCY
    )


def _read_inputs(home: Home, stage: Stage, shard: str) -> list[StageInput[Any]]:
    with open_memory() as connection:
        return read_kept(connection, home, stage.reads, shard, stage.takes)


def _read_documents(home: Home, shard: str, settings: Settings) -> list[StageInput[Any]]:
    with open_memory() as connection:
        statuses = read_row_statuses(connection, home, shard)
    outcomes = [(status.row.document_id, read_document(status, settings.corpus)) for status in statuses]
    return [
        StageInput(document_id, document_id, record)
        for document_id, outcome in outcomes
        if isinstance(outcome, Kept)
        for record in outcome.records
    ]


def _children(stage: Stage, given: StageInput[Any], outcome: Outcome[Any]) -> list[StageInput[Any]]:
    if not isinstance(outcome, Kept):
        return []
    return [
        StageInput(make_id(stage.asset, given.record_id, ordinal), given.document_id, child, given.generator)
        for ordinal, child in enumerate(outcome.children)
        if isinstance(child, stage.gives)
    ]


def _is_unknown(outcome: Outcome[Any]) -> bool:
    return isinstance(outcome, Failed) and outcome.reason == FailureReason.CANCELLED
