import pytest

from gem_assets.orchestration.resources.addresses import read_addresses
from gem_assets.settings import SettingsError


def test_ports_are_the_usual_ones_or_those_that_are_set():
    usual = read_addresses({})
    assert (usual.ui, usual.report) == ("http://127.0.0.1:3000", "http://127.0.0.1:3001/yield_report.html")
    chosen = read_addresses({"GEM_UI_PORT": "4000", "GEM_REPORT_PORT": "4001"})
    assert chosen.graphql == "http://127.0.0.1:4000/graphql"
    assert chosen.history("workflows", "demo-00000", "r").startswith("http://127.0.0.1:4001/trajectories/")


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "3 000"])
def test_what_is_no_port_is_told_with_its_variable(value: str):
    with pytest.raises(SettingsError, match=f"GEM_UI_PORT={value}"):
        read_addresses({"GEM_UI_PORT": value})
