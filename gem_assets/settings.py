"""Every number that changes a result, with where it comes from, and where the environment may change it.

Does not belong here: models, keys and sampling (`llm/roles.py`).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import DirectoryPath, Field, ValidationError

from gem_assets.records.base import Record
from gem_assets.records.judgement import JudgeRule

CHECKOUT = Path(__file__).resolve().parents[1]


class SettingsError(ValueError):
    """A setting cannot be used; the message names the variable and what it may hold."""


class CorpusSettings(Record):
    """Stage 0."""

    minimum_characters: int = 100
    """Two short steps with a sentence around them; nothing shorter was a procedure in the texts we read."""
    maximum_characters: int = 40_000
    """About 10,000 tokens: a quarter of a 40k context, so that a refined trajectory still fits beside it."""


class IngestSettings(Record):
    """Reading files into raw rows. What exceeds a limit is refused with its place, never read into memory."""

    maximum_text_bytes: int = 4 * 2**20
    """A thousand printed pages. Stage 0 rejects far shorter texts; this one bounds memory."""
    maximum_row_bytes: int = 16 * 2**20
    """A line of JSON or a CSV record: four times the text, for escapes and the fields beside it."""
    maximum_nesting: int = 500
    """Levels of a JSON value; rows we met have under 20, and parsers stop at about 1,000."""
    maximum_expansion: int = 200
    """Decompressed over compressed bytes. Text reaches 3 to 10, logs 50; gzip can be made to reach 1,032."""
    free_expansion_bytes: int = 64 * 2**20
    """What may come out of a file before the expansion is looked at: small files compress at any ratio."""
    maximum_columns: int = 5_000
    """Columns of a CSV table; wider ones we met were matrices, not text."""
    maximum_shard_bytes: int = 64 * 2**20
    """A shard with this much text is full, whatever its number of documents: stages hold one in memory."""
    split_characters: int = 32_000
    """Where `--split-long` aims: a part with its heading stays under `CorpusSettings.maximum_characters`."""


class PrefilterSettings(Record):
    """The cheap look before stage 1's model."""

    languages: tuple[str, ...] = ("en",)
    """Those it was measured on; a text in another passes."""
    minimum_words: int = 40
    """The shortest procedure of the measured texts has 68."""
    repetition_lines: int = 10
    maximum_repetition: float = 0.6
    """Share of lines that stand in the text before; the most repetitive procedure had 0.36."""
    minimum_instructions: int = 3
    minimum_density: float = 0.025
    """Verbs of an instruction, told or narrated, per word; the procedure with fewest had 4 and 0.030."""
    enough_steps: int = 3
    """A text with this many numbered lines passes without."""
    measured_procedures: int = 119
    measured_lost: int = 0
    """Procedures in English among labelled documents, and those this look would lose (0 of 119: at most
    2.5 % at 95 % confidence). Of 208 others it spares the model 34. `test_prefilter.py` measures it anew."""


class ExtractionSettings(Record):
    """Stage 2."""

    minimum_steps: int = 2
    """Multi-step means two or more ordered operations."""
    maximum_workflows: int = 4
    """A document with more is a catalogue; the prompt says so, and what exceeds it is rejected."""


class RuleSettings(Record):
    """What a trajectory must reach, and which language its words are read in."""

    minimum_patterns: int = 3
    """Distinct interaction patterns: "at least 3", generation prompt (arXiv 2601.10355, appendix A.3)."""
    minimum_user_turns: int = 2
    """Ours: with one request there is nothing multi-turn. The paper's drafts have about seven (A.5)."""
    minimum_calls: int = 2
    """Ours: one call is no workflow. The paper's drafts have 7.83 on average, refined ones 16.3."""
    minimum_messages: int = 8
    """Messages besides the system's. Ours: what two requests and two calls, one a round, come to."""
    parallel_calls: bool = False
    """The refinement prompt allows one call per assistant round (appendix A.4)."""
    language: str = "en"
    """ISO 639-1. The prompts ask for English; in another language the lexical patterns cannot be seen,
    and too few of them is then no finding."""


class Settings(Record):
    """All of it, as one run uses it."""

    home: Path
    prompts: DirectoryPath | None = None
    """A prompt that this folder holds replaces the one of that name that is shipped."""
    corpus: CorpusSettings = CorpusSettings()
    ingest: IngestSettings = IngestSettings()
    use_prefilter: Literal["auto", "on", "off"] = "auto"
    """`auto`: only where the filter role is offline. A model judges better, and its errors are not ours."""
    prefilter: PrefilterSettings = PrefilterSettings()
    extraction: ExtractionSettings = ExtractionSettings()
    rules: RuleSettings = RuleSettings()
    trajectory_language: str = "en"
    """`en` as in the paper (appendix A.3: always English), or `source` for the document's own."""
    refinement_fallback: bool = False
    """Let a draft that breaks nothing stand in for a refinement that lost something; recorded as such."""
    maximum_failed: float = Field(default=0.05, ge=0, le=1)
    """Share of a shard's inputs that may fail before the step fails."""
    shard_size: int = Field(default=200, ge=1)
    """Documents of a shard: one to two hours of a model's work, small enough to redo."""
    judge_samples: int = Field(default=3, ge=1, le=9)
    """How often an unreadable judge is asked anew before the record counts as failed."""
    judge_rule: JudgeRule = "majority"
    """Of several judges: more than half must pass a trajectory, or every one. The paper has one judge."""


def read_environment() -> dict[str, str]:
    """Collect the process environment over the `.env` of the working directory or the checkout."""
    found: dict[str, str] = {}
    for folder in (CHECKOUT, Path.cwd()):
        found |= {key: value for key, value in dotenv_values(folder / ".env").items() if value is not None}
    return found | dict(os.environ)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings the environment may change: GEM_HOME and those of `_VARIABLES`, paths made absolute.

    Raises:
        SettingsError: a value is out of its range; names the variable.
    """
    values: dict[str, str | Path] = {
        field: environment[variable]
        for field, variable in _VARIABLES.items()
        if environment.get(variable, "").strip()
    }
    if "prompts" in values:
        values["prompts"] = Path(values["prompts"]).expanduser().absolute()
    home = Path(environment.get("GEM_HOME") or _default_home()).expanduser().resolve()
    try:
        return Settings.model_validate({**values, "home": home})
    except ValidationError as error:
        problem = error.errors()[0]
        variable = _VARIABLES.get(str(problem["loc"][0]), "GEM_HOME")
        raise SettingsError(f"{variable}={problem['input']} cannot be used: {problem['msg']}") from error


_VARIABLES = {
    "prompts": "GEM_PROMPTS",
    "maximum_failed": "GEM_MAX_FAILED",
    "shard_size": "GEM_SHARD_SIZE",
    "trajectory_language": "GEM_LANGUAGE",
    "judge_samples": "GEM_JUDGE_SAMPLES",
    "judge_rule": "GEM_JUDGE_RULE",
    "refinement_fallback": "GEM_REFINEMENT_FALLBACK",
    "use_prefilter": "GEM_PREFILTER",
}


def _default_home() -> Path:
    """`.gem` in the checkout, whatever directory the command runs in; in the working directory otherwise."""
    return (CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()) / ".gem"
