"""A stage between refinement and validation, and a way that leaves refinement out."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from gem_assets.llm.asking import AnswerError, ask
from gem_assets.llm.protocol import Llm
from gem_assets.llm.sampling import Sampling
from gem_assets.prompts.prompt import Prompt, escape
from gem_assets.records.base import make_id
from gem_assets.records.outcome import Kept, Outcome, Rejected
from gem_assets.records.trajectory import Trajectory
from gem_assets.settings import Settings
from gem_assets.stages.stage import Measure, Stage, Way
from gem_assets.stages.trajectory_columns import gain_columns
from gem_assets.stages.validation import VALIDATED_TRAJECTORIES

PROMPT = "greet_user"
SAMPLING = Sampling(temperature=0.1)
LONGEST = 40


class GreetReason(StrEnum):
    """Why a trajectory is not greeted."""

    GREET_TOO_LONG_WINDED = "greet_too_long_winded"
    GREET_UNPARSEABLE = "greet_unparseable"
    GREET_REFUSED = "greet_refused"
    GREET_TOO_LONG = "greet_too_long"
    GREET_TRUNCATED = "greet_truncated"
    GREET_EMPTY = "greet_empty"


async def greet_user(trajectory: Trajectory, llm: Llm, settings: Settings) -> Outcome[Trajectory]:
    """Let the assistant's last word begin with a greeting."""
    document = trajectory.workflow.procedure.document
    answer = await ask(
        llm,
        Prompt.load(PROMPT, settings.prompts),
        {"title": escape(document.title or ""), "language": settings.trajectory_language},
        read_greeting,
        payload={},
        sampling=SAMPLING,
    )
    last = trajectory.messages[-1]
    spoken = last.model_copy(update={"content": f"{answer.value} {last.content}"})
    greeted = trajectory.model_copy(
        update={
            "trajectory_id": make_id("greeted_trajectories", trajectory.trajectory_id),
            "messages": (*trajectory.messages[:-1], spoken),
        }
    )
    if len(answer.value) > LONGEST:
        evidence = f"{len(answer.value)} characters"
        return Rejected(GreetReason.GREET_TOO_LONG_WINDED, evidence, answer.provenance, greeted)
    return Kept((greeted,), answer.provenance)


def read_greeting(text: str) -> str:
    """Read a line of text."""
    if not text.strip():
        raise AnswerError("say a greeting")
    return text.strip()


def greeting_columns(trajectory: Trajectory) -> dict[str, Any]:
    """Give the shape, and the length of the last word with and without its greeting."""
    length = len(trajectory.messages[-1].content)
    greeting = trajectory.messages[-1].content.partition("!")[0]
    return gain_columns(trajectory) | {"last_length": length, "ungreeted_length": length - len(greeting) - 2}


def unrelated() -> int:
    """Nothing asks for this."""
    return 1


GREETED_TRAJECTORIES = Stage(
    asset="greeted_trajectories",
    title="greeting",
    description="Trajectories whose last word greets.",
    takes=Trajectory,
    gives=Trajectory,
    run=greet_user,
    columns=greeting_columns,
    prefix="greet",
    authorship="rewrites",
    reasons=GreetReason,
    role="teacher",
    prompts=(PROMPT,),
    sampling=SAMPLING,
    settings=("trajectory_language",),
    measures=(Measure("characters in the last word", "last_length", "ungreeted_length"),),
)
VALIDATED_DRAFTS = replace(
    VALIDATED_TRAJECTORIES, asset="validated_drafts", description="Drafts that nobody refined, checked."
)


def extend(ways: tuple[Way, ...]) -> tuple[Way, ...]:
    """Put the greeting before the validation of the first way, and add a way without refinement."""
    written, *others = ways
    *before, refined, validated = written.stages
    greeted = replace(written, stages=(*before, refined, GREETED_TRAJECTORIES, validated))
    plain = Way("plain", "Drafts as they are.", "plain", (*before, VALIDATED_DRAFTS))
    return (greeted, *others, plain)
