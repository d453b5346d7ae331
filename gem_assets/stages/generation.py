"""Stage 3, draft_trajectories: write a whole dialogue for a workflow in one pass (A.3)."""

import json

from gem_assets.llm.asking import ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages.answers.trajectory_answer import parse_trajectory
from gem_assets.stages.rendering import render_constraints, render_tools, render_workflow, trajectory_language
from gem_assets.stages.stage import Stage
from gem_assets.stages.trajectory_columns import MEASURES, shape_columns
from gem_assets.verification.shape import measure

PROMPT = "generate_trajectory"
SAMPLING = Sampling(temperature=0.7)


async def generate_trajectory(workflow: Workflow, llm: Llm, settings: Settings) -> Outcome[Trajectory]:
    """Keep a dialogue in which at least one tool is called."""
    document = workflow.procedure.document
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {
            "title": escape(document.title or ""),
            "document": escape(document.text),
            "tools": render_tools(workflow.tools),
            "constraints": render_constraints(workflow.constraints),
            "workflow": render_workflow(workflow),
            "language": trajectory_language(document, settings),
        },
        parse_trajectory,
        payload={"workflow": workflow.model_dump(mode="json")},
        sampling=SAMPLING,
    )
    messages = answer.value
    trajectory = Trajectory(
        trajectory_id=make_id("draft_trajectories", workflow.workflow_id),
        workflow=workflow,
        tools=workflow.tools,
        messages=messages,
        shape=measure(workflow.tools, messages),
    )
    if not trajectory.calls:
        evidence = json.dumps({"messages": len(messages)})
        return Rejected(Reason.GENERATE_NO_TOOL_CALL, evidence, answer.provenance, trajectory)
    return Kept((trajectory,), answer.provenance)


DRAFT_TRAJECTORIES = Stage(
    asset="draft_trajectories",
    title="draft",
    description="A whole dialogue with tool calls for each workflow.",
    takes=Workflow,
    gives=Trajectory,
    run=generate_trajectory,
    columns=shape_columns,
    prefix="generate",
    authorship="rewrites",
    role="teacher",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("trajectory_language",),
    measures=MEASURES,
)
