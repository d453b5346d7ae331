from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets_tests.configured import configured


def test_pages_are_served_at_the_ports_of_the_configuration(settings):
    usual = Addresses.of(configured(settings))
    assert (usual.ui, usual.report) == ("http://127.0.0.1:3000", "http://127.0.0.1:3001/yield_report.html")
    chosen = Addresses.of(configured(settings, {"GEM_UI_PORT": "4000", "GEM_REPORT_PORT": "4001"}))
    assert chosen.graphql == "http://127.0.0.1:4000/graphql"
    assert chosen.history("workflows", "demo-00000", "r").startswith("http://127.0.0.1:4001/trajectories/")
