"""One document all the way, from text to validated trajectories. Start reading here.

Each stage takes one record and gives one outcome: kept, rejected for a reason, or failed. The Dagster
assets run the same stages over whole shards (`stages/shard.py`).
"""

from collections.abc import AsyncIterator
from typing import Any

from gem_assets.llm.models import Models
from gem_assets.records.document import RawRow
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.settings import Settings
from gem_assets.stages.catalog import STAGES
from gem_assets.stages.corpus import read_document
from gem_assets.stages.run import attempt
from gem_assets.store.raw import RowStatus

Passed = tuple[str, Outcome[Any]]
"""The asset a record was to become, and the outcome."""


async def synthesize(row: RawRow, models: Models, settings: Settings) -> AsyncIterator[Passed]:
    """Carry one raw row through every stage, yielding each outcome as it comes.

    Stage 1 asks whether the text holds a procedure, stage 2 reads workflows with tools and constraints out
    of it, stage 3 writes a dialogue for each, stage 4 makes it harder, stage 5 checks it.
    """
    outcome: Outcome[Any] = read_document(RowStatus(row, False, row.document_id), settings.corpus)
    yield "documents", outcome
    records = _kept(outcome)
    for stage in STAGES:
        llm = getattr(models, stage.role)
        outcomes = [await attempt(stage.step(record, llm, settings), stage.prefix) for record in records]
        for outcome in outcomes:
            yield stage.asset, outcome
        records = [record for outcome in outcomes for record in _kept(outcome)]


def _kept(outcome: Outcome[Any]) -> list[Any]:
    return list(outcome.records) if isinstance(outcome, Kept) else []
