"""The share of trajectories whose assistant says that no tool serves."""

from pathlib import Path

import pytest

from gem_assets.records.message import Message
from gem_assets.records.outcome import Kept
from gem_assets.records.trajectory import Trajectory
from gem_assets.reports.comparison.ways import read_ways
from gem_assets_tests.reports.chain_rows import (
    FERRY,
    KILN,
    carry,
    empty_home,
    procedure,
    record_id,
    spent,
    trajectory,
    validated,
)


def saying(document_id: str, text: str) -> Trajectory:
    """As a Synthesizer writes it: in one call, so without a draft before it."""
    made = validated(document_id)
    turns = (*made.messages[:-1], Message(role="assistant", content=text))
    return made.model_copy(update={"messages": turns, "draft_shape": None})


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("I'm sorry, there is no tool for that here.", True),
        ("I don't have a tool to refund it.", True),
        ("I do not have any tool for refunds.", True),
        ("None of the tools can do this.", True),
        ("It is done without any trouble, with the tool you named.", False),
        ("The tool says no.", False),
    ],
)
def test_an_assistant_that_misses_a_tool_is_counted(tmp_path: Path, said: str, counts: bool):
    home = empty_home(tmp_path)
    names = (KILN, FERRY)
    carry(home, "procedural_documents", [(n, n, Kept((procedure(n),), spent(f"f-{n}"))) for n in names])
    procedures = {name: record_id("procedural_documents", name) for name in names}
    plain = [(procedures[n], n, Kept((validated(n),), spent(f"p-{n}"))) for n in names]
    written = [
        (procedures[KILN], KILN, Kept((saying(KILN, said),), spent("s-kiln"))),
        (procedures[FERRY], FERRY, Kept((saying(FERRY, "Done."),), spent("s-ferry"))),
    ]
    for asset in ("workflows", "draft_trajectories", "refined_trajectories"):
        carry(home, asset, [])
    carry(home, "validated_trajectories", plain)
    drafts = [(procedures[n], n, Kept((trajectory(n),), spent(f"s-{n}"))) for n in names]
    carry(home, "synthesized_trajectories", drafts)
    carry(home, "validated_synthesized_trajectories", written)
    [(pipeline, synthesizer)] = read_ways(home)
    assert (pipeline.validated, synthesizer.validated) == (2, 2)
    assert pipeline.missing_tool_share == 0
    assert synthesizer.missing_tool_share == (0.5 if counts else 0)
