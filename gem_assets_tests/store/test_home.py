from pathlib import Path

import pytest

from gem_assets.store.home import Home, StoreError, check_corpus, check_run, check_shard

HOME = Home(Path("home"))


@pytest.mark.parametrize("name", ["wikihow-00003", "a-00000", "my-corpus-2-99999", "x" * 61 + "-00000"])
def test_a_shard_is_named_after_its_corpus_and_number(name: str):
    assert check_shard(name) == name
    assert HOME.shard_file("documents_outcomes", name).name == f"{name}.parquet"


@pytest.mark.parametrize(
    "name",
    ["", "wikihow", "wikihow-3", "wikihow-000003", "../up-00000", "a/b-00000", "A-00000", "-00000",
     "a-00000\n", "_schema", "a'-00000", "x" * 62 + "-00000", "a-0000٣"],
)  # fmt: skip
def test_no_other_text_becomes_part_of_a_path_as_a_shard(name: str):
    with pytest.raises(StoreError, match="is no shard"):
        HOME.shard_file("documents_outcomes", name)
    with pytest.raises(StoreError):
        HOME.history_file("documents", name, "run")


@pytest.mark.parametrize("name", ["", "..", "a/b", "Wiki", "wiki how", "-wiki", "x" * 62, "wiki\n"])
def test_no_other_text_names_a_corpus(name: str):
    with pytest.raises(StoreError, match="cannot name a corpus"):
        check_corpus(name)


@pytest.mark.parametrize("run", ["", "..", "a/b", "a.b", "x" * 65, "a\n"])
def test_no_other_text_names_a_run(run: str):
    with pytest.raises(StoreError, match="cannot name a run"):
        check_run(run)


@pytest.mark.parametrize("root", ["/srv/q?st", "/srv/a%20b", "/srv/a\\b", "/srv/**/b"])
def test_a_path_that_a_database_takes_for_another_is_refused(root: str):
    with pytest.raises(StoreError, match=r"GEM_HOME cannot be .* set it to another folder"):
        Home(Path(root))


def test_everything_lies_under_the_root():
    places = [HOME.raw, HOME.tables, HOME.stage_runs, HOME.locks, HOME.warehouse, HOME.journal, HOME.reports]
    places += [
        HOME.dagster,
        HOME.table_folder("workflows_outcomes"),
        HOME.history_file("a", "b-00000", "run"),
    ]
    assert all(place.is_relative_to("home") for place in places)
    assert len(set(places)) == len(places)
