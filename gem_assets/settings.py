"""Every number that changes a result, with where it comes from, and where the environment may change it.

Does not belong here: models, keys and sampling (`llm/roles.py`).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, ValidationError

from gem_assets.records.base import Record
from gem_assets.verification.rule_settings import RuleSettings

CHECKOUT = Path(__file__).resolve().parents[1]


class SettingsError(ValueError):
    """A setting cannot be used; the message names the variable and what it may hold."""


class CorpusSettings(Record):
    """Stage 0."""

    minimum_characters: int = 100
    """Two short steps with a sentence around them; nothing shorter was a procedure in the texts we read."""
    maximum_characters: int = 40_000
    """About 10,000 tokens: a quarter of a 40k context, so that a refined trajectory still fits beside it."""


class ExtractionSettings(Record):
    """Stage 2."""

    minimum_steps: int = 2
    """Multi-step means two or more ordered operations."""
    maximum_workflows: int = 4
    """A document with more is a catalogue; what exceeds it is left out by the prompt's own instruction."""


class Settings(Record):
    """All of it, as one run uses it."""

    home: Path
    corpus: CorpusSettings = CorpusSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    rules: RuleSettings = RuleSettings()
    trajectory_language: str = "en"
    """`en` as in the paper (appendix A.3: always English), or `source` for the document's own."""
    maximum_failed: float = Field(default=0.05, ge=0, le=1)
    """Share of a shard's inputs that may fail before the step fails."""
    shard_size: int = Field(default=200, ge=1)
    """Documents of a shard: one to two hours of a model's work, small enough to redo."""
    judge_samples: int = Field(default=3, ge=1, le=9)
    """How often an unreadable judge is asked anew before the record counts as failed."""


def read_environment() -> dict[str, str]:
    """Collect the process environment over the `.env` of the working directory or the checkout."""
    found: dict[str, str] = {}
    for folder in (CHECKOUT, Path.cwd()):
        found |= {key: value for key, value in dotenv_values(folder / ".env").items() if value is not None}
    return found | dict(os.environ)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings the environment may change: GEM_HOME, GEM_MAX_FAILED, GEM_SHARD_SIZE, GEM_LANGUAGE.

    Raises:
        SettingsError: a value is out of its range; names the variable.
    """
    values = {
        field: environment[variable]
        for field, variable in _VARIABLES.items()
        if environment.get(variable, "").strip()
    }
    home = Path(environment.get("GEM_HOME") or _default_home()).expanduser().resolve()
    try:
        return Settings.model_validate({**values, "home": home})
    except ValidationError as error:
        problem = error.errors()[0]
        variable = _VARIABLES.get(str(problem["loc"][0]), "GEM_HOME")
        raise SettingsError(f"{variable}={problem['input']} cannot be used: {problem['msg']}") from error


_VARIABLES = {
    "maximum_failed": "GEM_MAX_FAILED",
    "shard_size": "GEM_SHARD_SIZE",
    "trajectory_language": "GEM_LANGUAGE",
    "judge_samples": "GEM_JUDGE_SAMPLES",
}


def _default_home() -> Path:
    """`.gem` in the checkout, whatever directory the command runs in; in the working directory otherwise."""
    return (CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()) / ".gem"
