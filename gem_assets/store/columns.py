"""Which fields of a record become typed columns: what people filter, join or plot."""

from functools import singledispatch
from typing import Any

from gem_assets.records.base import Record
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.judgement import VerificationMetrics
from gem_assets.records.trajectory import Trajectory, TrajectoryShape
from gem_assets.records.workflow import Workflow
from gem_assets.store.tables import as_json


@singledispatch
def typed_columns(record: Record) -> dict[str, Any]:
    """Lift the typed columns out of a record."""
    raise TypeError(f"{type(record).__name__} is not stored as rows of a stage")


@typed_columns.register
def _(record: Document) -> dict[str, Any]:
    shared = record.model_dump(include={"corpus", "source", "place", "title", "url", "license", "language"})
    return {**shared, "character_count": len(record.text)}


@typed_columns.register
def _(record: ProceduralDocument) -> dict[str, Any]:
    return {
        "summary": record.summary,
        "platform": record.platform,
        "domains": list(record.domains),
        "task_category": record.task_category,
        "language": record.document.language,
    }


@typed_columns.register
def _(record: Workflow) -> dict[str, Any]:
    return {
        "description": record.description,
        "step_count": len(record.steps),
        "tool_count": len(record.tools),
        "constraint_count": len(record.constraints),
        "predicate_count": sum(constraint.predicate is not None for constraint in record.constraints),
    }


@typed_columns.register
def _(record: Trajectory) -> dict[str, Any]:
    columns = _shape_columns(record.shape) | {"offered_tool_count": record.shape.offered_tool_count}
    if record.draft_shape is not None:
        columns |= {f"draft_{name}": value for name, value in _shape_columns(record.draft_shape).items()}
    if record.verification is not None or record.judgement is not None:
        columns |= _finding_columns(record)
    if record.judgement is not None:
        measured = record.verification or VerificationMetrics()
        columns |= {
            "grounded_share": measured.grounded_share,
            "sourced_share": measured.sourced_share,
            "judge_status": record.judgement.status,
            "judgement": as_json(record.judgement.model_dump(mode="json")),
            "refinement_fallback": record.refinement_fallback,
        }
    return columns


def _finding_columns(record: Trajectory) -> dict[str, Any]:
    errors = sum(finding.level == "error" for finding in record.findings)
    return {
        "findings": as_json([finding.model_dump(mode="json") for finding in record.findings]),
        "error_findings": errors,
        "warning_findings": len(record.findings) - errors,
    }


def _shape_columns(shape: TrajectoryShape) -> dict[str, Any]:
    return {
        "message_count": shape.message_count,
        "tool_count": shape.tool_count,
        "call_count": shape.call_count,
        "patterns": list(shape.patterns),
    }
