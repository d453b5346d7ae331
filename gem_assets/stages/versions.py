"""What makes the outcomes of a stage change: its code version, and the parts it is the hash of."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from gem_assets.configuration import RunConfiguration
from gem_assets.extensions import DeclarationError
from gem_assets.llm.roles import OFFLINE_MODEL
from gem_assets.prompts.prompt import Prompt
from gem_assets.records.base import content_hash
from gem_assets.stages.code.modules import CodeDigestError
from gem_assets.stages.code_digest import code_digest
from gem_assets.stages.run import outcome_of_refusal, stamp_generator
from gem_assets.stages.stage import Stage
from gem_assets.store.connections import column_types

REPAIR_PROMPT = "repair_answer"

MODEL, CODE, GENERATOR_CODE, DECLARATION = "model", "code", "generator code", "declaration"
PROMPT, SETTING = "prompt ", "setting "


@dataclass(frozen=True)
class StageVersion:
    """What a stage would be run with now. `made_with` names each part and its value, or the hash of it."""

    model: str | None
    """The model that would be asked, with its sampling; None for a stage that asks none."""
    made_with: dict[str, str]

    @property
    def code_version(self) -> str:
        """The hash of all parts."""
        return content_hash(dict(self.made_with))


def version_of(stage: Stage, configuration: RunConfiguration) -> StageVersion:
    """Name what a stage would be run with now.

    Raises:
        ConfigurationError: a variable of the role is wrong, or a role without a default has no model.
    """
    settings, models = configuration.settings, configuration.models
    parts = dict(_flat(SETTING, stage.settings_read(settings)))
    parts |= {CODE: _code(stage), DECLARATION: _declaration(stage)}
    if stage.role is None:
        return StageVersion(None, parts)
    members = models.panel() if stage.role == "judge" else (models.role(stage.role),)
    model = " + ".join(member.identity_for(stage.sampling) for member in members)
    parts |= {
        f"{PROMPT}{name}": Prompt.load(name, settings.prompts).version
        for name in (*stage.prompts, REPAIR_PROMPT)
    }
    if members[0].is_offline:
        model = OFFLINE_MODEL
        parts |= {GENERATOR_CODE: _generator_code(stage.prompts)}
    return StageVersion(model, parts | {MODEL: model})


def describe_difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say which parts differ, from which value to which; of code only that it does."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    shown = [
        f"{name} changed"
        if name in (CODE, GENERATOR_CODE, DECLARATION)
        else f"{name} changed from {before.get(name, 'nothing')} to {now.get(name, 'nothing')}"
        for name in names
    ]
    return "; ".join(shown)


def asks_anew(before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether a difference changes what the model is asked, so that its answers are not in the journal."""
    return any(
        before.get(name) != now.get(name)
        for name in {**before, **now}
        if name == MODEL or name.startswith(PROMPT)
    )


def _flat(prefix: str, values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Write settings as one part for each value, so that a difference names it."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", cast(dict[str, object], value))
        else:
            yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)


@cache
def _code(stage: Stage) -> str:
    try:
        return code_digest(stage.run, stage.columns, outcome_of_refusal, stamp_generator).digest
    except CodeDigestError as error:
        raise DeclarationError(f"the code of {stage.asset} cannot be followed: {error}") from error


@cache
def _declaration(stage: Stage) -> str:
    """Hash what else of a declaration stands in the rows: names of reasons, who counts as writer, columns."""
    reasons = [stage.prefix, stage.reasons.__name__]
    return content_hash([stage.authorship, *reasons, [list(column) for column in column_types(stage.table)]])


@cache
def _generator_code(prompts: tuple[str, ...]) -> str:
    """Digest what the baseline generator answers these prompts with; it cannot judge."""
    # Imported here because its word lists take a while to load.
    from gem_assets.offline.procedural import ANSWERS

    roots = [ANSWERS[name] for name in prompts if name in ANSWERS]
    return code_digest(*roots).digest if roots else ""
