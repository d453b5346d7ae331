"""Stage 2, workflows: read steps, tools, their order and the source's rules out of a procedure (A.2).

The checks of a single workflow live in `stages/workflow_checks.py`.
"""

from typing import Any

from gem_assets.llm.asking import ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.base import make_id
from gem_assets.records.document import ProceduralDocument
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages.answers.workflow_answer import WorkflowAnswer, parse_workflow_answer
from gem_assets.stages.stage import Measure, Stage
from gem_assets.stages.workflow_checks import check_workflow

PROMPT = "extract_workflows"
SAMPLING = Sampling(temperature=0.2)


async def extract_workflows(procedure: ProceduralDocument, llm: Llm, settings: Settings) -> Outcome[Workflow]:
    """Keep every workflow of the document that holds together; a broken one is rejected for itself."""
    document = procedure.document
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {
            "title": escape(document.title or ""),
            "document": escape(document.text),
            "summary": escape(procedure.summary),
        },
        parse_workflow_answer,
        payload={"procedure": procedure.model_dump(mode="json")},
        sampling=SAMPLING,
    )
    if not answer.value:
        return Rejected(Reason.EXTRACT_NO_WORKFLOW, "the answer holds no workflow", answer.provenance)
    filter_id = make_id("procedural_documents", document.document_id)
    children = tuple(
        _judged(_to_workflow(parsed, procedure, make_id("workflows", filter_id, ordinal)), ordinal, settings)
        for ordinal, parsed in enumerate(answer.value)
    )
    return Kept(children, answer.provenance)


def _to_workflow(parsed: WorkflowAnswer, procedure: ProceduralDocument, workflow_id: str) -> Workflow:
    return Workflow(
        workflow_id=workflow_id,
        procedure=procedure,
        description=parsed.description,
        steps=parsed.steps,
        entry_tools=parsed.entry_tools,
        execution_graph=parsed.edges,
        sample_calls=parsed.sample_calls,
        tools=parsed.tools,
        constraints=parsed.constraints,
    )


def _judged(workflow: Workflow, ordinal: int, settings: Settings) -> Workflow | Rejected:
    allowed = settings.extraction.maximum_workflows
    if ordinal >= allowed:
        evidence = f"number {ordinal + 1} of its document, {allowed} are taken"
        return Rejected(Reason.EXTRACT_TOO_MANY_WORKFLOWS, evidence, record=workflow)
    verdict = check_workflow(workflow, settings.extraction)
    return workflow if verdict is None else Rejected(*verdict, record=workflow)


def workflow_columns(workflow: Workflow) -> dict[str, Any]:
    """Give the typed columns of a workflow."""
    return {
        "description": workflow.description,
        "step_count": len(workflow.steps),
        "tool_count": len(workflow.tools),
        "constraint_count": len(workflow.constraints),
        "predicate_count": sum(constraint.predicate is not None for constraint in workflow.constraints),
    }


WORKFLOWS = Stage(
    asset="workflows",
    title="workflow",
    description="Steps, execution graph, tools and sourced constraints of each procedure; 1 to 4 a document.",
    takes=ProceduralDocument,
    gives=Workflow,
    run=extract_workflows,
    columns=workflow_columns,
    prefix="extract",
    authorship="writes",
    role="teacher",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("extraction",),
    measures=(
        Measure("steps", "step_count"),
        Measure("tools", "tool_count"),
        Measure("constraints", "constraint_count"),
    ),
)
