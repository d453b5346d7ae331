"""What is evaluated: a served model with the settings that decide its scores, under a name of its own.

Each is a file in GEM_HOME/evaluations and a Dagster partition. Keys are not part of it: they stay in the
environment. Does not belong here: asking the model.
"""

import re
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.relay import Thinking
from gem_assets.llm.roles import RoleSettings
from gem_assets.records.base import Record, content_hash
from gem_assets.store.files import write_text
from gem_assets.store.home import Home, StoreError

NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
Mode = Literal["fc", "prompt"]


class EvaluationError(StoreError):
    """An evaluation cannot be made, or its score not be trusted; one sentence that says what to do."""


class EvaluatedModel(Record):
    """A model as it is evaluated. What is left None is the server's or the harness's own choice."""

    name: str
    model: str
    """As the policy role resolves it: with litellm's prefix."""
    base_url: str | None = None
    mode: Mode = "fc"
    """`fc`: tools go to the server, which parses calls. `prompt`: tools stand in the system message."""
    thinking: Thinking = "default"
    """Sent to the chat template; `default` sends nothing. It decides the scores of Qwen3."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    recipe: str | None = None
    """The recipe whose data set it was trained on, for the decontamination verdict."""

    @property
    def settings_hash(self) -> str:
        """Fingerprint of what shapes its answers: neither its name, its address nor its training."""
        return content_hash(self.model_dump(mode="json", exclude={"name", "base_url", "recipe"}))

    def role_settings(self, configuration: RunConfiguration) -> RoleSettings:
        """Read the policy role's key and limits, for this model at its address."""
        mine = {"GEM_POLICY_MODEL": self.model, "GEM_POLICY_BASE_URL": self.base_url or ""}
        sampling = self.model_dump(include={"temperature", "top_p", "max_tokens", "reasoning_effort"})
        mine |= {
            f"GEM_POLICY_{key.upper()}": "" if value is None else str(value)
            for key, value in sampling.items()
        }
        return configuration.with_models(mine).models.role("policy")


def describe_model(
    configuration: RunConfiguration,
    model: str | None,
    base_url: str | None,
    *,
    mode: Mode,
    thinking: Thinking,
    recipe: str | None,
    name: str | None,
) -> EvaluatedModel:
    """Put an evaluated model together from options and the policy role's variables.

    Raises:
        ConfigurationError: no model is set, or a variable is wrong.
        EvaluationError: the name cannot be used.
    """
    given = {"GEM_POLICY_MODEL": model, "GEM_POLICY_BASE_URL": base_url}
    chosen = configuration.with_models({key: value for key, value in given.items() if value})
    settings = chosen.models.role("policy")
    return EvaluatedModel(
        name=check_name(name or _usual_name(settings.model, mode, thinking)),
        model=settings.model,
        base_url=settings.base_url,
        mode=mode,
        thinking=thinking,
        temperature=settings.temperature,
        top_p=settings.top_p,
        max_tokens=settings.max_tokens,
        reasoning_effort=settings.reasoning_effort,
        recipe=recipe,
    )


def remember(home: Home, evaluated: EvaluatedModel) -> None:
    """Write its file; raises EvaluationError where the name stands for a model with other settings."""
    path = _file(home, evaluated.name)
    if path.is_file():
        before = recall(home, evaluated.name)
        if before.settings_hash != evaluated.settings_hash:
            raise EvaluationError(
                f"{evaluated.name} was evaluated with other settings ({path}): choose another --name"
            )
    write_text(path, evaluated.model_dump_json(indent=2))


def recall(home: Home, name: str) -> EvaluatedModel:
    """Read an evaluated model by its name; raises EvaluationError where there is none, or no such file."""
    path = _file(home, name)
    try:
        return EvaluatedModel.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(evaluated_names(home)) or "none yet"
        raise EvaluationError(
            f"no model is evaluated as {name} ({known}): `gem evaluate bfcl --model …`"
        ) from error
    except ValidationError as error:
        raise EvaluationError(
            f"{path} does not describe an evaluated model: {error.errors()[0]['msg']}"
        ) from error


def evaluated_names(home: Home) -> tuple[str, ...]:
    """Name every model that was evaluated."""
    return tuple(sorted(path.stem for path in _folder(home).glob("*.json") if NAME.fullmatch(path.stem)))


def check_name(name: str) -> str:
    """Return a name, or raise EvaluationError where it could not name a file."""
    if not NAME.fullmatch(name):
        raise EvaluationError(
            f"{name!r} cannot name an evaluated model: use lower-case letters, digits, . and -"
        )
    return name


def _usual_name(model: str, mode: Mode, thinking: Thinking) -> str:
    served = re.sub(r"[^a-z0-9.]+", "-", model.removeprefix("hosted_vllm/").lower()).strip("-.")
    parts = [served[:60] or "model", mode, *([] if thinking == "default" else [f"thinking-{thinking}"])]
    return "-".join(parts)


def _folder(home: Home) -> Path:
    return home.root / "evaluations"


def _file(home: Home, name: str) -> Path:
    return _folder(home) / f"{check_name(name)}.json"
