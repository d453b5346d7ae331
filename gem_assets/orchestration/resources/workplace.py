"""What assets are handed: a database connection and the configuration of the run, as plain objects."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster_duckdb import DuckDBResource

from gem_assets.configuration import RunConfiguration
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.settings import Settings
from gem_assets.stages.catalog import declare_home
from gem_assets.store.connections import Connection
from gem_assets.store.errors import map_query_errors
from gem_assets.store.home import Home


@dataclass(frozen=True)
class Workplace:
    """What a run works with."""

    configuration: RunConfiguration

    @property
    def settings(self) -> Settings:
        """The numbers of the configuration."""
        return self.configuration.settings

    @property
    def home(self) -> Home:
        """Where the tables are."""
        return self.configuration.home

    @property
    def addresses(self) -> Addresses:
        """Where the pages are served."""
        return Addresses.of(self.configuration)


def workplace_resource(configuration: RunConfiguration) -> dg.ResourceDefinition:
    """Make the resource that hands a configuration to a run; nothing of it is chosen in the launchpad.

    Dagster loads the code location anew in the process of every run, so that a run has today's environment.
    """

    def open_workplace(context: dg.InitResourceContext) -> Workplace:
        declare_home(configuration.home)
        return Workplace(configuration)

    return dg.ResourceDefinition(open_workplace, description="The configuration of the run.")


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
