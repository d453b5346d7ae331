import pytest

from gem_assets.settings import Settings
from gem_assets.stages.catalog import ASSETS
from gem_assets.stages.pilot import EVIDENCE, allot
from gem_assets.stages.shard import check_failures
from gem_assets.stages.staleness import find_stale
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets.store.sql_files import read_sql, sql_names
from gem_assets_tests.configured import configured
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import carry, put_rows, recorded_answer, recorded_rows, serve

SHARD = "demo-00000"


@pytest.fixture
def ingested(home: Home) -> Home:
    put_rows(home, list(recorded_rows().values()))
    return home


def test_whole_shards_are_taken_first_and_the_last_in_part(home: Home):
    shards = put_rows(home, list(recorded_rows().values())[:3], size=1)
    shards += put_rows(home, list(recorded_rows().values()), size=4, first=3)
    assert allot(home, shards, 2) == {shards[0]: None, shards[1]: None}
    assert allot(home, shards, 5) == {**dict.fromkeys(shards[:3]), shards[3]: 2}
    assert allot(home, shards, 99) == dict.fromkeys(shards)


def test_a_pilot_leaves_the_rest_as_not_judged_and_the_ledger_adds_up(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    runs = carry(settings, SHARD, "pilot", limit=2)
    filtering = runs[1]
    assert (filtering.inputs, filtering.kept + filtering.rejected, filtering.failed) == (4, 2, 2)
    assert filtering.reasons["cancelled"] == 2
    for run in runs:
        assert run.inputs == run.kept + run.rejected + run.failed
        check_failures(run, settings)
    with open_live(ingested) as connection:
        failures = connection.execute("SELECT asset, evidence FROM failures").fetchall()
        assert failures == [("procedural_documents", EVIDENCE)] * 2
        for name in sql_names("checks"):
            assert connection.execute(read_sql("checks", name)).fetchall() == [], name


def test_the_next_run_takes_up_what_a_pilot_left(
    ingested: Home, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    serve(monkeypatch, ScriptedLlm(recorded_answer))
    carry(settings, SHARD, "pilot", limit=2)
    stale = find_stale(configured(settings), [SHARD])
    assert stale[0].asset == "procedural_documents"
    assert {item.asset for item in stale} == set(ASSETS[1:])
    runs = carry(settings, SHARD, "run")
    assert [run.failed for run in runs] == [0] * len(ASSETS)
    assert runs[1].kept + runs[1].rejected == 4
