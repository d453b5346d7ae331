"""Stage 4, refined_trajectories: rewrite a draft into a harder, more realistic dialogue (A.4).

Tools may grow. A refinement is kept only when it is well formed; its shape stands beside the draft's. A
rejected one keeps everything the checks found; of a kept one validation records it.
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
from gem_assets.stages.rendering import render_constraints, render_tools, rules_of, trajectory_language
from gem_assets.stages.stage import Stage
from gem_assets.stages.trajectory_columns import GAINS, refinement_columns
from gem_assets.verification.gain import Loss, find_loss
from gem_assets.verification.registry import TURN_ORDER, Verification, run_checks
from gem_assets.verification.shape import measure
from gem_assets.verification.view import TrajectoryView

PROMPT = "refine_trajectory"
SAMPLING = Sampling(temperature=0.4)

# What a call holds is judged in stage 5, where each breach has a reason of its own.
FORM = frozenset(reason for check in TURN_ORDER for reason in check.errors)


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
    verified = run_checks(TrajectoryView.of(refined, rules_of(document, settings)))
    loss = _find_breach(draft, refined, verified)
    if loss is None:
        return Kept((refined,), answer.provenance)
    checked = refined.model_copy(update={"findings": verified.findings, "verification": verified.metrics})
    return _conclude_loss(draft, checked, loss, answer.provenance, settings)


def _find_breach(draft: Trajectory, refined: Trajectory, verified: Verification) -> Loss | None:
    """Name the first reason not to keep a refinement."""
    broken = next((finding for finding in verified.errors if finding.reason in FORM), None)
    if broken is not None:
        return Reason.REFINE_NOT_WELL_FORMED, f"{broken.reason}: {broken.evidence}"
    if refined.shape.call_count < draft.shape.call_count:
        evidence = f"{draft.shape.call_count} calls before, {refined.shape.call_count} after"
        return Reason.REFINE_LOST_CALLS, evidence
    return find_loss(draft, refined, verified)


def _conclude_loss(
    draft: Trajectory, refined: Trajectory, loss: Loss, provenance: Provenance, settings: Settings
) -> Outcome[Trajectory]:
    """Reject a refinement with its findings, or let its valid draft stand in where the settings say so."""
    reason, evidence = loss
    if not settings.refinement_fallback or run_checks(TrajectoryView.of(draft, settings.rules)).errors:
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
    columns=refinement_columns,
    prefix="refine",
    authorship="rewrites",
    role="teacher",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("trajectory_language", "rules", "refinement_fallback"),
    measures=GAINS,
)
