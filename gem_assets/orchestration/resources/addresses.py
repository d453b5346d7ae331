"""Where Dagster's UI and the report pages are served: on this machine only, at ports that may be chosen.

Imports no Dagster: `gem` asks it too.
"""

from dataclasses import dataclass

from gem_assets.configuration import RunConfiguration

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Both ports, and the pages by their URLs."""

    ui_port: int
    report_port: int

    @staticmethod
    def of(configuration: RunConfiguration) -> "Addresses":
        """Give the addresses that a configuration chooses."""
        return Addresses(configuration.ui_port, configuration.report_port)

    @property
    def ui(self) -> str:
        """Dagster's start page."""
        return f"http://{HOST}:{self.ui_port}"

    @property
    def graphql(self) -> str:
        """The interface that Dagster's own pages use."""
        return f"{self.ui}/graphql"

    @property
    def report(self) -> str:
        """The yield report."""
        return f"http://{HOST}:{self.report_port}/yield_report.html"

    @property
    def viewer(self) -> str:
        """The trajectory viewer."""
        return f"http://{HOST}:{self.report_port}/trajectories/index.html"

    def trees(self, round_key: str) -> str:
        """The search trees of a round."""
        return f"http://{HOST}:{self.report_port}/itool/{round_key}.html"

    def history(self, asset: str, shard: str, run_id: str) -> str:
        """The runs that wrote a shard of an asset, one of them marked."""
        return f"{self.viewer}#history={shard}&asset={asset}&run={run_id}"
