"""Where Dagster's UI and the report pages are served: on this machine only, at ports that may be chosen.

Imports no Dagster: `gem` asks it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gem_assets.settings import SettingsError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Both ports, and the pages by their URLs."""

    ui_port: int = 3000
    report_port: int = 3001

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


def read_addresses(environment: Mapping[str, str]) -> Addresses:
    """Read GEM_UI_PORT and GEM_REPORT_PORT.

    Raises:
        SettingsError: one of them is no port.
    """
    return Addresses(_port(environment, "GEM_UI_PORT", 3000), _port(environment, "GEM_REPORT_PORT", 3001))


def _port(environment: Mapping[str, str], variable: str, usual: int) -> int:
    value = environment.get(variable, "").strip() or str(usual)
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise SettingsError(f"{variable}={value} is no port: write a number from 1 to 65535")
    return int(value)
