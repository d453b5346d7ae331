import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.records.document import RawRow, RowStatus
from gem_assets.records.outcome import Kept, Reason, Rejected
from gem_assets.store.connections import open_live, open_memory
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError
from gem_assets.store.raw import find_raw_rows, read_row_statuses, shard_names
from gem_assets_tests.fakes import ScriptedLlm
from gem_assets_tests.stages.chain import judge
from gem_assets_tests.store.writing import add_rows, document

SIZE = 3


def row(number: int, text: str | None = None, corpus: str = "demo") -> RawRow:
    made = document(number, document_id=f"{corpus}-{number}", corpus=corpus).model_dump()
    del made["language"]
    return RawRow.model_validate(made | {"text": text or f"Text {number}: open the app, press start. " * 4})


def add(home: Home, *rows: RawRow, corpus: str = "demo") -> list[str]:
    return add_rows(home, corpus, rows, SIZE)


def files(home: Home) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in home.raw.glob("[a-z]*.parquet")}


def statuses(home: Home, shard: str) -> list[RowStatus]:
    with open_memory() as connection:
        return read_row_statuses(connection, home, shard)


def verdict(status: RowStatus) -> str:
    outcome = judge("documents", status, ScriptedLlm({}))
    return "kept" if isinstance(outcome, Kept) else str(getattr(outcome, "reason", outcome))


def stored(home: Home) -> list[tuple[str, int, str]]:
    with open_live(home, ("raw_rows",)) as connection:
        return connection.execute(
            "SELECT document_id, version, text FROM raw_rows ORDER BY shard, position"
        ).fetchall()


def test_rows_fill_shards_of_one_size_in_the_order_they_came(home: Home):
    rows = [row(number) for number in range(7)]
    assert add(home, *rows) == ["demo-00000", "demo-00001", "demo-00002"] == shard_names(home)
    assert [[status.row for status in statuses(home, shard)] for shard in shard_names(home)] == [
        rows[:3],
        rows[3:6],
        rows[6:],
    ]


def test_adding_the_same_rows_twice_adds_nothing(home: Home):
    add(home, *map(row, range(5)))
    before = files(home)
    assert add(home, *map(row, range(5))) == []
    assert add(home, *map(row, reversed(range(5)))) == []
    assert files(home) == before


def test_adding_more_adds_shards_and_moves_no_row(home: Home):
    add(home, *map(row, range(4)))
    before = files(home)
    assert add(home, *map(row, range(9))) == ["demo-00002", "demo-00003"]
    after = files(home)
    assert {name: after[name] for name in before} == before
    assert [document_id for document_id, _, _ in stored(home)] == [f"demo-{n}" for n in range(9)]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), unique=True, max_size=6), max_size=4))
def test_whatever_is_added_in_whatever_portions_every_row_stands_once(
    declared: Path, tmp_path_factory: pytest.TempPathFactory, portions: Sequence[list[int]]
):
    home = Home(Path(shutil.copytree(declared, tmp_path_factory.mktemp("portions") / "home")))
    add(home, row(0))
    for portion in portions:
        before = files(home)
        add(home, *map(row, portion))
        after = files(home)
        assert {name: after[name] for name in before} == before
    wanted = {f"demo-{number}" for number in {0}.union(*portions)}
    found = [document_id for document_id, _, _ in stored(home)]
    assert sorted(found) == sorted(wanted)


def test_corpora_have_shards_of_their_own(home: Home):
    add(home, row(1))
    assert add(home, row(1, corpus="demo-2"), corpus="demo-2") == ["demo-2-00000"]
    assert shard_names(home, "demo") == ["demo-00000"]
    assert shard_names(home, "demo-2") == ["demo-2-00000"]
    with pytest.raises(StoreError):
        shard_names(home, "../demo")


def test_a_changed_text_is_a_new_version_in_a_new_shard_and_supersedes_the_old(home: Home):
    add(home, row(1), row(2))
    before = files(home)
    assert add(home, row(1), row(2, "Open the new app and press the new button. " * 4)) == ["demo-00001"]
    assert {name: files(home)[name] for name in before} == before
    [kept, old] = statuses(home, "demo-00000")
    [new] = statuses(home, "demo-00001")
    assert [verdict(status) for status in (kept, old, new)] == ["kept", Reason.CORPUS_SUPERSEDED, "kept"]
    assert (new.row.document_id, new.row.version) == (old.row.document_id, 2)
    assert (old.key, new.key) == ("demo-2@1", "demo-2@2")


