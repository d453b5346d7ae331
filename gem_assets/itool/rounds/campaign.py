"""A campaign: from which items and which model, how the rounds go, when they stop. Each is a TOML file.

Does not belong here: carrying it out (`campaign_run`), trainings (`trainings`).
"""

import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from gem_assets.itool.search.pairs import PairSettings
from gem_assets.itool.search.search import SearchSettings
from gem_assets.itool.turns.reward import RewardSettings
from gem_assets.records.base import Record
from gem_assets.store.home import Home, StoreError
from gem_assets.store.named_files import NamedFiles
from gem_assets.training.configurations import Configuration, LoraSettings, TrainingSettings

SHIPPED = Path(__file__).resolve().parents[1] / "campaigns"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,60}")


Loss = Literal["dpo", "ipo", "simpo", "orpo"]
BETAS: dict[Loss, float] = {"dpo": 0.1, "ipo": 1.0, "simpo": 2.5, "orpo": 0.1}
"""SimPO's is the published run script's, those of DPO and ORPO are the trainer's own. IPO's is ours: it wants
the two sides 1 / (2 beta) apart in every token, but most of their tokens are the same."""


class CampaignError(StoreError):
    """A campaign that is missing or cannot be read; the message names file, field and remedy."""


class PreferenceSettings(Record):
    """The preference step of a round."""

    loss: Loss = "dpo"
    beta: float | None = Field(default=None, gt=0)
    """None for the loss's own, of `BETAS`."""
    gamma: float = Field(default=0.5, ge=0)
    """SimPO's margin (published run script: 0.5, with beta 2.5)."""
    sft_weight: float = Field(default=0.2, ge=0)
    """Of the chosen side's likelihood: the two sides share most tokens, and without it both would fall."""
    replay: float = Field(default=0.25, ge=0)
    """Pairs of earlier rounds beside each of this one's. Ours: against forgetting."""
    lora: LoraSettings | None = LoraSettings(rank=8, alpha=16)
    """Published: rank 8 on all linear layers. None for full parameters. Merged after the round."""
    training: TrainingSettings = TrainingSettings(
        learning_rate=1e-6, epochs=2, rows_per_step=8, weight_decay=0.0
    )
    """Published: learning rate 1e-6, 2 epochs, cosine, warm-up 0.1, 8 rows a step."""

    @property
    def told(self) -> dict[str, Any]:
        """What the trainer's script is told of the loss."""
        beta = BETAS[self.loss] if self.beta is None else self.beta
        return {**self.model_dump(mode="json", include={"loss", "gamma", "sft_weight"}), "beta": beta}


class StopSettings(Record):
    """When another round is not worth it."""

    pairs_per_item: float = Field(default=0.1, ge=0)
    """Fewer pairs per searched item than this: the search finds hardly anything to prefer. Ours."""
    gain: float = Field(default=0.0)
    """Held-out structural accuracy has to rise by more than this in a round. Ours."""


class PolicySettings(Record):
    """How the policy of a round is asked."""

    backend: Literal["process", "command", "server"] = "process"
    """`process`: in the trainer's environment, through a pipe. `command`: this starts a server by `serve` and
    ends it. `server`: someone serves each round's model under its name at GEM_POLICY_BASE_URL."""
    serve: tuple[str, ...] = ()
    """The command that serves {model}, a folder, under {name} at 127.0.0.1:{port}."""
    ready_seconds: float = Field(default=1800, gt=0)
    """How long a server may take to load a model."""
    concurrency: int = Field(default=1, ge=1)
    """Items searched at a time; a process answers one by one."""
    precision: Literal["bf16", "fp32"] = "fp32"
    threads: int = Field(default=1, ge=1)


class Campaign(Record):
    """Warm-up and rounds over one set of items."""

    name: str = Field(pattern=f"^{NAME.pattern}$")
    description: str
    recipe: str | None = None
    """A data set recipe, whose policy examples give the items."""
    files: tuple[Path, ...] = ()
    """Files in ToolACE's form, beside or instead of it."""
    seed: int = 20250116
    warmup: Configuration
    """The model to start from, and how each of the three stages of the warm-up trains."""
    warmup_by: Literal["rule", "length", "perplexity", "none"] = "rule"
    """How items are split into stages: by what a dialogue demands; by rank of its length, for items of which
    the rule says all the same; by rank of gold's perplexity under the base model; or no warm-up at all."""
    rounds: int = Field(default=3, ge=1)
    """Published: 3 by default, 1 in the run script."""
    share: float = Field(default=0.3, gt=0, le=1)
    """The hardest of each kind that a round searches (published: 0.3)."""
    longest_prompt: int | None = Field(default=None, ge=1)
    """Characters: items with a longer prompt are left out; None for none."""
    train_items: int | None = Field(default=None, ge=1)
    """At most so many, evenly over all; None for all."""
    warmup_items: int | None = Field(default=None, ge=1)
    """How many of them, evenly, the warm-up learns from; None for all. Rounds search all: in turns that the
    warm-up has learnt by heart there is little left to find."""
    held_out_items: int = Field(default=500, ge=1)
    search: SearchSettings = SearchSettings()
    reward: RewardSettings = RewardSettings()
    grade: bool = True
    """Ask the policy for its own opinion of each turn."""
    pairs: PairSettings = PairSettings()
    preference: PreferenceSettings = PreferenceSettings()
    policy: PolicySettings = PolicySettings()
    stop: StopSettings = StopSettings()

    @model_validator(mode="after")
    def have_items_and_a_server(self) -> Self:
        """Refuse a campaign that has no items, no model to leave as it is, or no command to serve by."""
        if self.recipe is None and not self.files:
            raise ValueError("name a recipe or files to take items from")
        if self.warmup_by in ("perplexity", "none") and self.warmup.base is None:
            raise ValueError("a model made for the data has to be warmed up: set warmup_by to rule or length")
        if self.policy.backend == "command" and not self.policy.serve:
            raise ValueError("policy.serve has to say how to serve a model")
        return self


_FILES = NamedFiles("campaign", SHIPPED, "campaigns", NAME, CampaignError)


def campaign_names(home: Home) -> tuple[str, ...]:
    """Name the campaigns that are shipped or lie in GEM_HOME/campaigns."""
    return _FILES.names(home)


def load_campaign(name: str, home: Home) -> Campaign:
    """Read a campaign by its name (GEM_HOME/campaigns comes first) or by the path of a .toml file.

    Raises:
        CampaignError: there is none of that name, or the file does not hold one.
    """
    path = _FILES.find(name, home)

    def build(told: dict[str, Any]) -> Campaign:
        warmup = {"name": path.stem, "description": "", **told.pop("warmup", {})}
        return Campaign.model_validate({"name": path.stem, **told, "warmup": warmup})

    return _FILES.read(path, build)
