import os
import time
from pathlib import Path

import dagster as dg
import pytest

from gem_assets.configuration import RunConfiguration, read_configuration
from gem_assets.orchestration.jobs.code_location import build_definitions
from gem_assets.orchestration.jobs.folder_sensor import SECONDS_UNTOUCHED, new_files
from gem_assets.orchestration.resources.workplace import Workplace
from gem_assets.settings import SettingsError
from gem_assets.store.home import Home
from gem_assets.store.raw import shard_names
from gem_assets_tests.configured import configured
from gem_assets_tests.corpus.intake import STEPS, ask, write

HOUR = 3600


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "watched"


def put(folder: Path, name: str, text: str, age: float = 60) -> None:
    path = write(folder, name, text)
    os.utime(path, (time.time() - age,) * 2)


def watching(home: Home, folder: Path) -> RunConfiguration:
    return configured(home, {"GEM_WATCH": f"manuals={folder}"})


def test_no_folder_is_watched_unless_one_is_named(tmp_path):
    unset = read_configuration({"GEM_HOME": str(tmp_path)})
    assert unset.watched is None
    names = [sensor.name for sensor in build_definitions(unset).sensors or []]
    assert "watch_folder" not in names


@pytest.mark.parametrize("value", ["manuals", "=/srv", "../up=/srv", "a="])
def test_a_watch_that_names_no_corpus_and_folder_is_told(value):
    with pytest.raises(SettingsError, match="CORPUS=FOLDER"):
        read_configuration({"GEM_WATCH": value})


def test_a_file_is_new_until_it_is_ingested_and_again_when_it_changes(home, folder):
    put(folder, "a.txt", STEPS + "a")
    put(folder, "fresh.txt", STEPS + "still being written", age=-HOUR)  # fresh however slow the test is
    configuration = watching(home, folder)
    definitions = build_definitions(configuration)
    sensor = definitions.resolve_sensor_def("watch_folder")
    made = {"workplace": Workplace(configuration)}
    watched = configuration.watched
    assert watched is not None

    def look() -> object:
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(instance, resources=made) as context,
        ):
            return sensor(context)

    def run() -> None:
        with dg.DagsterInstance.ephemeral() as instance:
            job = definitions.resolve_job_def("ingest_watched_folder")
            assert job.execute_in_process(instance=instance).success
            assert set(instance.get_dynamic_partitions("corpus_shards")) == set(shard_names(home))

    first = look()
    assert isinstance(first, dg.RunRequest)
    run()
    assert ask(home, "SELECT source, corpus FROM raw_rows") == [("a.txt", "manuals")]
    assert isinstance(look(), dg.SkipReason)
    later = time.time() + HOUR + SECONDS_UNTOUCHED
    assert [file.source for file in new_files(home, watched, later)] == ["fresh.txt"]
    put(folder, "a.txt", STEPS + "changed")
    second = look()
    assert isinstance(second, dg.RunRequest)
    assert second.run_key != first.run_key
    run()
    assert shard_names(home) == ["manuals-00000", "manuals-00001"]


def test_a_folder_that_is_not_there_is_told_and_waited_for(home, folder):
    definitions = build_definitions(watching(home, folder))
    made = {"workplace": Workplace(watching(home, folder))}
    with dg.build_sensor_context(resources=made) as context:
        found = definitions.resolve_sensor_def("watch_folder")(context)
    assert isinstance(found, dg.SkipReason)
    assert "does not exist" in (found.skip_message or "")
