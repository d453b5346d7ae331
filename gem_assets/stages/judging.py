"""Ask judges about a trajectory: one prompt, another sample where it cannot be read, votes of a panel.

Without a verdict a judge has said nothing: it is no low score. A panel's outcome stands only where the votes
that are missing could not turn it. Does not belong here: rules and verification, the outcome (`validation`).
"""

import asyncio
from collections.abc import Sequence

from gem_assets.llm.asking import Answer, ask
from gem_assets.llm.panel import members_of
from gem_assets.llm.protocol import FailedError, Llm, RefusedError
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.judgement import Finding, Judgement, JudgeRule, Rubric, RubricScore, Vote
from gem_assets.records.provenance import Provenance
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.answers.judge_answer import judge_answer_schema, parse_judge_answer
from gem_assets.stages.answers.tagged_json import render_json
from gem_assets.stages.answers.trajectory_answer import render_trajectory
from gem_assets.stages.rendering import render_constraints, render_tools

PROMPT = "judge_trajectory"
# The answer is short, as the filter's is.
SAMPLING = Sampling(temperature=0.2, max_tokens=8192)

_NoVerdict = RefusedError | FailedError


async def judge(
    trajectory: Trajectory, findings: Sequence[Finding], llm: Llm, settings: Settings
) -> Answer[Judgement]:
    """Put a trajectory to the judge, or to every member of a panel at once, and conclude.

    Raises:
        RefusedError, FailedError: no verdict of the one judge, or too few of a panel to decide.
    """
    members = members_of(llm)
    if len(members) == 1:
        return _alone(await hear(trajectory, findings, members[0], settings))
    asked = (_try(trajectory, findings, member, settings) for member in members)
    return _count(await asyncio.gather(*asked), settings.judge_rule)


async def ask_judge(
    prompt: Prompt, trajectory: Trajectory, findings: Sequence[Finding], llm: Llm, sample: int
) -> Answer[tuple[RubricScore, ...]]:
    """Put the judge's prompt to one judge, for one sample.

    Raises:
        RefusedError: kind `unparseable` where not even the repair could be read, or what `complete` raises.
    """
    fields = {
        "document": escape(trajectory.workflow.procedure.document.text),
        "constraints": render_constraints(trajectory.workflow.constraints),
        "tools": render_tools(trajectory.tools),
        "trajectory": render_trajectory(trajectory.messages),
        "findings": render_json([finding.model_dump(mode="json") for finding in findings]),
    }
    return await ask(
        llm,
        prompt,
        fields,
        parse_judge_answer,
        payload={"trajectory": trajectory.model_dump(mode="json")},
        response_schema=judge_answer_schema(),
        sample=sample,
        sampling=SAMPLING,
    )


async def hear(
    trajectory: Trajectory, findings: Sequence[Finding], llm: Llm, settings: Settings
) -> Answer[Vote]:
    """Ask one judge; an answer that cannot be read counts as none, and the next sample is asked."""
    spent, samples = Provenance(), settings.judge_samples
    prompt = Prompt.load(PROMPT, settings.prompts)
    for sample in range(samples):
        try:
            answer = await ask_judge(prompt, trajectory, findings, llm, sample)
        except RefusedError as error:
            spent = spent.plus(error.provenance)
            if error.kind in ("refused", "too_long") or sample + 1 == samples:
                raise RefusedError(error.kind, error.evidence, spent) from error
        except FailedError as error:
            raise FailedError(error.reason, error.evidence, spent.plus(error.provenance)) from error
        else:
            vote = Vote(model=answer.provenance.model, scores=answer.value, sample=sample)
            return Answer(vote, spent.plus(answer.provenance))
    raise AssertionError("unreachable: the last sample either returns or raises")


def _alone(answer: Answer[Vote]) -> Answer[Judgement]:
    vote = answer.value
    status = "passed" if vote.passes else "failed"
    judgement = Judgement(status=status, scores=vote.scores, model=vote.model, sample=vote.sample)
    return Answer(judgement, answer.provenance)


async def _try(
    trajectory: Trajectory, findings: Sequence[Finding], llm: Llm, settings: Settings
) -> Answer[Vote] | _NoVerdict:
    try:
        return await hear(trajectory, findings, llm, settings)
    except (RefusedError, FailedError) as error:
        return error


def _count(heard: Sequence[Answer[Vote] | _NoVerdict], rule: JudgeRule) -> Answer[Judgement]:
    """Derive the panel's verdict, or raise the first error where the missing votes could turn it."""
    spent = Provenance()
    for one in heard:
        spent = spent.plus(one.provenance)
    votes = tuple(one.value if isinstance(one, Answer) else _missing(one) for one in heard)
    passed = decide([vote.passes for vote in votes], rule)
    models = " + ".join(vote.model or "?" for vote in votes)
    spent = spent.model_copy(update={"model": models})
    if passed is None:
        errors = [one for one in heard if not isinstance(one, Answer)]
        first = next((error for error in errors if isinstance(error, FailedError)), errors[0])
        if isinstance(first, FailedError):
            raise FailedError(first.reason, first.evidence, spent)
        raise RefusedError(first.kind, first.evidence, spent)
    judgement = Judgement(
        status="passed" if passed else "failed",
        scores=_scores([vote for vote in votes if vote.passes is passed], passed),
        model=models,
        votes=votes,
        rule=rule,
    )
    return Answer(judgement, spent)


def decide(verdicts: Sequence[bool | None], rule: JudgeRule) -> bool | None:
    """Count verdicts of whole trajectories; None where those that are missing could turn the outcome.

    `majority`: more than half of all judges must pass it. `unanimous`: every one of them.
    """
    needed = len(verdicts) // 2 + 1 if rule == "majority" else len(verdicts)
    passing, failing = verdicts.count(True), verdicts.count(False)
    if passing >= needed:
        return True
    return False if len(verdicts) - failing < needed else None


def _scores(votes: Sequence[Vote], passed: bool) -> tuple[RubricScore, ...]:
    """Score the rubrics as those who decided did; of several faulted ones, those that most of them fault."""
    rubrics: list[Rubric] = [score.rubric for score in votes[0].scores]
    given = {rubric: [s for vote in votes for s in vote.scores if s.rubric == rubric] for rubric in rubrics}
    faults = {rubric: [score for score in given[rubric] if score.score == 0] for rubric in rubrics}
    most = max(len(found) for found in faults.values())
    return tuple(
        faults[rubric][0]
        if not passed and len(faults[rubric]) == most
        else RubricScore(rubric=rubric, score=1, explanation=_praise(given[rubric]))
        for rubric in rubrics
    )


def _praise(scores: Sequence[RubricScore]) -> str:
    return next((score.explanation for score in scores if score.score == 1), "")


def _missing(error: _NoVerdict) -> Vote:
    kind = error.kind if isinstance(error, RefusedError) else str(error.reason)
    return Vote(model=error.provenance.model, missing=f"{kind}: {error.evidence}")
