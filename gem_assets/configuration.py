"""The configuration of a run: all that the environment says, parsed once and handed on.

What a command, an asset or a stage wants to know of the environment stands here as a typed value. Does not
belong here: numbers that change a result (`settings.py`), what a role may hold (`llm/roles.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gem_assets.llm.configuration import ModelConfiguration, read_models
from gem_assets.settings import Settings, SettingsError, load_settings
from gem_assets.store.home import CORPUS_NAME, Home


@dataclass(frozen=True)
class WatchedFolder:
    """A folder and the corpus its files belong to."""

    corpus: str
    folder: Path


@dataclass(frozen=True)
class RunConfiguration:
    """What the environment says. Paths are as they were written; None is what was not set."""

    settings: Settings
    models: ModelConfiguration
    tokenizer: Path | None
    """A tokenizer.json, or a folder that holds one."""
    train_python: Path | None
    bfcl_python: Path | None
    tau2_python: Path | None
    tau2_checkout: Path | None
    ui_port: int
    report_port: int
    owner: str
    """Who owns the assets in Dagster."""
    watched: WatchedFolder | None
    child_environment: Mapping[str, str] = field(repr=False)
    """Every variable, keys among them: for processes that are started, never to read a setting from."""

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return Home(self.settings.home)

    def with_models(self, variables: Mapping[str, str]) -> "RunConfiguration":
        """Give the same configuration but for these variables of roles and budgets.

        Raises:
            ConfigurationError: a budget is no number of dollars.
        """
        environment = {**self.child_environment, **variables}
        return replace(self, models=read_models(environment), child_environment=environment)


def read_configuration(environment: Mapping[str, str]) -> RunConfiguration:
    """Parse the environment. A wrong variable of a role is an error only when the role is asked for.

    Raises:
        SettingsError: another variable cannot be used; the message names it and what it may hold.
        ConfigurationError: GEM_MAX_COST or GEM_RUN_BUDGET is no number of dollars.
    """
    settings = load_settings(environment)
    return RunConfiguration(
        settings=settings,
        models=read_models(environment),
        tokenizer=_path(environment, "GEM_TOKENIZER"),
        train_python=_path(environment, "GEM_TRAIN_PYTHON"),
        bfcl_python=_path(environment, "GEM_BFCL_PYTHON"),
        tau2_python=_path(environment, "GEM_TAU2_PYTHON"),
        tau2_checkout=_path(environment, "GEM_TAU2_CHECKOUT"),
        ui_port=_port(environment, "GEM_UI_PORT", 3000),
        report_port=_port(environment, "GEM_REPORT_PORT", 3001),
        owner=_value(environment, "GEM_OWNER") or "team:gem_assets",
        watched=_watched_folder(environment),
        # The same home for every process, wherever it runs.
        child_environment={**environment, "GEM_HOME": str(settings.home)},
    )


def _value(environment: Mapping[str, str], variable: str) -> str:
    return environment.get(variable, "").strip()


def _path(environment: Mapping[str, str], variable: str) -> Path | None:
    value = _value(environment, variable)
    return Path(value) if value else None


def _port(environment: Mapping[str, str], variable: str, usual: int) -> int:
    value = _value(environment, variable) or str(usual)
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise SettingsError(f"{variable}={value} is no port: write a number from 1 to 65535")
    return int(value)


def _watched_folder(environment: Mapping[str, str]) -> WatchedFolder | None:
    value = _value(environment, "GEM_WATCH")
    if not value:
        return None
    corpus, separator, folder = value.partition("=")
    if not separator or not CORPUS_NAME.fullmatch(corpus) or not folder:
        raise SettingsError(
            f"GEM_WATCH={value} cannot be used: write CORPUS=FOLDER, e.g. manuals=/srv/manuals"
        )
    return WatchedFolder(corpus, Path(folder).expanduser())
