"""Clean trajectories to plant defects into: a small set that ships, or those of GEM_HOME without a finding.

Does not belong here: the defects (`planting/`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from gem_assets.calibration.planting.plain import Plain
from gem_assets.records.base import content_hash
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Constraint
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError

CaseSet = Literal["shipped", "home"]
SHIPPED = Path(__file__).with_name("trajectories.jsonl")
_TABLE = "validated_trajectories_outcomes"


def read_cases(home: Home, chosen: CaseSet, limit: int | None) -> list[Trajectory]:
    """Read the cases, at most `limit`: always the same ones, in an order that favours no document.

    Raises:
        StoreError: GEM_HOME holds no validated trajectory without a finding.
    """
    found = _shipped() if chosen == "shipped" else _of_home(home)
    found.sort(key=lambda trajectory: content_hash(trajectory.trajectory_id))
    return found[:limit]


def as_plain(trajectory: Trajectory) -> Plain:
    """Write a trajectory as plain JSON."""
    return Plain(
        trajectory.trajectory_id,
        [tool.model_dump(mode="json") for tool in trajectory.tools],
        [message.model_dump(mode="json") for message in trajectory.messages],
        [constraint.model_dump(mode="json") for constraint in trajectory.workflow.constraints],
        trajectory.workflow.procedure.document.text,
    )


def as_trajectory(plain: Plain, original: Trajectory) -> Trajectory:
    """Put plain JSON back into the record it came from; what was concluded of that one is left out."""
    constraints = tuple(Constraint.model_validate(constraint) for constraint in plain.constraints)
    return original.model_copy(
        update={
            "tools": tuple(Tool.model_validate(tool) for tool in plain.tools),
            "messages": tuple(Message.model_validate(message) for message in plain.messages),
            "workflow": original.workflow.model_copy(update={"constraints": constraints}),
            "findings": (),
            "argument_sources": (),
            "verification": None,
            "judgement": None,
        }
    )


def passed_before(cases: Sequence[Trajectory], model: str) -> int:
    """Count the cases that a model passed already, as the judge or one of a panel."""
    return sum(
        trajectory.judgement is not None
        and trajectory.judgement.status == "passed"
        and model.partition(" ")[0] in _models(trajectory)
        for trajectory in cases
    )


def _models(trajectory: Trajectory) -> set[str]:
    judgement = trajectory.judgement
    if judgement is None:
        return set()
    named = [judgement.model, *(vote.model for vote in judgement.votes)]
    return {name for model in named if model for name in (model, f"openai/{model}", f"hosted_vllm/{model}")}


def _shipped() -> list[Trajectory]:
    lines = SHIPPED.read_text("utf-8").splitlines()
    return [Trajectory.model_validate_json(line) for line in lines]


def _of_home(home: Home) -> list[Trajectory]:
    with open_live(home, (_TABLE,)) as connection:
        rows = connection.execute(
            f"SELECT payload FROM {_TABLE} WHERE outcome = 'kept' "
            "AND error_findings = 0 AND warning_findings = 0 ORDER BY shard, record_id"
        ).fetchall()
    if not rows:
        raise StoreError(
            f"{home.root} holds no validated trajectory without a finding: "
            "leave out --cases home, or `gem run` first"
        )
    return [Trajectory.model_validate_json(payload) for (payload,) in rows]
