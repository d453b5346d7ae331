"""Candidates and data sets for tests, made of the recorded trajectories."""

from dataclasses import replace
from typing import Any

from gem_assets.datasets.benchmarks import Benchmarks
from gem_assets.datasets.candidates import Candidate
from gem_assets.datasets.choosing import Choice, choose
from gem_assets.datasets.recipes import Recipe
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import RuleSettings
from gem_assets_tests.stages.chain import PROCEDURES, chain

RECIPE = Recipe(name="mine", description="All that a model wrote.")
NO_LISTS = Benchmarks((), {})


def candidate(trajectory: Trajectory, number: int = 0, **columns: Any) -> Candidate:
    made = Candidate(
        record_id=f"record-{number:03}",
        document_id=trajectory.document_id,
        shard="wiki-00000",
        corpus="wiki",
        license=None,
        superseded=False,
        generator="model",
        model="teacher",
        prompt_version="refine_trajectory@1",
        judge_status="passed",
        judge_reason=None,
        content_hash=f"hash-{number}",
        payload=trajectory.model_dump_json(),
        trajectory=trajectory,
    )
    return replace(made, **columns)


def recorded(number: int = 0) -> Trajectory:
    return chain(PROCEDURES[number]).validated


def with_document(trajectory: Trajectory, document_id: str, text: str | None = None) -> Trajectory:
    """The same trajectory out of another document."""
    document = trajectory.workflow.procedure.document
    changed = document.model_copy(update={"document_id": document_id, "text": text or document.text})
    procedure = trajectory.workflow.procedure.model_copy(update={"document": changed})
    return trajectory.model_copy(
        update={"workflow": trajectory.workflow.model_copy(update={"procedure": procedure})}
    )


def words(seed: str, count: int = 200) -> str:
    return " ".join(f"{seed}{number}" for number in range(count))


def unlike(seed: str, document_id: str | None = None) -> Trajectory:
    """A trajectory whose text, tools and dialogue share nothing with one of another seed."""
    tool = Tool(
        name=f"{seed}_open",
        description=words(f"{seed}d", 12),
        parameters={"type": "object", "properties": {f"{seed}_id": {"type": "string"}}},
    )
    said = [Message(role="system", content=words(f"{seed}s", 20))]
    said += [
        Message(role="user", content=words(f"{seed}u")),
        Message(role="assistant", content=words(f"{seed}a")),
    ]
    made = with_document(recorded(), document_id or f"document-{seed}", words(f"{seed}t"))
    return made.model_copy(update={"tools": (tool,), "messages": tuple(said)})


def chosen(
    *candidates: Candidate, recipe: Recipe = RECIPE, benchmarks: Benchmarks = NO_LISTS
) -> list[Choice]:
    return choose(candidates, recipe, benchmarks, RuleSettings())
