import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gem_assets.corpus.progress import summarise
from gem_assets.corpus.rows import FieldNames, Reading
from gem_assets.corpus.walking import IngestionError
from gem_assets.settings import IngestSettings
from gem_assets.store.dropping import drop_documents
from gem_assets.store.files import only_writer
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.corpus.intake import (
    STEPS,
    ask,
    broken_checks,
    counts,
    jsonl,
    shards,
    take_in,
    write,
)


def rows(count: int, start: int = 0) -> list[dict[str, object]]:
    return [{"id": f"r{n}", "text": f"{STEPS}{n}"} for n in range(start, start + count)]


@pytest.fixture
def other(declared: Path, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(declared, tmp_path / "other")))


def test_every_row_is_accepted_refused_or_blank_and_every_refusal_is_a_row_of_a_table(home, tmp_path):
    path = write(
        tmp_path, "a.jsonl", b'{"text": "one"}\n\nnot json\n{"no": 1}\n{"text": " "}\n{"text": "two"}\n'
    )
    assert counts(take_in(home, path)) == (2, 3, 1)
    refused = ask(home, "SELECT place, reason, remedy <> '' FROM ingest_rejections ORDER BY place")
    assert refused == [
        ("line 3", "invalid_json", True),
        ("line 4", "missing_text", True),
        ("line 5", "empty_text", True),
    ]
    assert ask(home, "SELECT rows_read, accepted, rejected, blank FROM ingested_files") == [(6, 2, 3, 1)]
    assert not broken_checks(home)


def test_a_lost_row_fails_the_check(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", rows(3)))
    assert not broken_checks(home)
    (home.raw / "demo-00000.parquet").unlink()
    assert set(broken_checks(home)) == {"ingested_rows"}


def test_shards_are_the_same_bytes_in_whatever_order_files_are_named_or_made(home, other, tmp_path):
    paths = [tmp_path / "in" / f"{letter}.jsonl" for letter in "cab"]
    for number, path in enumerate(paths):
        jsonl(path, rows(5, 10 * number))
    take_in(home, *paths)
    first = shards(home)
    again = list(paths)
    random.Random(1).shuffle(again)
    for path in again:
        text = path.read_bytes()
        path.unlink()
        path.write_bytes(text)
    take_in(other, *again)
    assert shards(other) == first
    assert len(first) == 4


def test_ingesting_again_adds_nothing_and_says_that_all_is_there(home, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", rows(10))
    first = take_in(home, path)
    before = shards(home)
    again = take_in(home, path)
    assert (first.added, again.added) == (10, 0)
    assert again.total.accepted == 10
    assert again.shards == []
    assert shards(home) == before


def test_adding_text_adds_shards_and_moves_nothing(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", rows(10)))
    before = shards(home)
    take_in(home, jsonl(tmp_path / "a.jsonl", rows(17)))
    after = shards(home)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"demo-00003.parquet", "demo-00004.parquet"}


def test_a_changed_text_of_the_same_id_is_a_new_version_in_a_new_shard(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", rows(2)))
    take_in(home, jsonl(tmp_path / "b.jsonl", [{"id": "r1", "text": "changed"}]))
    found = ask(
        home, "SELECT version, shard, superseded FROM raw_row_status WHERE source_id = 'r1' ORDER BY version"
    )
    assert found == [(1, "demo-00000", True), (2, "demo-00001", False)]
    assert not broken_checks(home)


def test_new_documents_new_versions_and_unchanged_ones_are_counted_apart(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", rows(5)))
    take_in(home, jsonl(tmp_path / "b.jsonl", [{"id": "r1", "text": "changed"}]))
    path = jsonl(tmp_path / "c.jsonl", [*rows(1), {"id": "r2", "text": "other"}, *rows(3, 5)])
    summary = take_in(home, path)
    assert (summary.added, summary.changed, summary.total.accepted) == (4, 1, 5)
    assert "5 rows accepted (3 new, 1 new version, 1 there already)" in summarise(summary, "demo")
    told = "SELECT accepted, added, changed FROM {} WHERE ingest = 'demo-00002'"
    assert ask(home, told.format("ingests")) == ask(home, told.format("ingested_files")) == [(5, 4, 1)]
    # What was dropped and comes back is no new version of anything.
    drop_documents(
        home, "demo", [id for (id,) in ask(home, "SELECT document_id FROM raw_rows WHERE source_id = 'r0'")]
    )
    back = take_in(home, path, again=True)
    assert (back.added, back.changed) == (1, 0)
    assert not broken_checks(home)


def test_an_id_that_stands_twice_is_refused_the_second_time_wherever_it_stands(home, tmp_path):
    jsonl(tmp_path / "in/a.jsonl", [*rows(2), {"id": "r0", "text": "another"}])
    jsonl(tmp_path / "in/b.jsonl", rows(1))
    assert counts(take_in(home, tmp_path / "in")) == (2, 2, 0)
    kept = ask(
        home,
        "SELECT DISTINCT raw.text FROM ingest_rejections AS refused JOIN raw_rows AS raw USING (document_id) "
        "WHERE reason = 'duplicate_id'",
    )
    assert kept == [(f"{STEPS}0",)]


def test_the_same_text_is_found_across_shards_and_corpora_and_the_first_stays_first(home, tmp_path):
    take_in(home, jsonl(tmp_path / "a.jsonl", [{"id": 1, "text": "Open  the DOOR."}]), corpus="zzz")
    take_in(home, jsonl(tmp_path / "b.jsonl", [{"id": 2, "text": "open the\u200b door."}]), corpus="aaa")
    [(first,)] = ask(home, "SELECT document_id FROM raw_rows WHERE corpus = 'zzz'")
    found = ask(home, "SELECT corpus, first_document_id, exact FROM raw_row_status ORDER BY corpus")
    assert found == [("aaa", first, False), ("zzz", first, True)]


def test_hidden_characters_are_counted_and_the_raw_text_stays(home, tmp_path):
    text = "Open\u200b the \u202edoor\u202c.\x1b[31m \u05e9\u05dc\u05d5\u05dd"
    take_in(home, jsonl(tmp_path / "a.jsonl", [{"text": text}, {"text": "plain"}]))
    found = ask(home, "SELECT text, control_count, invisible_count FROM raw_rows ORDER BY position")
    assert found == [(text, 1, 3), ("plain", 0, 0)]


def test_what_markup_was_taken_from_is_kept(home, tmp_path):
    page = (
        "<html><head><title>T &amp; U</title></head><body><ol><li>Open it<li>Press it</ol><script>x</script>"
    )
    take_in(home, write(tmp_path, "a.html", page))
    [(title, text, original)] = ask(home, "SELECT title, text, original FROM raw_rows")
    assert (title, original) == ("T & U", page)
    assert "1. Open it" in text
    assert "2. Press it" in text
    assert "x" not in text


def test_a_shard_is_full_at_a_number_of_bytes_too(home, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"text": "x" * 400 + str(n)} for n in range(9)])
    summary = take_in(home, path, size=100, limits=IngestSettings(maximum_shard_bytes=1000))
    assert len(summary.shards) == 3


def test_columns_are_named_by_option(home, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"blob": "one", "text": "two", "nr": 5, "name": "N", "lang": "de"}])
    reading = Reading(FieldNames().chosen(text="blob", id="nr", title="name"))
    take_in(home, path, reading=reading)
    assert ask(home, "SELECT text, source_id, title, language FROM raw_rows") == [("one", "5", "N", "de")]


