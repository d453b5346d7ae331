"""Rounds as partitions of Dagster: one whole round of the smoke campaign that ships, over the demo's data."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey

from gem_assets.configuration import read_configuration
from gem_assets.itool.rounds.round_files import read_round_rows
from gem_assets.orchestration.assets.itool import ITOOL_ASSETS
from gem_assets.orchestration.instance.opening import open_instance
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.settings import read_environment
from gem_assets.store.home import Home

pytestmark = pytest.mark.train

CORPUS = Path(__file__).parents[2] / "gem_assets" / "sample_corpus"
ROUND, BEFORE = "smoke-00001", "smoke-00000"
ITOOL_TABLES = ("itool_items", "search_nodes", "search_turns", "preference_pairs", "itool_evaluations")


def gem(home: Home, *arguments: str) -> str:
    environment = {**read_environment(), "GEM_HOME": str(home.root)}
    command = [sys.executable, "-m", "gem_assets.cli", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def metadata_of(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    events = result.get_asset_materialization_events()
    made = [event.step_materialization_data.materialization for event in events]
    return {
        one.asset_key.to_user_string(): {name: value.value for name, value in one.metadata.items()}
        for one in made
    }


def round_rows(home: Home) -> dict[str, list[dict[str, Any]]]:
    return {table: read_round_rows(home, table, ROUND) for table in ITOOL_TABLES}


def test_a_round_of_the_smoke_campaign_is_materialised_over_the_demos_data(
    home: Home, monkeypatch: pytest.MonkeyPatch
):
    gem(home, "ingest", str(CORPUS), "--corpus", "demo", "--shard-size", "12")
    gem(home, "run", "--corpus", "demo")
    monkeypatch.setenv("GEM_HOME", str(home.root))
    monkeypatch.setenv("DAGSTER_HOME", str(home.dagster))
    definitions = build_definitions(read_configuration(read_environment()))
    with open_instance(home) as instance:
        assert ROUND in instance.get_dynamic_partitions("itool_rounds")
        result = definitions.resolve_job_def("itool").execute_in_process(
            instance=instance, partition_key=ROUND
        )
        names = [asset.key.to_user_string() for asset in ITOOL_ASSETS]
        for name in names:
            assert instance.get_materialized_partitions(AssetKey(name)) == {ROUND}
    found, rows = metadata_of(result), round_rows(home)
    assert list(found) == names
    assert found["difficulty"]["items"] == len(rows["itool_items"])
    assert found["selection"]["selected"] == sum(row["selected"] for row in rows["itool_items"])
    assert found["search_trees"]["turns"] == len(rows["search_turns"])
    assert found["preference_pairs"]["pairs"] == len(rows["preference_pairs"]) > 0
    assert found["policy_round_model"]["trained"] and Path(found["policy_round_model"]["model"]).is_dir()
    assert found["round_evaluation"]["held_out"] == len(rows["itool_evaluations"])
    assert {row["policy"] for row in rows["itool_evaluations"]} == {
        Path(found["policy_round_model"]["model"]).name
    }
    assert (home.reports / "itool" / f"{ROUND}.html").is_file()

    # The command finds the same round done: nothing is asked, searched or trained again.
    told = gem(home, "itool", "--smoke")
    assert "training" not in told and "searching" not in told and "measuring" not in told
    assert round_rows(home) == rows
    gem(home, "report")
    page = (home.reports / "yield_report.html").read_text("utf-8")
    assert 'id="rounds"' in page and ">smoke 0<" in page and ">smoke 1<" in page
