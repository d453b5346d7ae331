"""What may be chosen in the launchpad for one run over a shard, typed and described where it is chosen.

Does not belong here: settings that hold for every run (`settings.py`, `llm/roles.py`).
"""

import dagster as dg
from pydantic import Field

from gem_assets.configuration import RunConfiguration
from gem_assets.llm.money.budget import RUN_BUDGET


class ModelOverrides(dg.Config):
    """Models to ask instead of the configured ones, by role."""

    filter: str | None = Field(
        default=None,
        description="Decides what is a procedure, instead of GEM_FILTER_MODEL, e.g. openai/gpt-4.1-mini.",
    )
    teacher: str | None = Field(
        default=None,
        description="Extracts workflows, writes and refines trajectories, instead of GEM_TEACHER_MODEL.",
    )
    judge: str | None = Field(
        default=None,
        description="Judges trajectories, instead of GEM_JUDGE_MODEL.",
    )


class RunOptions(dg.ConfigurableResource["RunOptions"]):
    """What this run does otherwise than the environment says. Nothing needs to be set."""

    limit: int | None = Field(
        default=None,
        ge=1,
        description="A pilot: judge the first so many documents of the shard and leave the rest for later.",
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        description="US dollars this run may spend: a hard stop. GEM_MAX_COST holds beside it.",
    )
    force: bool = Field(
        default=True,
        description="Judge again also what is up to date; answers that were bought are read from the "
        "journal. Off: what `gem stale` does not list is left as it is.",
    )
    models: ModelOverrides = Field(
        default_factory=ModelOverrides,
        description="Other models for this run, at the same server. `gem stale` lists the shard afterwards, "
        "because the configured models would make it otherwise.",
    )

    def applied_to(self, configuration: RunConfiguration) -> RunConfiguration:
        """Give the configuration this run works with."""
        roles = self.models.model_dump(exclude_none=True)
        models = {f"GEM_{role.upper()}_MODEL": str(model) for role, model in roles.items()}
        budget = {} if self.budget is None else {RUN_BUDGET: str(self.budget)}
        return configuration.with_models({**models, **budget})
