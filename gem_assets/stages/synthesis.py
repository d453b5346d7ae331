"""Asset 9, synthesized_trajectories: the trained Synthesizer writes tools and dialogue in one call.

It asks what its training rows ask (`datasets/examples.py`), to the byte: so the text stands there as it is,
and what comes back is read by the same strict parser as a refinement. Rules, verification and judge follow as
for the pipeline's own trajectories (`validation.py`).
"""

import json

from gem_assets.llm.asking import ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.base import make_id
from gem_assets.records.document import ProceduralDocument
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.tool import Tool
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages.answers.trajectory_answer import parse_refined_trajectory
from gem_assets.stages.stage import Stage
from gem_assets.stages.trajectory_columns import MEASURES, shape_columns
from gem_assets.verification.shape import measure

PROMPT = "synthesize_trajectory"
SAMPLING = Sampling(temperature=0.7)


async def synthesize_trajectory(
    procedure: ProceduralDocument, llm: Llm, settings: Settings
) -> Outcome[Trajectory]:
    """Keep a dialogue in which at least one tool is called."""
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {"text": procedure.document.text},
        parse_refined_trajectory,
        payload={"procedure": procedure.model_dump(mode="json")},
        sampling=SAMPLING,
    )
    tools, messages = answer.value.tools, answer.value.messages
    trajectory = Trajectory(
        trajectory_id=make_id("synthesized_trajectories", procedure.document.document_id),
        workflow=_untold_workflow(procedure, tools),
        tools=tools,
        messages=messages,
        shape=measure(tools, messages),
    )
    if not trajectory.calls:
        evidence = json.dumps({"messages": len(messages)})
        return Rejected(Reason.SYNTHESIZE_NO_TOOL_CALL, evidence, answer.provenance, trajectory)
    return Kept((trajectory,), answer.provenance)


def synthesizer_prompt(text: str, settings: Settings) -> str:
    """Write what the Synthesizer is asked of a text."""
    return Prompt.load(PROMPT, settings.prompts).render({"text": text})


def _untold_workflow(procedure: ProceduralDocument, tools: tuple[Tool, ...]) -> Workflow:
    """Stand in for the workflow that the Synthesizer has in mind and does not write down.

    It has no steps and no constraints, so what verification asks of those is not asked here.
    """
    return Workflow(
        workflow_id=make_id("synthesized_workflows", procedure.document.document_id),
        procedure=procedure,
        description=procedure.summary,
        steps=(),
        entry_tools=(),
        execution_graph=(),
        sample_calls=(),
        tools=tools,
        constraints=(),
    )


SYNTHESIZED_TRAJECTORIES = Stage(
    asset="synthesized_trajectories",
    title="synthesis",
    description="Tools and dialogue as a trained Synthesizer (GEM_SYNTHESIZER_MODEL) wrote them in one call.",
    takes=ProceduralDocument,
    gives=Trajectory,
    run=synthesize_trajectory,
    columns=shape_columns,
    prefix="synthesize",
    authorship="writes",
    role="synthesizer",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    measures=MEASURES,
)
