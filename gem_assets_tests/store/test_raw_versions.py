import pytest

from gem_assets.store.connections import open_memory
from gem_assets.store.dropping import drop_documents
from gem_assets.store.home import Home
from gem_assets.store.raw import read_row_statuses, shard_names
from gem_assets.store.raw_versions import raw_version, raw_versions
from gem_assets_tests.store.test_raw import add, row


def read_anew(home: Home) -> dict[str, str]:
    with open_memory() as connection:
        return {shard: raw_version(read_row_statuses(connection, home, shard)) for shard in shard_names(home)}


@pytest.fixture
def ingested(home: Home) -> Home:
    add(home, *[row(number) for number in range(7)])
    raw_versions(home, shard_names(home))
    return home


def test_what_is_remembered_is_what_reading_anew_gives(ingested: Home):
    assert raw_versions(ingested, shard_names(ingested)) == read_anew(ingested)


def test_a_superseded_a_repeated_and_a_dropped_document_change_their_shard_and_no_other(ingested: Home):
    before = read_anew(ingested)
    add(ingested, row(0, "Another text: " * 20))
    superseded = raw_versions(ingested, shard_names(ingested))
    assert superseded == read_anew(ingested)
    assert [shard for shard in before if superseded[shard] != before[shard]] == ["demo-00000"]
    drop_documents(ingested, "demo", ["demo-4"])
    dropped = raw_versions(ingested, shard_names(ingested))
    assert dropped == read_anew(ingested)
    assert [shard for shard in superseded if dropped[shard] != superseded[shard]] == ["demo-00001"]


@pytest.mark.parametrize("left", ["", "{", "[1]"])
def test_a_spoiled_memory_is_made_anew(ingested: Home, left: str):
    (ingested.raw / "status" / "versions.json").write_text(left)
    assert raw_versions(ingested, shard_names(ingested)) == read_anew(ingested)
