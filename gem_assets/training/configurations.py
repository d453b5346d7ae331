"""Training configurations: which model is trained, how, and on what machines. Each is a TOML file.

Does not belong here: which rows it is trained on (a recipe of `datasets/`), and training (`scripts/`).
"""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gem_assets.records.base import Record
from gem_assets.store.home import Home, StoreError
from gem_assets.store.named_files import NamedFiles

SHIPPED = Path(__file__).parent / "configs"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


class ConfigurationFileError(StoreError):
    """A configuration that is missing or cannot be read; the message names file, field and remedy."""


class ModelShape(Record):
    """The sizes of a Qwen3 model, as its configuration names them."""

    parameters: int = Field(gt=0)
    layers: int = Field(gt=0)
    hidden: int = Field(gt=0)
    intermediate: int = Field(gt=0)


class TinyModel(Record):
    """A Qwen3 with random weights, made for the data with its own tokenizer: for trying the way through."""

    layers: int = Field(default=2, ge=1)
    hidden: int = Field(default=128, ge=16)
    intermediate: int = Field(default=384, ge=16)
    heads: int = Field(default=4, ge=1)
    key_value_heads: int = Field(default=2, ge=1)
    vocabulary: int = Field(default=4096, ge=300)


class LoraSettings(Record):
    """Low-rank adapters on every linear layer, merged into the model in the end."""

    rank: int = Field(default=64, ge=1)
    alpha: int = Field(default=128, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class TrainingSettings(Record):
    """Table 3 of arXiv 2601.10355 where nothing else is said."""

    learning_rate: float = Field(default=5e-6, gt=0)
    warmup_ratio: float = Field(default=0.1, ge=0, lt=1)
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    epochs: float = Field(default=2, gt=0)
    maximum_steps: int = -1
    """Stop here; -1 for the epochs' end."""
    weight_decay: float = Field(default=0.05, ge=0)
    rows_per_step: int = Field(default=64, ge=1)
    """Over all devices: "batch size 64"."""
    rows_per_device: int = Field(default=1, ge=1)
    activation_checkpointing: bool = True
    checkpoint_every: int = Field(default=25, ge=1)
    """Steps. A checkpoint should cost under 2 % of the time between two."""
    checkpoints_kept: int = Field(default=2, ge=1)
    tell_every: int = Field(default=1, ge=1)
    """Steps between two points of the loss curve."""
    seed: int = 20260110


class Configuration(Record):
    """How a model is trained."""

    name: str = Field(pattern=f"^{NAME.pattern}$")
    description: str
    base: str | None = None
    """A model's folder, or its name at the Hub."""
    shape: ModelShape | None = None
    tiny: TinyModel | None = None
    context: int = Field(default=32_768, ge=64)
    """Tokens of a row at most; longer ones are left out, never cut."""
    precision: Literal["bf16", "fp32"] = "bf16"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    processes: int = Field(default=1, ge=1)
    """One per device; several share the model's state by FSDP2."""
    threads: int = Field(default=1, ge=1)
    """Of the CPU. More than one makes a tiny model slower, not faster."""
    lora: LoraSettings | None = None
    training: TrainingSettings = TrainingSettings()
    memory_gib: float | None = None
    """Per device, calculated by `memory.py` and never measured."""

    @model_validator(mode="after")
    def start_from_one_model(self) -> Self:
        """Refuse a configuration that names two models to start from, or none."""
        if (self.base is None) == (self.tiny is None):
            raise ValueError("name either base, a model to start from, or tiny, the sizes of one to make")
        if self.lora is not None and self.processes > 1:
            raise ValueError("LoRA is merged at the end, which takes the whole model on one device")
        if self.training.rows_per_step % (self.processes * self.training.rows_per_device):
            raise ValueError("rows_per_step has to be a multiple of processes x rows_per_device")
        return self


_FILES = NamedFiles("configuration", SHIPPED, "training", NAME, ConfigurationFileError)


def configuration_names(home: Home) -> tuple[str, ...]:
    """Name the configurations that are shipped or lie in GEM_HOME/training."""
    return _FILES.names(home)


def choose_configuration(home: Home, name: str, base: str | None) -> Configuration:
    """Read a configuration, with another model to start from where one is named; raises like the reading."""
    configuration = load_configuration(name, home)
    return configuration if base is None else configuration.model_copy(update={"base": base, "tiny": None})


def load_configuration(name: str, home: Home) -> Configuration:
    """Read a configuration by its name (GEM_HOME/training comes first) or by the path of a .toml file.

    Raises:
        ConfigurationFileError: there is none of that name, or the file does not hold one.
    """
    path = _FILES.find(name, home)
    return _FILES.read(path, lambda told: Configuration.model_validate({"name": path.stem, **told}))
