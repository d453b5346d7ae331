"""What assets are handed: a database connection and the settings of the run, as plain objects."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.orchestration.resources.addresses import Addresses, read_addresses
from gem_assets.settings import Settings, load_settings, read_environment
from gem_assets.store.connections import Connection
from gem_assets.store.errors import map_query_errors
from gem_assets.store.home import Home
from gem_assets.store.tables import declare_tables


@dataclass(frozen=True)
class Workplace:
    """The environment of one run, read once."""

    settings: Settings
    environment: dict[str, str]

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return Home(self.settings.home)

    @property
    def addresses(self) -> Addresses:
        """Where the pages are served."""
        return read_addresses(self.environment)


class WorkplaceResource(dg.ConfigurableResource[Workplace]):
    """Reads settings and model configuration from the environment and `.env` when a run starts."""

    def create_resource(self, context: dg.InitResourceContext) -> Workplace:
        """Read the environment; raises SettingsError with the variable's name."""
        environment = read_environment()
        settings = load_settings(environment)
        declare_tables(Home(settings.home))
        return Workplace(settings, environment)


@contextmanager
def connected(database: DuckDBResource) -> Generator[Connection]:
    """Open the resource's in-memory database and close it also after an error, which it does not itself.

    What the database refuses in the block comes out as a StoreError.
    """
    with map_query_errors(), database.get_connection() as connection:
        try:
            yield connection
        finally:
            connection.close()
