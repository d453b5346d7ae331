"""Stage 5, validated_trajectories: deterministic rules and verification first, then the judge model (A.5).

All findings are recorded; the first error rejects, rules before what is said and done. Warnings are shown to
the judge. Without a model the judgement says that it was not run.
"""

from dataclasses import replace

from gem_assets.llm.asking import Answer
from gem_assets.llm.protocol import Llm
from gem_assets.records.base import make_id
from gem_assets.records.judgement import Judgement
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.judging import PROMPT, SAMPLING, judge
from gem_assets.stages.rendering import rules_of
from gem_assets.stages.stage import Stage
from gem_assets.stages.trajectory_columns import GAINS, MEASURES, validation_columns
from gem_assets.verification.registry import run_checks
from gem_assets.verification.view import TrajectoryView

NOT_JUDGED = Judgement(status="not run (no model)")
NOT_ASKED = Judgement(status="not asked (stopped by a rule)")

RUBRIC_REASONS = {
    "R1": Reason.JUDGE_TOOL_CALL_HALLUCINATION,
    "R2": Reason.JUDGE_CAPABILITY_HALLUCINATION,
    "R3": Reason.JUDGE_CONTEXT_HALLUCINATION,
}


async def validate_trajectory(refined: Trajectory, llm: Llm, settings: Settings) -> Outcome[Trajectory]:
    """Keep a trajectory that breaks no rule and that the judge, where there is one, passes."""
    rules = rules_of(refined.workflow.procedure.document, settings)
    verified = run_checks(TrajectoryView.of(refined, rules))
    validated = refined.model_copy(
        update={
            "trajectory_id": make_id("validated_trajectories", refined.trajectory_id),
            "findings": verified.findings,
            "argument_sources": verified.argument_sources,
            "verification": verified.metrics,
            "judgement": NOT_JUDGED,
        }
    )
    if verified.errors:
        first, stopped = verified.errors[0], validated.model_copy(update={"judgement": NOT_ASKED})
        return Rejected(Reason(first.reason), first.evidence, record=stopped)
    if not llm.is_model:
        return Kept((validated,))
    return _conclude(validated, await judge(validated, verified.findings, llm, settings))


def _conclude(trajectory: Trajectory, answer: Answer[Judgement]) -> Outcome[Trajectory]:
    judged = trajectory.model_copy(update={"judgement": answer.value})
    failed = next((score for score in answer.value.scores if score.score == 0), None)
    if failed is None:
        return Kept((judged,), answer.provenance)
    reason = RUBRIC_REASONS[failed.rubric]
    return Rejected(reason, failed.explanation or f"{failed.rubric} = 0", answer.provenance, judged)


VALIDATED_TRAJECTORIES = Stage(
    asset="validated_trajectories",
    title="validation",
    description="Trajectories that break no rule and that the judge, where a model judges, passes.",
    takes=Trajectory,
    gives=Trajectory,
    run=validate_trajectory,
    columns=validation_columns,
    prefix="judge",
    other_prefixes=("rule", "verify"),
    authorship="judges",
    role="judge",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("trajectory_language", "rules", "judge_samples", "judge_rule"),
    measures=GAINS,
)
VALIDATED_SYNTHESIZED_TRAJECTORIES = replace(
    VALIDATED_TRAJECTORIES,
    asset="validated_synthesized_trajectories",
    description="Synthesized trajectories that pass the rules, verification and judge of the written ones.",
    measures=MEASURES,
)