def test_two_ingests_of_a_corpus_exclude_each_other(home, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", rows(1))
    with (
        only_writer(home.locks / "corpus-demo.lock", "it"),
        pytest.raises(StoreError, match="another process"),
    ):
        take_in(home, path)


def test_an_error_leaves_no_ledger_and_nothing_half(home, tmp_path):
    with pytest.raises(IngestionError):
        take_in(home, jsonl(tmp_path / "a.jsonl", rows(9)), tmp_path / "nowhere")
    assert shards(home) == {}
    assert ask(home, "FROM ingested_files") == []
    assert not list(home.root.rglob("*.tmp"))


def test_nothing_is_written_outside_the_home(home, tmp_path):
    folder = tmp_path / "in"
    for name in (
        "..%2fup.txt",
        "$(touch pwned).txt",
        "-rf.txt",
        "new\nline.txt",
        "CON.txt",
        "a" * 240 + ".txt",
    ):
        write(folder, name, STEPS + name)
    before = sorted(path.name for path in folder.iterdir())
    summary = take_in(home, folder)
    assert summary.total.accepted == 5
    assert summary.passed_over == 1
    assert sorted(path.name for path in folder.iterdir()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"in", "home"}


KILLED = """
import os, sys
from pathlib import Path
from gem_assets.corpus import block
from gem_assets_tests.corpus.intake import take_in
from gem_assets.store.home import Home
put_in_place, left = Path.replace, int(sys.argv[3])
def stop_after(path, target):
    global left
    left -= Path(target).parent.name == "raw"
    if left < 0:
        os.kill(os.getpid(), 9)
    return put_in_place(path, target)
Path.replace = stop_after
block.BLOCK_ROWS = 7
take_in(Home(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("written", [0, 1, 3])
def test_killed_anywhere_and_done_again_gives_the_same_shards_and_the_same_ledger(
    home, other, tmp_path, written
):
    path = jsonl(tmp_path / "a.jsonl", [*rows(13), {"id": "r3", "text": "again"}, *rows(6, 13)])
    take_in(other, path)
    command = [sys.executable, "-c", KILLED, str(home.root), str(path), str(written)]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert len(shards(home)) == written
    summary = take_in(home, path)
    assert shards(home) == shards(other)
    assert summary.added == 19
    for table in ("ingested_files", "ingest_rejections"):
        assert ask(home, f"FROM {table}") == ask(other, f"FROM {table}")
    assert not broken_checks(home)
    assert not list(home.raw.glob(".*.tmp"))


def test_twenty_thousand_rows_are_counted_and_memory_does_not_follow_them(tmp_path):
    # 1,000 and 20,000 rows of 2 kB may differ by a block or two, not by all of the text.
    peaks = []
    for count in (1_000, 20_000):
        path = jsonl(
            tmp_path / f"{count}.jsonl", ({"id": n, "text": f"{n} " + STEPS * 35} for n in range(count))
        )
        code = (
            "import resource, sys; from gem_assets.cli import main\n"
            "try: main(sys.argv[1:])\n"
            "except SystemExit: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
        )
        command = [
            sys.executable,
            "-c",
            code,
            "ingest",
            str(path),
            "--corpus",
            "many",
            "--shard-size",
            "1000",
        ]
        environment = {**os.environ, "GEM_HOME": str(tmp_path / f"home{count}")}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert f"{count:,} rows accepted, 0 refused, 0 blank" in done.stdout
        peaks.append(int(done.stdout.split()[-1]))
    assert peaks[1] - peaks[0] < 250, peaks
