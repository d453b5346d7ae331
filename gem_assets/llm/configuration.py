"""Which model fills each role and what may be spent: parsed once from the environment, then passed on.

Most runs use few roles, so that one whose variables are wrong is an error when it is asked for, not before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from gem_assets.llm.money.budget import Budget, Caps, read_caps
from gem_assets.llm.roles import ConfigurationError, Role, RoleSettings, read_panel, read_role


@dataclass(frozen=True)
class UnusableRole:
    """A role without a usable model, and the sentence that says why. `is_unset`: no model is named for it."""

    sentence: str
    is_unset: bool


@dataclass(frozen=True)
class ModelConfiguration:
    """The models of a run and its caps."""

    roles: Mapping[Role, RoleSettings | UnusableRole]
    judges: tuple[RoleSettings, ...] | UnusableRole
    """The judge, or all of a panel."""
    caps: Caps

    def role(self, name: Role) -> RoleSettings:
        """Return a role's settings; raises ConfigurationError, which names the variable at fault."""
        return _usable(self.roles[name])

    def panel(self) -> tuple[RoleSettings, ...]:
        """Return every judge that is set, the first one first; raises ConfigurationError like `role`."""
        judges = self.judges
        if isinstance(judges, UnusableRole):
            raise ConfigurationError(judges.sentence)
        return judges

    def budget(self, run_id: str) -> Budget:
        """Return what a run may spend."""
        return self.caps.budget(run_id)


def read_models(environment: Mapping[str, str]) -> ModelConfiguration:
    """Read every role and the caps.

    Raises:
        ConfigurationError: a cap is no number of dollars.
    """
    return ModelConfiguration(
        roles={role: _read_role(role, environment) for role in get_args(Role)},
        judges=_read_judges(environment),
        caps=read_caps(environment),
    )


def _read_role(role: Role, environment: Mapping[str, str]) -> RoleSettings | UnusableRole:
    try:
        return read_role(role, environment)
    except ConfigurationError as error:
        is_unset = not environment.get(f"GEM_{role.upper()}_MODEL", "").strip()
        return UnusableRole(str(error), is_unset)


def _read_judges(environment: Mapping[str, str]) -> tuple[RoleSettings, ...] | UnusableRole:
    try:
        return read_panel(environment)
    except ConfigurationError as error:
        return UnusableRole(str(error), is_unset=False)


def _usable(settings: RoleSettings | UnusableRole) -> RoleSettings:
    if isinstance(settings, UnusableRole):
        raise ConfigurationError(settings.sentence)
    return settings
