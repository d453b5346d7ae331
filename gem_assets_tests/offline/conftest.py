"""The generator's answers, read by the pipeline's own parsers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gem_assets.offline.procedural import answer
from gem_assets.records.base import make_id
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.stages.answers.filter_answer import parse_filter_answer
from gem_assets.stages.answers.trajectory_answer import parse_refined_trajectory, parse_trajectory
from gem_assets.stages.answers.workflow_answer import parse_workflow_answer
from gem_assets.verification.shape import measure

SAMPLES = Path(__file__).parents[2] / "gem_assets" / "sample_corpus"


@dataclass(frozen=True)
class Made:
    """A document on its way through the four tasks."""

    name: str
    workflow: Workflow
    draft: Trajectory
    refined: Trajectory


def make_document(text: str, title: str | None = None, language: str = "en") -> Document:
    return Document(
        document_id=make_id("documents", f"{title}/{text[:200]!r}"),
        corpus="tests",
        source="tests.txt",
        place="whole file",
        title=title,
        language=language,
        text=text,
    )


def is_procedure(text: str, title: str | None = None) -> bool:
    document = make_document(text, title).model_dump(mode="json")
    return parse_filter_answer(answer("filter_document", {"document": document})) is not None


def make_workflows(document: Document) -> list[Workflow]:
    labels = parse_filter_answer(answer("filter_document", {"document": document.model_dump(mode="json")}))
    if labels is None:
        return []
    procedure = ProceduralDocument(
        document=document,
        summary=labels.summary,
        platform=labels.platform,
        domains=labels.domains,
        task_category=labels.task_category,
    )
    parsed = parse_workflow_answer(
        answer("extract_workflows", {"procedure": procedure.model_dump(mode="json")})
    )
    return [
        Workflow(
            workflow_id=make_id("workflows", document.document_id, ordinal),
            procedure=procedure,
            description=one.description,
            steps=one.steps,
            entry_tools=one.entry_tools,
            execution_graph=one.edges,
            sample_calls=one.sample_calls,
            tools=one.tools,
            constraints=one.constraints,
        )
        for ordinal, one in enumerate(parsed)
    ]


def make_draft(workflow: Workflow) -> Trajectory:
    messages = parse_trajectory(answer("generate_trajectory", {"workflow": workflow.model_dump(mode="json")}))
    return Trajectory(
        trajectory_id=make_id("draft_trajectories", workflow.workflow_id),
        workflow=workflow,
        tools=workflow.tools,
        messages=messages,
        shape=measure(workflow.tools, messages),
    )


def make_refined(draft: Trajectory) -> Trajectory:
    read = parse_refined_trajectory(
        answer("refine_trajectory", {"trajectory": draft.model_dump(mode="json")})
    )
    return draft.model_copy(
        update={
            "tools": read.tools,
            "messages": read.messages,
            "shape": measure(read.tools, read.messages),
            "draft_shape": draft.shape,
        }
    )


def make_all(name: str, text: str, title: str | None = None) -> list[Made]:
    made: list[Made] = []
    for workflow in make_workflows(make_document(text, title)):
        draft = make_draft(workflow)
        made.append(Made(name, workflow, draft, make_refined(draft)))
    return made


@pytest.fixture(scope="session")
def made() -> list[Made]:
    """Everything the generator makes of the sample corpus' English procedures."""
    found: list[Made] = []
    for path in sorted(SAMPLES.glob("*.md")):
        text = path.read_text("utf-8")
        if text.isascii() or sum(char.isascii() for char in text) > 0.98 * len(text):
            found.extend(make_all(path.stem, text))
    return found


@pytest.fixture(scope="session")
def run_all() -> Callable[..., list[Made]]:
    """The four tasks over one text: `run_all(name, text, title)`."""
    return make_all


@pytest.fixture(scope="session")
def judge() -> Callable[..., bool]:
    """The filter's verdict over one text."""
    return is_procedure


@pytest.fixture(scope="session")
def workflows_of() -> Callable[..., list[Workflow]]:
    """The workflows of one text."""
    return lambda text, title=None: make_workflows(make_document(text, title))


@pytest.fixture(scope="session")
def document_of() -> Callable[..., Document]:
    """A document of one text."""
    return make_document
