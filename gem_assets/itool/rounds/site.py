"""Where a campaign is carried out: home, configuration, trainer, and how its policies and items are had.

Does not belong here: what is done with them (`measuring`, `searching`, `learning`).
"""

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gem_assets.configuration import RunConfiguration
from gem_assets.itool.items.from_examples import read_items
from gem_assets.itool.items.item import Item
from gem_assets.itool.items.toolace import read_toolace
from gem_assets.itool.policies.held import HeldPolicy, Opening
from gem_assets.itool.policies.serving import open_policy
from gem_assets.itool.rounds.campaign import Campaign
from gem_assets.itool.rounds.trainings import Step, prepare_step
from gem_assets.itool.search.policy import Policy
from gem_assets.records.base import content_hash
from gem_assets.store.home import Home
from gem_assets.training.launching import launch
from gem_assets.training.trainer import Trainer, find_trainer

Echo = Callable[[str], None]
_TOLD_EVERY = 25
"""Steps between two lines about a training."""


@dataclass(frozen=True)
class Site:
    """What a campaign needs. `told` is given one line at a time."""

    configuration: RunConfiguration
    campaign: Campaign
    run_id: str
    told: Echo
    opening: Opening | None = None
    """How a model's policy is opened, where not as the campaign says."""
    before_training: Callable[[], None] | None = None
    """Called before a training begins: an open policy may hold the memory that it takes."""

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return self.configuration.home

    @cached_property
    def trainer(self) -> Trainer:
        """The trainer's environment; raises TrainerError where there is none."""
        return find_trainer(self.configuration)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All items whose gold turn can be read, as long and as many of each split as the campaign takes.

        Raises StoreError where the recipe or a file gives none.
        """
        found = [*(read_items(self.home, self.campaign.recipe) if self.campaign.recipe else ())]
        for path in self.campaign.files:
            found += read_toolace(path.expanduser())
        longest = self.campaign.longest_prompt or math.inf
        readable = [
            item
            for item in found
            if item.gold_turn and not item.gold_turn.broken and len(item.prompt) <= longest
        ]
        train = _evenly([item for item in readable if item.split == "train"], self.campaign.train_items)
        held_out = [item for item in readable if item.split != "train"]
        return (*train, *_evenly(held_out, self.campaign.held_out_items))

    @property
    def train_items(self) -> tuple[Item, ...]:
        """Those that are learnt from."""
        return tuple(item for item in self.items if item.split == "train")

    @property
    def warmup_items(self) -> tuple[Item, ...]:
        """Those of them that the warm-up learns from."""
        return tuple(_evenly(self.train_items, self.campaign.warmup_items))

    @property
    def held_out_items(self) -> tuple[Item, ...]:
        """Those that measure: of documents, or dialogues, that nothing is learnt from."""
        return tuple(item for item in self.items if item.split != "train")

    @contextmanager
    def policy(self, model: Path) -> Generator[Policy]:
        """Open the policy of a model."""
        if self.opening is not None:
            opened = self.opening(model)
        else:
            opened = open_policy(self.configuration, self.campaign.policy, self.trainer, model)
        with opened as policy:
            yield policy

    @contextmanager
    def holding(self) -> Generator["Site"]:
        """Give this site with policies that stay open until another model is asked for, or trained."""
        held = HeldPolicy(self.policy)
        try:
            yield replace(self, opening=held.policy, before_training=held.close)
        finally:
            held.close()

    def train(self, step: Step) -> Path:
        """Carry a training out, or find its model; raises StoreError, TrainerError or StoppedError."""
        run = prepare_step(self.home, step, self.trainer)
        if not run.is_done:
            if self.before_training is not None:
                self.before_training()
            self.told(f"training {run.name} on {len(step.rows)} rows")
            launch(run, self.configuration.child_environment, self._tell)
        return run.published

    def _tell(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "step" and (event["step"] % _TOLD_EVERY == 0 or event["step"] == event["of"]):
            self.told(f"step {event['step']} of {event['of']}  loss {float(event['loss']):.4f}")


def items_version(items: tuple[Item, ...]) -> str:
    """Hash what items say: prompts, gold and ids."""
    return content_hash([[item.item_id, item.prompt, item.gold] for item in items])


def _evenly(items: Sequence[Item], most: int | None) -> Sequence[Item]:
    """Take at most so many, spread over all: neighbours are turns of one dialogue."""
    if most is None or len(items) <= most:
        return items
    return [items[place * len(items) // most] for place in range(most)]
