"""The stages that ask for a record and give one back, in order, with what makes their results change.

Stage 0 is not among them: it judges raw rows together (`stages/corpus.py`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from gem_assets.llm.configuration import ModelConfiguration
from gem_assets.llm.offline import OfflineLlm
from gem_assets.llm.protocol import Llm
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.base import Record, content_hash
from gem_assets.records.document import Document, ProceduralDocument
from gem_assets.records.outcome import Outcome
from gem_assets.records.trajectory import Trajectory
from gem_assets.records.workflow import Workflow
from gem_assets.settings import Settings
from gem_assets.stages import (
    corpus,
    extraction,
    filtering,
    generation,
    prefilter,
    refinement,
    synthesis,
    validation,
)

Step = Callable[[Any, Llm, Settings], Awaitable[Outcome[Any]]]


@dataclass(frozen=True)
class Stage:
    """One step of a document's path."""

    asset: str
    reads: str
    takes: type[Record]
    gives: type[Record]
    prefix: str
    role: Literal["filter", "teacher", "judge", "synthesizer"]
    prompt: str
    logic: int
    step: Step
    inherits_generator: bool
    """What it gives is a rewriting of what it takes, so the first writer stays its generator."""


STAGES = (
    Stage(
        asset="procedural_documents",
        reads="documents",
        takes=Document,
        gives=ProceduralDocument,
        prefix="filter",
        role="filter",
        prompt=filtering.PROMPT,
        logic=filtering.LOGIC,
        step=filtering.filter_document,
        inherits_generator=False,
    ),
    Stage(
        asset="workflows",
        reads="procedural_documents",
        takes=ProceduralDocument,
        gives=Workflow,
        prefix="extract",
        role="teacher",
        prompt=extraction.PROMPT,
        logic=extraction.LOGIC,
        step=extraction.extract_workflows,
        inherits_generator=False,
    ),
    Stage(
        asset="draft_trajectories",
        reads="workflows",
        takes=Workflow,
        gives=Trajectory,
        prefix="generate",
        role="teacher",
        prompt=generation.PROMPT,
        logic=generation.LOGIC,
        step=generation.generate_trajectory,
        inherits_generator=True,
    ),
    Stage(
        asset="refined_trajectories",
        reads="draft_trajectories",
        takes=Trajectory,
        gives=Trajectory,
        prefix="refine",
        role="teacher",
        prompt=refinement.PROMPT,
        logic=refinement.LOGIC,
        step=refinement.refine_trajectory,
        inherits_generator=True,
    ),
    Stage(
        asset="validated_trajectories",
        reads="refined_trajectories",
        takes=Trajectory,
        gives=Trajectory,
        prefix="judge",
        role="judge",
        prompt=validation.PROMPT,
        logic=validation.LOGIC,
        step=validation.validate_trajectory,
        inherits_generator=True,
    ),
)

# The other way to a trajectory, for whoever has trained a Synthesizer: it sets out from stage 1.
SYNTHESIS_STAGES = (
    Stage(
        asset="synthesized_trajectories",
        reads="procedural_documents",
        takes=ProceduralDocument,
        gives=Trajectory,
        prefix="synthesize",
        role="synthesizer",
        prompt=synthesis.PROMPT,
        logic=synthesis.LOGIC,
        step=synthesis.synthesize_trajectory,
        inherits_generator=False,
    ),
    replace(STAGES[-1], asset="validated_synthesized_trajectories", reads="synthesized_trajectories"),
)

ASSETS = ("documents", *(stage.asset for stage in STAGES))


def stage_of(asset: str) -> Stage:
    """Find the stage that makes an asset; raises KeyError for `documents` and for unknown names."""
    return {stage.asset: stage for stage in (*STAGES, *SYNTHESIS_STAGES)}[asset]


def model_identity(stage: Stage, models: ModelConfiguration) -> str:
    """Name the model a stage would ask, with the sampling that shapes its answers."""
    if stage.role == "judge":
        judges = models.panel()
        if len(judges) > 1:
            return " + ".join(judge.identity_for(stage.prompt) for judge in judges)
    role = models.role(stage.role)
    return OfflineLlm().identity if role.is_offline else role.identity_for(stage.prompt)


def documents_code_version(settings: Settings) -> str:
    """Hash what makes the outcomes of stage 0 change."""
    return content_hash(["documents", corpus.LOGIC, settings.corpus.model_dump(mode="json")])


def code_version(stage: Stage, identity: str, settings: Settings) -> str:
    """Hash what makes the outcomes of a stage change: prompt, model and sampling, schema, settings, logic."""
    return content_hash(
        [
            stage.asset,
            Prompt.load(stage.prompt, settings.prompts).version,
            Prompt.load("repair_answer", settings.prompts).version,
            identity,
            stage.gives.model_json_schema(),
            _settings_of(stage, settings),
            stage.logic,
        ]
    )


def _settings_of(stage: Stage, settings: Settings) -> object:
    """Give the settings a stage reads and no others, so that none makes stale what it cannot change."""
    language, rules = settings.trajectory_language, settings.rules.model_dump(mode="json")
    read: dict[str, object] = {
        "procedural_documents": [
            settings.use_prefilter,
            settings.prefilter.model_dump(mode="json"),
            prefilter.LOGIC,
        ],
        "workflows": settings.extraction.model_dump(mode="json"),
        "draft_trajectories": language,
        "refined_trajectories": [language, rules, settings.refinement_fallback],
        "validated_trajectories": [language, rules, settings.judge_samples, settings.judge_rule],
        "validated_synthesized_trajectories": [language, rules, settings.judge_samples, settings.judge_rule],
    }
    return read.get(stage.asset)
