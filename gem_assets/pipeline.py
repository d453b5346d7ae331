"""One document all the way, from text to validated trajectories. Start reading here.

Each stage takes one record and gives one outcome: kept, rejected for a reason, or failed. The Dagster assets
run the same functions over whole shards (`stages/shard.py`).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from gem_assets.llm.models import Models
from gem_assets.records.base import Record
from gem_assets.records.document import Document, RowStatus
from gem_assets.records.outcome import Kept, Outcome
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.corpus import DOCUMENTS, read_document
from gem_assets.stages.extraction import WORKFLOWS, extract_workflows
from gem_assets.stages.filtering import PROCEDURAL_DOCUMENTS, filter_document
from gem_assets.stages.generation import DRAFT_TRAJECTORIES, generate_trajectory
from gem_assets.stages.refinement import REFINED_TRAJECTORIES, refine_trajectory
from gem_assets.stages.run import to_outcome
from gem_assets.stages.stage import Stage
from gem_assets.stages.validation import VALIDATED_TRAJECTORIES, validate_trajectory

R = TypeVar("R", bound=Record)

Report = Callable[[Stage, Outcome[Record]], bool]
"""Called with each outcome as it comes; says whether to go on with what it kept."""


async def synthesize(
    document: Document, models: Models, settings: Settings, report: Report
) -> list[Trajectory]:
    """Is it a procedure? Which workflows, tools and rules? A dialogue for each, made harder, and checked."""
    teacher = models.teacher

    filtered = [filter_document(document, models.filter, settings)]
    procedures = await kept_of(PROCEDURAL_DOCUMENTS, filtered, report)

    extracted = (extract_workflows(procedure, teacher, settings) for procedure in procedures)
    workflows = await kept_of(WORKFLOWS, extracted, report)

    written = (generate_trajectory(workflow, teacher, settings) for workflow in workflows)
    drafts = await kept_of(DRAFT_TRAJECTORIES, written, report)

    rewritten = (refine_trajectory(draft, teacher, settings) for draft in drafts)
    refined = await kept_of(REFINED_TRAJECTORIES, rewritten, report)

    judged = (validate_trajectory(trajectory, models.judge, settings) for trajectory in refined)
    return await kept_of(VALIDATED_TRAJECTORIES, judged, report)


async def read_rows(rows: Iterable[RowStatus], settings: Settings, report: Report) -> list[Document]:
    """Read ingested rows as documents, as the asset before these does."""
    return await kept_of(DOCUMENTS, (read_document(row, None, settings) for row in rows), report)


async def kept_of(stage: Stage, steps: Iterable[Awaitable[Outcome[R]]], report: Report) -> list[R]:
    """Await a stage's outcomes one by one, report each, and give the records it kept."""
    records: list[R] = []
    for step in steps:
        outcome = await to_outcome(step, stage)
        if report(stage, outcome) and isinstance(outcome, Kept):
            records += outcome.records
    return records
