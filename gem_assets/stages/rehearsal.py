"""What redoing stale shards would ask of the models: which calls are journaled, which are new.

Runs the stages over answers in the journal and writes nothing. Behind the first call that would have to be
bought nothing is certain: from there on inputs are guessed by what the stages gave so far.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
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

    @property
    def is_free(self) -> bool:
        """Whether the journal has every answer."""
        return not self.calls.new and not self.guessed

    def add(self, other: "Rehearsed") -> None:
        """Count another shard's as well."""
        self.inputs += other.inputs
        self.guessed += other.guessed
        self.calls.journaled += other.calls.journaled
        self.calls.new += other.calls.new


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
    totals = {stage.asset: Rehearsed() for stage in STAGES if stage.role}
    async with open_models(configuration.models, configuration.home.root, "rehearsal") as models:
        for shard, assets in _by_shard(stale).items():
            for asset, rehearsed in (
                await _rehearse_shard(configuration, models, shard, assets, children)
            ).items():
                if asset in totals:
                    totals[asset].add(rehearsed)
    return totals


async def settle(configuration: RunConfiguration, stale: Sequence[Stale]) -> list[Stale]:
    """Find out, for what may be derived again, whether it is: whether the journal has every answer."""
    open_shards = {item.shard for item in stale if item.work == "depends"}
    if not open_shards:
        return list(stale)
    rehearsed: dict[tuple[str, str], Rehearsed] = {}
    async with open_models(configuration.models, configuration.home.root, "rehearsal") as models:
        for shard, assets in _by_shard([item for item in stale if item.shard in open_shards]).items():
            found = await _rehearse_shard(configuration, models, shard, assets, {})
            rehearsed |= {(asset, shard): one for asset, one in found.items()}
    return [
        replace(item, work="derive" if rehearsed[item.asset, item.shard].is_free else "buy")
        if item.work == "depends"
        else item
        for item in stale
    ]


def _by_shard(stale: Sequence[Stale]) -> dict[str, set[str]]:
    shards: dict[str, set[str]] = {}
    for item in stale:
        shards.setdefault(item.shard, set()).add(item.asset)
    return shards


async def _rehearse_shard(
    configuration: RunConfiguration,
    models: Models,
    shard: str,
    assets: Set[str],
    children: Mapping[str, float],
) -> dict[str, Rehearsed]:
    given: dict[str, _Given] = {}
    rehearsed: dict[str, Rehearsed] = {}
    for stage in STAGES:
        if stage.asset not in assets:
            continue
        # What is not stale gives what the tables hold.
        upstream = given.get(reads(stage)) or _Given(_read_inputs(configuration.home, stage, shard), 0.0)
        total = rehearsed.setdefault(stage.asset, Rehearsed())
        given[stage.asset] = await _rehearse_stage(
            stage, upstream, models, configuration.settings, total, children
        )
    return rehearsed


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
