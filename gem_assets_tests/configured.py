"""The configuration of a run for tests: settings made by hand, roles and the rest out of given variables."""

from collections.abc import Mapping
from dataclasses import replace

from gem_assets.configuration import RunConfiguration, read_configuration
from gem_assets.settings import Settings
from gem_assets.store.home import Home


def configured(made: Settings | Home, environment: Mapping[str, str] | None = None) -> RunConfiguration:
    """Configure a run as these variables say, but for its settings, or its home."""
    home = made.root if isinstance(made, Home) else made.home
    found = read_configuration({**(environment or {}), "GEM_HOME": str(home)})
    return found if isinstance(made, Home) else replace(found, settings=made)
