"""The typed columns and measures of trajectories, which the stages that give trajectories share."""

from typing import Any

from gem_assets.records.judgement import VerificationMetrics
from gem_assets.records.trajectory import Trajectory, TrajectoryShape
from gem_assets.stages.stage import Measure
from gem_assets.store.tables import as_json

MEASURES = (
    Measure("messages", "message_count"),
    Measure("tools", "tool_count"),
    Measure("calls", "call_count"),
)
"""As the paper counts: its turns are all messages but the system's, its tools the distinct ones called."""

GAINS = tuple(Measure(one.name, one.column, f"draft_{one.column}") for one in MEASURES)
"""The same beside what the draft had."""


def shape_columns(trajectory: Trajectory) -> dict[str, Any]:
    """Give the columns of a trajectory that is what it was first written as."""
    offered = {"offered_tool_count": trajectory.shape.offered_tool_count}
    return _counts(trajectory.shape) | offered


def gain_columns(trajectory: Trajectory) -> dict[str, Any]:
    """Give the columns of a trajectory beside those of its draft, where it has one."""
    columns = shape_columns(trajectory)
    if trajectory.draft_shape is not None:
        columns |= {f"draft_{name}": value for name, value in _counts(trajectory.draft_shape).items()}
    return columns


def refinement_columns(trajectory: Trajectory) -> dict[str, Any]:
    """Give the columns of a refinement; a rejected one has findings, a kept one leaves them to validation."""
    checked = {} if trajectory.verification is None else _finding_columns(trajectory)
    return gain_columns(trajectory) | checked


def validation_columns(trajectory: Trajectory) -> dict[str, Any]:
    """Give the columns of a trajectory that was judged, as far as it was."""
    columns = gain_columns(trajectory)
    if trajectory.judgement is None:
        return columns
    measured = trajectory.verification or VerificationMetrics()
    return columns | {
        **_finding_columns(trajectory),
        "grounded_share": measured.grounded_share,
        "sourced_share": measured.sourced_share,
        "judge_status": trajectory.judgement.status,
        "judgement": as_json(trajectory.judgement.model_dump(mode="json")),
        "refinement_fallback": trajectory.refinement_fallback,
    }


def _finding_columns(trajectory: Trajectory) -> dict[str, Any]:
    errors = sum(finding.level == "error" for finding in trajectory.findings)
    return {
        "findings": as_json([finding.model_dump(mode="json") for finding in trajectory.findings]),
        "error_findings": errors,
        "warning_findings": len(trajectory.findings) - errors,
    }


def _counts(shape: TrajectoryShape) -> dict[str, Any]:
    return {
        "message_count": shape.message_count,
        "tool_count": shape.tool_count,
        "call_count": shape.call_count,
        "patterns": list(shape.patterns),
    }
