"""Small records of every stage, and a home that holds them: what the report tests count."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from gem_assets.records.base import make_id
from gem_assets.records.document import Document, ProceduralDocument, RawRow
from gem_assets.records.judgement import Finding, Judgement, RubricScore, VerificationMetrics
from gem_assets.records.message import Message
from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.records.tool import Tool, ToolCall
from gem_assets.records.trajectory import Trajectory, TrajectoryShape
from gem_assets.records.workflow import Constraint, Edge, SampleCall, Workflow
from gem_assets.stages.catalog import declare_home, stage_of
from gem_assets.store.home import Home
from gem_assets.store.shards import ShardWrite, StageInput, write_outcomes
from gem_assets_tests.store.writing import add_rows

SHARD = "sample-00000"
DOCUMENTS = tuple(make_id("documents", name) for name in ("kiln", "ferry", "essay", "note"))
KILN, FERRY, ESSAY, NOTE = DOCUMENTS
TOOL = Tool(
    name="book_ferry",
    description="Book a passage.",
    parameters={"type": "object", "properties": {"length_cm": {"type": "integer"}}},
)
RULE = Constraint(
    rule="at most 170 cm",
    sentence="No longer than 170 cm.",
    tool="book_ferry",
    predicate="args.length_cm <= 170",
)
DRAFT = TrajectoryShape(
    message_count=10, tool_count=2, offered_tool_count=3, call_count=3, patterns=("multi_hop",)
)
REFINED = TrajectoryShape(
    message_count=16,
    tool_count=4,
    offered_tool_count=5,
    call_count=7,
    patterns=("multi_hop", "error_recovery"),
)


def empty_home(folder: Path) -> Home:
    return _copied(declare_home, folder)


@cache
def _made_once(fill: Callable[[Home], None]) -> tempfile.TemporaryDirectory[str]:
    """A home that stays until the process ends; writing one takes as long as copying a hundred."""
    folder = tempfile.TemporaryDirectory(prefix="chain-rows-")
    fill(Home(Path(folder.name)))
    return folder


def _copied(fill: Callable[[Home], None], folder: Path) -> Home:
    return Home(Path(shutil.copytree(_made_once(fill).name, folder / "home")))


def raw_row(document_id: str, text: str = "First open the kiln.\nThen fire it.", **about: Any) -> RawRow:
    told = {
        "source": "kilns.jsonl",
        "place": "line 7",
        "title": "The kiln",
        "url": "https://example.org/kiln",
    }
    return RawRow(
        document_id=document_id, corpus="sample", text=text, **{**told, "license": "CC0-1.0", **about}
    )


def document(document_id: str, text: str = "First open the kiln. Then fire it.", **about: Any) -> Document:
    row = raw_row(document_id, text, **about).model_dump(exclude={"version", "source_id"})
    return Document(**{**row, "language": about.get("language", "en")})


def procedure(document_id: str, **about: Any) -> ProceduralDocument:
    labels = {
        "summary": "Fire a kiln.",
        "platform": "machine",
        "domains": ("science", "finance"),
        "task_category": "search",
    }
    return ProceduralDocument(**{"document": document(document_id), **labels, **about})


def workflow(document_id: str, ordinal: int = 0) -> Workflow:
    return Workflow(
        workflow_id=record_id("workflows", document_id, ordinal),
        procedure=procedure(document_id),
        description="Fire it",
        steps=("Step1: open", "Step2: fire"),
        entry_tools=("open_kiln",),
        execution_graph=(Edge(source="open_kiln", target="book_ferry"),),
        sample_calls=(SampleCall(name="book_ferry", arguments={"length_cm": 3}),),
        tools=(TOOL, TOOL.model_copy(update={"name": "open_kiln"})),
        constraints=(RULE,),
    )


def trajectory(document_id: str, ordinal: int = 0, **about: Any) -> Trajectory:
    call = ToolCall(call_id="c1", name="book_ferry", arguments={"length_cm": 3})
    turns = (
        Message(role="system", content="Be kind."),
        Message(role="user", content="Please book."),
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="{}", call_id="c1"),
        Message(role="assistant", content="Done."),
    )
    return Trajectory(
        trajectory_id=record_id("draft_trajectories", document_id, ordinal),
        workflow=workflow(document_id, ordinal),
        tools=(TOOL,),
        messages=turns,
        **{"shape": DRAFT, **about},
    )


def refined(document_id: str, ordinal: int = 0, shape: TrajectoryShape = REFINED) -> Trajectory:
    return trajectory(document_id, ordinal, shape=shape, draft_shape=DRAFT)


def validated(document_id: str, ordinal: int = 0, findings: tuple[Finding, ...] = ()) -> Trajectory:
    scores = tuple(RubricScore(rubric=name, score=1, explanation="fine") for name in ("R1", "R2", "R3"))
    judgement = Judgement(status="passed", scores=scores, model="judge-1")
    if findings:
        judgement = Judgement(status="not asked (stopped by a rule)")
    made = refined(document_id, ordinal)
    return made.model_copy(update={"findings": findings, "judgement": judgement})


def record_id(asset: str, document_id: str, ordinal: int = 0) -> str:
    """The id of a document's descendant on the branch of its workflow `ordinal`."""
    name = make_id("procedural_documents", document_id)
    if asset == "procedural_documents":
        return name
    name = make_id("workflows", name, ordinal)
    for stage in ("workflows", "draft_trajectories", "refined_trajectories", "validated_trajectories"):
        name = name if stage == "workflows" else make_id(stage, name)
        if stage == asset:
            return name
    raise KeyError(asset)


