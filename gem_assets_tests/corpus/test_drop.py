import pytest

from gem_assets.settings import Settings
from gem_assets.stages.staleness import find_stale
from gem_assets.store.dropping import drop_documents, find_documents
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import shard_names
from gem_assets_tests.configured import configured
from gem_assets_tests.corpus.intake import STEPS, ask, broken_checks, counts, jsonl, shards, take_in
from gem_assets_tests.stages import chain


@pytest.fixture
def path(tmp_path):
    return jsonl(tmp_path / "a.jsonl", [{"id": n, "text": f"{n} {STEPS * 3}"} for n in range(6)])


def carry(home: Home) -> None:
    for shard in shard_names(home):
        chain.carry(Settings(home=home.root), shard, "run", until="documents")


def test_a_dropped_document_leaves_its_shard_and_the_others_stay(home, path):
    take_in(home, path)
    before = shards(home)
    [(gone,)] = ask(home, "SELECT document_id FROM raw_rows WHERE source_id = '2'")
    corpus, found = find_documents(home, None, gone[:9])
    dropped = drop_documents(home, corpus, found)
    assert (dropped.documents, dropped.rows, dropped.shards) == (1, 1, 1)
    assert not ask(home, f"FROM raw_rows WHERE document_id = '{gone}'")
    after = shards(home)
    assert [name for name in before if before[name] != after[name]] == ["demo-00000.parquet"]
    assert not broken_checks(home)


def test_what_was_dropped_comes_back_only_when_asked_for_and_as_a_later_version(home, path):
    take_in(home, path)
    drop_documents(home, *find_documents(home, "demo", None))
    assert ask(home, "FROM raw_rows") == []
    assert shard_names(home) == ["demo-00000", "demo-00001"]
    assert counts(take_in(home, path)) == (0, 6, 0)
    assert ask(home, "SELECT DISTINCT reason FROM ingest_rejections") == [("dropped",)]
    summary = take_in(home, path, again=True)
    assert (summary.added, summary.shards) == (6, ["demo-00002", "demo-00003"])
    assert ask(home, "SELECT DISTINCT version FROM raw_rows") == [(2,)]
    assert counts(take_in(home, path)) == (6, 0, 0)
    assert not broken_checks(home)


def test_descendants_are_marked_and_gone_after_the_next_run(home, path):
    take_in(home, path)
    carry(home)
    assert len(ask(home, "FROM documents")) == 6
    dropped = drop_documents(home, *find_documents(home, "demo", None))
    assert dropped.descendants == 6
    assert len(ask(home, "FROM dropped_records")) == 6
    stale = find_stale(configured(home), shard_names(home), "documents")
    assert [(item.shard, item.reason) for item in stale] == [
        ("demo-00000", "its input changed"),
        ("demo-00001", "its input changed"),
    ]
    carry(home)
    assert ask(home, "FROM documents") == ask(home, "FROM dropped_records") == []


def test_when_the_first_of_two_equal_texts_is_dropped_the_other_takes_its_place(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", [{"id": 1, "text": STEPS}, {"id": 2, "text": STEPS}]))
    [(first,), (second,)] = ask(home, "SELECT document_id FROM raw_rows ORDER BY position")
    assert ask(home, "SELECT DISTINCT first_document_id FROM raw_row_status") == [(first,)]
    drop_documents(home, "demo", [first])
    assert ask(home, "SELECT document_id, first_document_id FROM raw_row_status") == [(second, second)]


def test_a_drop_that_was_stopped_is_finished_by_doing_it_again(home, path, monkeypatch):
    take_in(home, path)
    corpus, found = find_documents(home, "demo", None)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("gem_assets.store.dropping.replacing", stop)
        with pytest.raises(KeyboardInterrupt):
            drop_documents(home, corpus, found)
    drop_documents(home, *find_documents(home, "demo", None))
    assert ask(home, "FROM raw_rows") == []
    assert counts(take_in(home, path)) == (0, 6, 0)


@pytest.mark.parametrize(
    ("corpus", "document"), [("nothing", None), (None, "0000"), (None, ""), ("demo", "zz")]
)
def test_what_is_not_there_or_not_one_cannot_be_dropped(home, path, corpus, document):
    take_in(home, path)
    with pytest.raises(StoreError):
        find_documents(home, corpus, document)


def test_dropping_touches_no_other_corpus(home, path):
    take_in(home, path)
    take_in(home, path, corpus="other")
    drop_documents(home, *find_documents(home, "demo", None))
    assert ask(home, "SELECT DISTINCT corpus FROM raw_rows") == [("other",)]


def test_a_record_whose_text_came_back_in_another_shard_is_still_marked(home, path):
    take_in(home, path)
    carry(home)
    drop_documents(home, *find_documents(home, "demo", None))
    take_in(home, path, again=True)
    assert len(ask(home, "FROM dropped_records")) == 6
