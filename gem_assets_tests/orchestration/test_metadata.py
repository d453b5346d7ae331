from datetime import UTC, datetime

import dagster as dg

from gem_assets.orchestration.assets.metadata import describe_change, describe_commands, run_metadata
from gem_assets.orchestration.resources.addresses import Addresses
from gem_assets.store.stage_runs import StageRun


def stage_run(**changes):
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    fields = {
        "asset": "workflows",
        "shard": "demo-00000",
        "run_id": "run-1",
        "started_at": moment,
        "finished_at": moment,
        "inputs": 4,
        "kept": 2,
        "rejected": 1,
        "failed": 1,
        "kept_rows": 3,
        "rejected_rows": 1,
        "reasons": {"extract_no_tools": 1, "timeout": 1},
        "input_tokens": 10,
        "output_tokens": 5,
        "cost": None,
        "seconds": 1.5,
        "prompt_versions": ("extract_workflows@1",),
        "model": "teacher",
        "code_version": "c1",
        "input_version": "i1",
        "data_version": "d1",
    }
    return StageRun(**(fields | changes))


def test_every_count_is_a_number_that_plots():
    metadata = run_metadata(stage_run(), Addresses(3000, 3001))
    assert metadata["inputs"] == metadata["kept"] + metadata["rejected"] + metadata["failed"]
    assert metadata["yield"] == 2 / 3
    assert metadata["reason/extract_no_tools"] == 1
    assert metadata["reason/timeout"] == 1


def test_an_unknown_cost_is_absent_and_not_zero():
    assert "cost_usd" not in run_metadata(stage_run(), Addresses(3000, 3001))
    assert run_metadata(stage_run(cost=0.0), Addresses(3000, 3001))["cost_usd"] == 0.0


def test_what_changed_names_the_prompt_and_the_counts():
    told = describe_change(
        stage_run(), stage_run(run_id="run-2", prompt_versions=("extract_workflows@2",), kept=3)
    )
    assert "extract_workflows@1" in told
    assert "extract_workflows@2" in told
    assert "| kept | 2 | 3 |" in told
    assert "model" not in told


def test_the_same_again_says_that_nothing_changed():
    assert describe_change(stage_run(), stage_run(run_id="run-2")) == "nothing since run run-1"


def test_the_queries_that_are_shown_run(home):
    from gem_assets.store.connections import open_live, show

    for line in describe_commands(stage_run(), "abc").splitlines():
        if line.startswith("gem sql"):
            with open_live(home) as connection:
                show(connection, line.split('"')[1])


def test_metadata_are_values_dagster_takes():
    dg.MaterializeResult(metadata=run_metadata(stage_run(), Addresses(3000, 3001)))
