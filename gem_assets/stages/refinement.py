"""Stage 4, refined_trajectories: rewrite a draft into a harder, more realistic dialogue (A.4).

Tools may grow. A refinement is kept only when it is well formed; its shape stands beside the draft's.
"""

from gem_assets.llm.asking import ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.answers.trajectory_answer import parse_refined_trajectory, render_trajectory
from gem_assets.stages.rendering import render_constraints, render_tools, trajectory_language
from gem_assets.stages.stage import Stage
from gem_assets.stages.trajectory_columns import GAINS, gain_columns
from gem_assets.verification.gain import find_decidable, find_loss
from gem_assets.verification.rules import check_rules
from gem_assets.verification.shape import measure

PROMPT = "refine_trajectory"
SAMPLING = Sampling(temperature=0.4)

# Whose turn it is. What a call holds is judged in stage 5, where each breach has a reason of its own.
FORM = (
    Reason.RULE_SYSTEM_FIRST,
    Reason.RULE_CALL_WITHOUT_RESULT,
    Reason.RULE_RESULT_WITHOUT_CALL,
    Reason.RULE_TOOL_THEN_USER,
    Reason.RULE_ROLE_ORDER,
    Reason.RULE_SEVERAL_CALLS,
    Reason.RULE_END,
)


async def refine_trajectory(draft: Trajectory, llm: Llm, settings: Settings) -> Outcome[Trajectory]:
    """Keep a refinement that is well formed and lost no calls, tools, facts or validity."""
    document = draft.workflow.procedure.document
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {
            "document": escape(document.text),
            "tools": render_tools(draft.tools),
            "constraints": render_constraints(draft.workflow.constraints),
            "trajectory": render_trajectory(draft.messages),
            "language": trajectory_language(document, settings),
        },
        parse_refined_trajectory,
        payload={"trajectory": draft.model_dump(mode="json")},
        sampling=SAMPLING,
    )
    tools, messages = answer.value.tools, answer.value.messages
    refined = draft.model_copy(
        update={
            "trajectory_id": make_id("refined_trajectories", draft.trajectory_id),
            "tools": tools,
            "messages": messages,
            "shape": measure(tools, messages),
            "draft_shape": draft.shape,
        }
    )
    findings = check_rules(tools, messages, settings.rules, source=document.text)
    broken = [finding for finding in findings if finding.reason in FORM]
    if broken:
        evidence = f"{broken[0].reason}: {broken[0].evidence}"
        return _conclude(
            draft, refined, (Reason.REFINE_NOT_WELL_FORMED, evidence), answer.provenance, settings
        )
    if refined.shape.call_count < draft.shape.call_count:
        evidence = f"{draft.shape.call_count} calls before, {refined.shape.call_count} after"
        return _conclude(draft, refined, (Reason.REFINE_LOST_CALLS, evidence), answer.provenance, settings)
    loss = find_loss(draft, refined)
    return _conclude(draft, refined, loss, answer.provenance, settings)


def _conclude(
    draft: Trajectory,
    refined: Trajectory,
    loss: tuple[Reason, str] | None,
    provenance: Provenance,
    settings: Settings,
) -> Outcome[Trajectory]:
    """Reject a refinement that lost something, or let its valid draft stand in where the settings say so."""
    if loss is None:
        return Kept((refined,), provenance)
    reason, evidence = loss
    if not settings.refinement_fallback or find_decidable(draft, settings.rules):
        return Rejected(reason, evidence, provenance, refined)
    stand_in = draft.model_copy(
        update={
            "trajectory_id": refined.trajectory_id,
            "draft_shape": draft.shape,
            "refinement_fallback": f"{reason}: {evidence}",
        }
    )
    return Kept((stand_in,), provenance)


REFINED_TRAJECTORIES = Stage(
    asset="refined_trajectories",
    title="refinement",
    description="The dialogue made harder and more real: more calls, pitfalls, answers over several results.",
    takes=Trajectory,
    gives=Trajectory,
    run=refine_trajectory,
    columns=gain_columns,
    prefix="refine",
    authorship="rewrites",
    role="teacher",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("trajectory_language", "rules", "refinement_fallback"),
    measures=GAINS,
)