def test_a_text_that_changes_back_is_a_third_version(home: Home):
    first, second = row(1), row(1, "Another text. " * 20)
    for each in (first, second, first):
        add(home, each)
    assert [(version, text) for _, version, text in stored(home)] == [
        (1, first.text),
        (2, second.text),
        (3, first.text),
    ]
    assert [verdict(statuses(home, shard)[0]) for shard in shard_names(home)] == [
        Reason.CORPUS_SUPERSEDED,
        Reason.CORPUS_SUPERSEDED,
        "kept",
    ]


def test_a_duplicate_in_another_shard_names_the_document_that_is_kept(home: Home):
    text = "Open the app, choose the tab, press start. " * 4
    add(home, row(1, text), row(2))
    add(home, row(3, text.upper().replace(" ", "\n  ")))
    [duplicate] = statuses(home, "demo-00001")
    outcome = judge("documents", duplicate, ScriptedLlm({}))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == Reason.CORPUS_DUPLICATE
    assert "demo-1" in outcome.evidence
    assert [verdict(status) for status in statuses(home, "demo-00000")] == ["kept", "kept"]


def test_a_text_of_another_corpus_is_a_duplicate_too(home: Home):
    text = "Open the app, choose the tab, press start. " * 4
    add(home, row(1, text))
    add(home, row(1, text, "other"), corpus="other")
    assert [verdict(statuses(home, shard)[0]) for shard in shard_names(home)] == [
        "kept",
        Reason.CORPUS_DUPLICATE,
    ]


def test_the_old_text_of_a_superseded_row_may_live_on_elsewhere(home: Home):
    text = "Open the app, choose the tab, press start. " * 4
    add(home, row(1, text))
    add(home, row(1, "A new text. " * 20), row(2, text))
    assert [verdict(status) for status in statuses(home, "demo-00001")] == ["kept", "kept"]


def test_texts_that_differ_in_one_letter_are_no_duplicates(home: Home):
    text = "Open the app, choose the tab, press start. " * 4
    add(home, row(1, text), row(2, text.replace("press", "dress", 1)))
    assert [verdict(status) for status in statuses(home, "demo-00000")] == ["kept", "kept"]


def test_every_row_of_a_shard_is_judged_against_all_shards_at_once(home: Home):
    texts = ["same " * 30, "same " * 30, "SAME\n" * 30]
    for number, text in enumerate(texts):
        add(home, row(number, text))
    verdicts = [verdict(statuses(home, shard)[0]) for shard in shard_names(home)]
    assert verdicts == ["kept", Reason.CORPUS_DUPLICATE, Reason.CORPUS_DUPLICATE]


def test_raw_text_is_stored_as_it_came(home: Home):
    text = "\ufeffa\x00b\r\n\u202e</document>'\"; --\u2028👩‍👩‍👧" * 5
    add(home, row(1, text))
    assert stored(home) == [("demo-1", 1, text)]


def test_a_corpus_that_is_being_added_to_is_told_so(home: Home):
    with (
        only_writer(home.locks / "corpus-demo.lock", "it"),
        pytest.raises(StoreError, match="another process is writing the corpus demo"),
    ):
        add(home, row(1))
    assert shard_names(home) == []


def test_a_document_is_found_by_the_beginning_of_its_id_in_its_newest_version(home: Home):
    add(home, row(1), row(2), row(12))
    add(home, row(2, "new text " * 20))
    with open_live(home, ("raw_rows",)) as connection:
        assert [found.version for found in find_raw_rows(connection, "demo-2")] == [2]
        for prefix in ("demo-1", "nothing", "%", "demo_2"):
            assert find_raw_rows(connection, prefix) == []


def test_no_shard_is_named_by_the_schema_or_a_temporary_file(home: Home):
    (home.raw / ".demo-00000.parquet.1.tmp").touch()
    assert shard_names(home) == []
    assert all(re.fullmatch(r"_schema|", path.stem) for path in home.raw.glob("*.parquet"))


def test_files_of_a_home_that_is_not_declared_are_none(tmp_path: Path):
    assert shard_names(Home(tmp_path)) == []
