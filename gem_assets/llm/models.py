"""The models of a run, opened from its configuration and closed together.

Does not belong here: what the settings mean (`roles.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from gem_assets.llm.batch.batching import Batcher
from gem_assets.llm.client import LiteLlm
from gem_assets.llm.configuration import ModelConfiguration
from gem_assets.llm.journal.journal import Journal
from gem_assets.llm.limits.pacing import Pace
from gem_assets.llm.offline import OfflineLlm
from gem_assets.llm.panel import Panel
from gem_assets.llm.protocol import Llm
from gem_assets.llm.provider import BatchDoor, close_sessions, litellm_sender
from gem_assets.llm.roles import SHARED_ROLES, Role, RoleSettings

JOURNAL = "journal.db"


class _Rack:
    """Opens a role's model when it is first asked for; one journal serves them all."""

    def __init__(self, configuration: ModelConfiguration, home: Path, run_id: str, pace: Pace | None) -> None:
        self._configuration = configuration
        self._home = home
        self._run_id = run_id
        self._pace = pace
        self._journal: Journal | None = None
        self._opened: dict[Role, Llm] = {}

    def model(self, role: Role) -> Llm:
        if role not in self._opened:
            self._opened[role] = self._open(self._configuration.role(role))
        return self._opened[role]

    def judge(self) -> Llm:
        """Open the judge, or all of a panel."""
        members = [self.model(settings.role) for settings in self._configuration.panel()]
        return Panel(tuple(members)) if len(members) > 1 else members[0]

    def of_role(self, role: Role) -> Llm:
        """Open what fills a role: for the judge, all of a panel."""
        return self.judge() if role == "judge" else self.model(role)

    def _open(self, settings: RoleSettings) -> Llm:
        if settings.is_offline:
            return OfflineLlm()
        if self._journal is None:
            caps = self._configuration.budget(self._run_id)
            self._journal = Journal(self._home / JOURNAL, self._run_id, caps)
        model = LiteLlm(settings, self._journal, litellm_sender(settings), self._pace)
        return Batcher(settings, self._journal, model, BatchDoor(settings)) if settings.batch else model

    async def close(self) -> None:
        for model in self._opened.values():
            if isinstance(model, LiteLlm | Batcher):
                await model.close()
        if self._journal is not None:
            await asyncio.to_thread(self._journal.close)
        await close_sessions()


@dataclass(frozen=True)
class Models:
    """The models of a run."""

    filter: Llm
    teacher: Llm
    judge: Llm
    """The judge; a `Panel` where several are set."""
    for_role: Callable[[Role], Llm]
    """What fills any role; `synthesizer` and `policy` have no default, ConfigurationError names theirs."""


@asynccontextmanager
async def open_models(
    configuration: ModelConfiguration, home: Path, run_id: str, pace: Pace | None = None
) -> AsyncIterator[Models]:
    """Open the models for use in the running event loop; `home` (GEM_HOME) holds the journal.

    Raises:
        ConfigurationError: a variable is wrong. Nothing was asked yet.
    """
    for role in SHARED_ROLES:
        configuration.role(role)
    configuration.panel()
    rack = _Rack(configuration, home, run_id, pace)
    try:
        yield Models(rack.model("filter"), rack.model("teacher"), rack.judge(), rack.of_role)
    finally:
        await rack.close()
