"""Stage 5, validated_trajectories: deterministic rules and verification first, then the judge model (A.5).

All findings are recorded; the first decidable one rejects, rules before verification. Advisory ones are shown
to the judge. Without a model the judgement says that it was not run.
"""

from gem_assets.llm.asking import Answer, ask
from gem_assets.llm.protocol import FailedError, Llm, RefusedError
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.base import make_id
from gem_assets.records.judgement import Finding, Judgement, RubricScore
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.records.provenance import Provenance
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.answers.judge_answer import judge_answer_schema, parse_judge_answer
from gem_assets.stages.answers.tagged_json import render_json
from gem_assets.stages.answers.trajectory_answer import render_trajectory
from gem_assets.stages.rendering import render_constraints, render_tools
from gem_assets.verification.rules import check_rules
from gem_assets.verification.verify import verify

PROMPT = "judge_trajectory"
LOGIC = 2

NOT_JUDGED = Judgement(status="not run (no model)")
NOT_ASKED = Judgement(status="not asked (stopped by a rule)")

RUBRIC_REASONS = {
    "R1": Reason.JUDGE_TOOL_CALL_HALLUCINATION,
    "R2": Reason.JUDGE_CAPABILITY_HALLUCINATION,
    "R3": Reason.JUDGE_CONTEXT_HALLUCINATION,
}


async def validate_trajectory(refined: Trajectory, llm: Llm, settings: Settings) -> Outcome[Trajectory]:
    """Keep a trajectory that breaks no rule and that the judge, where there is one, passes."""
    rules = settings.rules.model_copy(update={"language": trajectory_language_code(refined, settings)})
    source = refined.workflow.procedure.document.text
    broken = check_rules(refined.tools, refined.messages, rules, source=source)
    verified = verify(
        refined.tools,
        refined.messages,
        constraints=refined.workflow.constraints,
        edges=refined.workflow.execution_graph,
        source=source,
        language=rules.language,
    )
    findings = (*broken, *verified.findings)
    validated = refined.model_copy(
        update={
            "trajectory_id": make_id("validated_trajectories", refined.trajectory_id),
            "findings": findings,
            "argument_sources": verified.argument_sources,
            "verification": verified.metrics,
            "judgement": NOT_JUDGED,
        }
    )
    first = next((finding for finding in findings if finding.level == "decidable"), None)
    if first is not None:
        stopped = validated.model_copy(update={"judgement": NOT_ASKED})
        return Rejected(Reason(first.reason), first.evidence, record=stopped)
    if not llm.is_model:
        return Kept((validated,))
    answer = await _judge(validated, findings, llm, settings)
    return _conclude(validated, answer)


def trajectory_language_code(trajectory: Trajectory, settings: Settings) -> str:
    """Say in which language a trajectory was asked for."""
    if settings.trajectory_language == "source":
        return trajectory.workflow.procedure.document.language
    return settings.trajectory_language


def _conclude(trajectory: Trajectory, answer: Answer[Judgement]) -> Outcome[Trajectory]:
    judged = trajectory.model_copy(update={"judgement": answer.value})
    failed = next((score for score in answer.value.scores if score.score == 0), None)
    if failed is None:
        return Kept((judged,), answer.provenance)
    reason = RUBRIC_REASONS[failed.rubric]
    return Rejected(reason, failed.explanation or f"{failed.rubric} = 0", answer.provenance, judged)


async def _judge(
    trajectory: Trajectory, findings: tuple[Finding, ...], llm: Llm, settings: Settings
) -> Answer[Judgement]:
    """Ask the judge; an answer that cannot be read counts as none, and the next sample is asked."""
    fields = {
        "document": escape(trajectory.workflow.procedure.document.text),
        "constraints": render_constraints(trajectory.workflow.constraints),
        "tools": render_tools(trajectory.tools),
        "trajectory": render_trajectory(trajectory.messages),
        "findings": render_json([finding.model_dump(mode="json") for finding in findings]),
    }
    spent = Provenance()
    for sample in range(settings.judge_samples):
        try:
            answer = await ask(
                llm,
                Prompt.load(PROMPT),
                fields,
                parse_judge_answer,
                payload={"trajectory": trajectory.model_dump(mode="json")},
                response_schema=judge_answer_schema(),
                sample=sample,
            )
        except RefusedError as error:
            spent = spent.plus(error.provenance)
            if error.kind in ("refused", "too_long") or sample + 1 == settings.judge_samples:
                raise RefusedError(error.kind, error.evidence, spent) from error
        except FailedError as error:
            raise FailedError(error.reason, error.evidence, spent.plus(error.provenance)) from error
        else:
            return Answer(
                _to_judgement(answer.value, answer.provenance, sample), spent.plus(answer.provenance)
            )
    raise AssertionError("unreachable: the last sample either returns or raises")


def _to_judgement(scores: tuple[RubricScore, ...], provenance: Provenance, sample: int) -> Judgement:
    passed = all(score.score == 1 for score in scores)
    return Judgement(
        status="passed" if passed else "failed", scores=scores, model=provenance.model, sample=sample
    )
