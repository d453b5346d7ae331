import dagster as dg
import pytest

from gem_assets.orchestration.jobs.batch_sensor import collect_batches, waiting_shards
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.settings import Settings
from gem_assets.stages.catalog import ASSETS
from gem_assets.store.home import Home
from gem_assets_tests.configured import configured
from gem_assets_tests.recorded_answers import CHECKOUT, DATA, RecordedAnswers
from gem_assets_tests.stages.chain import carry, put_rows, recorded_rows
from gem_assets_tests.stub_server import StubServer

SHARD = "demo-00000"


@pytest.fixture
def server():
    recorded = RecordedAnswers(
        DATA / "recorded_answers", DATA / "recorded_documents.jsonl", CHECKOUT / "gem_assets" / "prompts"
    )
    with StubServer(recorded) as stub:
        yield stub


def test_a_shard_goes_from_batch_to_batch_until_it_is_done(
    home: Home, settings: Settings, server: StubServer
):
    put_rows(home, list(recorded_rows().values()))
    environment = {
        "GEM_MODEL": "openai/stub-model",
        "GEM_BASE_URL": server.url,
        "GEM_API_KEY": "key",
        "GEM_BATCH": "1",
    }
    made = {"workplace": Workplace(configured(settings, environment))}
    runs = carry(settings, SHARD, "run-0", environment=environment)
    assert (runs[1].failed, runs[1].reasons) == (4, {"cancelled": 4})
    assert waiting_shards(home) == [SHARD]
    context = dg.build_sensor_context(resources=made)
    assert isinstance(collect_batches(context), dg.SkipReason), "nothing has ended yet"

    for number in range(1, len(ASSETS)):
        server.batches.finish()
        found = collect_batches(dg.build_sensor_context(cursor=str(number), resources=made))
        assert isinstance(found, dg.SensorResult)
        (asked,) = found.run_requests
        assert asked.partition_key == SHARD
        runs = carry(settings, SHARD, f"run-{number}", environment=environment)
    assert waiting_shards(home) == []
    assert runs[-1].kept == 3
    direct = [request for request in server.headers if request]
    assert direct == [], "every answer came by batch"