def spent(key: str, cost: float | None = 0.25, **about: Any) -> Provenance:
    told = {"prompt_version": "prompt@1", "model": "teacher-1", "generator": "model", "call_keys": (key,)}
    return Provenance(
        **{**told, "input_tokens": 100, "output_tokens": 40, "cost": cost, "seconds": 1.5, **about}
    )


def carry(
    home: Home,
    asset: str,
    outcomes: Sequence[tuple[str, str, Outcome[Any]]],
    run_id: str = "run-1",
    shard: str = SHARD,
    hour: int = 0,
) -> None:
    """Write a shard of a stage from (input's id, document's id, outcome)."""
    ended = datetime(2026, 5, 4, 12, 0, tzinfo=UTC) + timedelta(hours=hour)
    write = ShardWrite(
        asset=asset,
        shard=shard,
        run_id=run_id,
        started_at=ended - timedelta(seconds=90),
        finished_at=ended,
        model="teacher-1 temperature=0.7",
        code_version=f"code-{run_id}",
        input_version="input",
    )
    first = asset == "documents"
    # A row of the first stage keeps the id of its document, as rows of the store do.
    given = [
        (
            StageInput(name, origin, document(origin), child_id=origin if first else None),
            outcome,
        )
        for name, origin, outcome in outcomes
    ]
    write_outcomes(home, write, given, stage_of(asset).columns)


def filled_home(folder: Path) -> Home:
    """Four documents: one ends validated, one stops at a rule, one is no procedure, one is too short.

    The kiln has two workflows of which the second is rejected; the price of refining the ferry is unknown.
    """
    return _copied(_fill, folder)


def _fill(home: Home) -> None:
    declare_home(home)
    add_rows(home, "sample", [raw_row(name, text=f"Text of {name}.") for name in DOCUMENTS], 10)
    short = Rejected(Reason.CORPUS_TOO_SHORT, "9 characters", record=document(NOTE, "Too short"))
    kept = [(f"{name}@1", name, Kept((document(name),))) for name in (KILN, FERRY, ESSAY)]
    carry(home, "documents", [*kept, (f"{NOTE}@1", NOTE, short)])
    essay = Rejected(Reason.FILTER_NOT_MULTI_STEP, "an essay", spent("key-essay"))
    filtered = [(name, name, Kept((procedure(name),), spent(f"filter-{name}"))) for name in (KILN, FERRY)]
    carry(home, "procedural_documents", [*filtered, (ESSAY, ESSAY, essay)])
    _carry_workflows(home)


def _carry_workflows(home: Home) -> None:
    procedures = [record_id("procedural_documents", name) for name in (KILN, FERRY)]
    cyclic = Rejected(Reason.EXTRACT_GRAPH_CYCLIC, "(a)->(b)->(a)", record=workflow(KILN, 1))
    both = Kept((workflow(KILN), cyclic), spent("extract-kiln", recovered=True))
    one = Kept((workflow(FERRY),), spent("extract-ferry"))
    carry(home, "workflows", [(procedures[0], KILN, both), (procedures[1], FERRY, one)])
    drafts = [
        (record_id("workflows", name), name, Kept((trajectory(name),), spent(f"draft-{name}")))
        for name in (KILN, FERRY)
    ]
    carry(home, "draft_trajectories", drafts)
    larger = REFINED.model_copy(update={"message_count": 19, "tool_count": 5, "call_count": 10})
    refinements = (
        (KILN, Kept((refined(KILN),), spent("refine-kiln"))),
        (FERRY, Kept((refined(FERRY, shape=larger),), spent("refine-ferry", cost=None))),
    )
    carry(home, "refined_trajectories", [(record_id("draft_trajectories", n), n, o) for n, o in refinements])
    finding = Finding(reason="rule_tag_left", evidence="<func> in message 4", message=4)
    stopped = Rejected(Reason.RULE_TAG_LEFT, finding.evidence, record=validated(FERRY, findings=(finding,)))
    verdicts = ((KILN, Kept((validated(KILN),), spent("judge-kiln"))), (FERRY, stopped))
    carry(home, "validated_trajectories", [(record_id("refined_trajectories", n), n, o) for n, o in verdicts])


def carry_lost_refinement(home: Home) -> None:
    """Rewrite the refinements' shard so that the kiln's was rejected for an error that its draft has not."""
    findings = (
        Finding(reason="verify_lost_write", evidence="still open", message=4, kind="state"),
        Finding(reason="verify_guessed_id", evidence="nobody named it", kind="provenance", level="warning"),
    )
    update = {"findings": findings, "verification": VerificationMetrics()}
    record = refined(KILN).model_copy(update=update)
    lost = Rejected(Reason.REFINE_LOST_VALIDITY, "verify_lost_write: still open", record=record)
    rows = ((KILN, lost), (FERRY, Kept((refined(FERRY),))))
    carry(home, "refined_trajectories", [(record_id("draft_trajectories", n), n, o) for n, o in rows])


def failing(home: Home) -> None:
    """Rewrite the filter's shard so that the essay failed."""
    broken = Failed(FailureReason.TIMEOUT, "no answer within 60 s")
    filtered = [(name, name, Kept((procedure(name),), spent(f"filter-{name}"))) for name in (KILN, FERRY)]
    carry(home, "procedural_documents", [*filtered, (ESSAY, ESSAY, broken)], run_id="run-2", hour=1)
