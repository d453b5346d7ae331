"""The stored bad inputs and what their README wants of them, and bad inputs made here that nobody stored."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gem_assets.settings import IngestSettings
from gem_assets.stages.catalog import declare_home
from gem_assets.store.home import Home
from gem_assets_tests.corpus.intake import (
    CORPORA,
    STEPS,
    ask,
    broken_checks,
    counts,
    jsonl,
    shards,
    take_in,
    write,
)

BAD = CORPORA / "bad"
EXPECTED: list[dict[str, Any]] = (
    [json.loads(line) for line in (BAD / "expected.jsonl").read_text("utf-8").splitlines()]
    if BAD.is_dir()
    else []
)
needs_corpora = pytest.mark.skipif(not BAD.is_dir(), reason="shared/corpora is not here")


def generate(script: str, *arguments: object) -> None:
    program = ["sh"] if script.endswith(".sh") else [sys.executable]
    command = [*program, str(BAD / script), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


def refusals(home) -> list[tuple[str, str, str]]:
    return ask(home, "SELECT source, place, reason FROM ingest_rejections ORDER BY ALL")


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[tuple[int, int, int], list[Any]]]:
    """Every stored bad input in a corpus of its own: its counts, and its refusals."""
    home = Home(tmp_path_factory.mktemp("bad"))
    declare_home(home)
    found = {
        row["file"]: counts(take_in(home, BAD / row["file"], corpus=f"bad-{number}"))
        for number, row in enumerate(EXPECTED)
    }
    told = ask(home, "SELECT corpus, reason, found, remedy, excerpt FROM ingest_rejections")
    texts = [text for (text,) in ask(home, "SELECT text FROM raw_rows")]
    assert all("\ufffd" not in text and "\x00" not in text for text in texts)
    assert not broken_checks(home)
    return {
        file: (counted, [row[1:] for row in told if row[0] == f"bad-{number}"])
        for number, (file, counted) in enumerate(found.items())
    }


@pytest.mark.parametrize("expected", EXPECTED, ids=[row["file"] for row in EXPECTED])
def test_a_stored_bad_input_meets_its_readme(ingested, expected: dict[str, Any]):
    (accepted, rejected, _), told = ingested[expected["file"]]
    assert expected["accept"][0] <= accepted <= expected["accept"][1]
    assert expected["reject"][0] <= rejected <= expected["reject"][1]
    assert len(told) == rejected
    if expected["reasons"]:
        assert {reason for reason, *_ in told} <= set(expected["reasons"])
    for _, found, remedy, excerpt in told:
        assert found
        assert remedy
        assert "Traceback" not in found
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in found + remedy + excerpt)


@needs_corpora
def test_all_stored_bad_inputs_at_once_are_the_same_twice(home):
    first = take_in(home, BAD)
    again = take_in(home, BAD)
    assert counts(first) == counts(again)
    assert (again.added, again.shards) == (0, [])
    by_ingest = "SELECT * EXCLUDE ingest FROM ingest_rejections WHERE ingest = 'demo-0000{}' ORDER BY ALL"
    assert ask(home, by_ingest.format(0)) == ask(home, by_ingest.format(1))
    assert not broken_checks(home)


@needs_corpora
def test_a_mixed_folder_is_read_where_it_can_be_and_the_rest_is_named(home):
    summary = take_in(home, BAD / "14_mixed_folder")
    assert set(summary.kinds) == {".txt", ".md", ".html", ".jsonl", ".csv"}
    assert summary.total.rejected == 0
    assert [source for source, *_ in refusals(home)] == [
        ".DS_Store",
        "Thumbs.db",
        "g.txt.part",
        "~$lock.docx",
    ]
    assert not ask(home, "FROM raw_rows WHERE text LIKE '%var x%'")


@needs_corpora
def test_kinds_that_are_not_read_are_named_in_one_line(home):
    take_in(home, CORPORA / "raw_samples")
    found = dict(ask(home, "SELECT source, found FROM ingest_rejections"))
    assert found["mallard/C-files-share.page"] == "Mallard help is not read"
    assert found["docbook-xml/mate-gospanel.xml"] == "DocBook is not read"
    assert found["man-roff/inotify.7.gz"] == "a manual page is not read"
    read = dict(ask(home, "SELECT source, text FROM raw_rows"))
    assert "Recovering a Broken System" in read["docbook-html/en-ch08s06.html"]
    assert "\ufffd" not in read["html-legacy-iso-8859-1/hplip-troubleshooting.html"]
    assert not read["markdown-jekyll/ja-how-to-contribute.md"].startswith("---")
    titles = dict(ask(home, "SELECT source, title FROM raw_rows"))
    assert titles["markdown-front-matter-html/how-to-apply.md"] == "How to Apply for VA Health Care"


@needs_corpora
def test_awkward_file_names_are_read_or_passed_over_and_never_obeyed(home, tmp_path):
    generate("make_names.py", tmp_path / "names")
    summary = take_in(home, tmp_path / "names")
    assert summary.total.accepted + summary.total.rejected + summary.passed_over == 15
    assert all(name.startswith("demo-") for name in shards(home))
    assert {path.name for path in tmp_path.iterdir()} == {"names", "home"}


@needs_corpora
def test_awkward_files_hang_nothing_and_links_out_of_a_folder_are_not_followed(home, tmp_path):
    generate("make_awkward.sh", tmp_path / "awkward")
    try:
        take_in(home, tmp_path / "awkward")
        told = {source: reason for source, _, reason in refusals(home)}
        assert told["pipe.txt"] == "special_file"
        assert told["outside.txt"] == told["dangling.txt"] == told["a/b/loop"] == told["self"] == "link"
        assert told["sparse.txt"] == "binary"
        assert not ask(home, "FROM raw_rows WHERE text LIKE '%root:%'")
    finally:
        for name in ("noenter", "unreadable.txt"):
            (tmp_path / "awkward" / name).chmod(0o700)
        (tmp_path / "awkward" / "sparse.txt").unlink()


@needs_corpora
def test_the_generated_million_in_small_is_counted(home, tmp_path):
    generate("make_large.py", "million", tmp_path / "a.jsonl", "--n", 20_000)
    assert counts(take_in(home, tmp_path / "a.jsonl", size=2_000)) == (19_996, 4, 0)


LIMITED = """
import resource, sys
from pathlib import Path
from gem_assets_tests.corpus.intake import ask, counts, take_in
from gem_assets.store.home import Home
import gem_assets.corpus.texts, resiliparse.extract.html2text
home = Home(Path(sys.argv[1]))
take_in(home, Path(sys.argv[2]), corpus="first")
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[4]) * 2**20, -1))
print(*counts(take_in(home, *map(Path, sys.argv[5:]))))
print(*[row[0] for row in ask(home, "SELECT reason FROM ingest_rejections ORDER BY ALL")])
"""


def test_what_is_far_too_large_is_refused_in_bounded_memory(home, tmp_path):
    small = write(tmp_path, "small.txt", STEPS)
    folder = tmp_path / "in"
    long = "x" * (40 * 2**20)
    write(folder, "one-line.txt", long)
    write(folder, "rows.jsonl", '{"text": "' + long + '"}\n{"text": "after"}\n')
    write(folder, "array.json", '[{"text": "' + long + '"}, {"text": "after"}]')
    write(folder, "table.csv", 'text\n"' + long + '"\nafter\n')
    write(folder, "bomb.jsonl.gz", gzip.compress(b'{"text": "' + b"x" * (100 * 2**20), 1))
    write(folder, "deep.json", "[" * (20 * 2**20))
    with (folder / "sparse.jsonl").open("wb") as sparse:
        sparse.write(b'{"text": "' + b"first " * 5_000 + b'"}\n')
        sparse.truncate(400 * 2**20)
    # One text of 30 MB that stands in 2,000 rows, in a file of a few hundred kilobytes.
    repeated = pa.DictionaryArray.from_arrays(
        pa.array([0] * 2_000, pa.int32()), pa.array([long[: 30 * 2**20]])
    )
    pq.write_table(pa.table({"text": repeated}), folder / "dictionary.parquet", compression="zstd")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", LIMITED, str(home.root), str(small), "", "400", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    told, reasons = done.stdout.splitlines()
    accepted, _, blank = map(int, told.split())
    assert (accepted, blank) == (4, 0)
    assert set(reasons.split()) <= {
        "text_too_long",
        "too_large",
        "too_deep",
        "unreadable_parquet",
        "invalid_json",
    }
    assert not broken_checks(home)


def test_a_compression_bomb_of_many_small_rows_stops(home, tmp_path):
    path = write(tmp_path, "a.jsonl.gz", gzip.compress(b"\n" * (8 * 2**20)))
    accepted, rejected, _ = counts(take_in(home, path, limits=IngestSettings(free_expansion_bytes=2**20)))
    assert (accepted, rejected) == (0, 1)
    assert refusals(home)[0][2] == "too_large"


def test_a_pipe_that_is_named_itself_does_not_block(home, tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    summary = take_in(home, tmp_path / "a.txt")
    assert (summary.total.rows, summary.passed_over) == (0, 1)


def test_one_bad_file_does_not_stop_the_others(home, tmp_path):
    folder = tmp_path / "in"
    jsonl(folder / "a.jsonl", [{"text": STEPS}])
    write(folder, "b.parquet", b"PAR1 broken PAR1")
    write(folder, "c.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 9)[:-9])
    write(folder, "d.csv", "no,header\n1,2\n")
    write(folder, "e.txt", b"\x89PNG\r\n")
    write(folder, "f.html", b"<p>\xff\xfe")
    write(folder, "z.jsonl", '{"text": "last"}')
    take_in(home, folder)
    assert {"a.jsonl", "z.jsonl"} <= {source for (source,) in ask(home, "SELECT source FROM raw_rows")}
    assert {source for source, *_ in refusals(home)} == {
        "b.parquet",
        "c.jsonl.gz",
        "d.csv",
        "e.txt",
        "f.html",
    }


def named_twice(column: str) -> pa.Table:
    names = ["text", "id", column]
    return pa.Table.from_arrays([pa.array(["Open it."]), pa.array(["1"]), pa.array(["2"])], names=names)


TABLES = {
    "text twice": (named_twice("text"), (0, 1, 0), "unreadable_parquet"),
    "id twice": (named_twice("id"), (0, 1, 0), "unreadable_parquet"),
    "another column twice": (named_twice("text.text"), (1, 0, 0), None),
    "a struct": (pa.table({"text": [{"a": "b"}, None]}), (0, 2, 0), "text_not_string"),
    "bytes": (pa.table({"text": pa.array([b"Open it.", b"\xff"], pa.large_binary())}), (1, 1, 0), "not_utf8"),
    "a dictionary": (pa.table({"text": pa.array(["a", "b", "a"]).dictionary_encode()}), (3, 0, 0), None),
    "numbers in a dictionary": (
        pa.table({"text": pa.array([1, 2]).dictionary_encode()}),
        (0, 2, 0),
        "text_not_string",
    ),
    "a time beyond the calendar as title": (
        pa.table({"text": ["Open it."], "title": pa.array([2**62], pa.timestamp("us"))}),
        (1, 0, 0),
        None,
    ),
    "a time beyond the calendar as id": (
        pa.table({"text": ["Open it."], "id": pa.array([2**62], pa.timestamp("us"))}),
        (0, 1, 0),
        "unreadable_parquet",
    ),
    "a time as id": (pa.table({"text": ["Open it."], "id": [datetime(2026, 1, 1)]}), (0, 1, 0), "bad_id"),
    "nested columns beside it": (
        pa.table({"text": ["Open it."], "id": [{"a": 1}], "title": [["t"]]}),
        (1, 0, 0),
        None,
    ),
    "the largest number as id": (
        pa.table({"text": ["Open it."], "id": pa.array([2**64 - 1], pa.uint64())}),
        (1, 0, 0),
        None,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_parquet_file_of_any_types_is_read_or_refused(home, tmp_path, name: str):
    table, expected, reason = TABLES[name]
    folder = tmp_path / "in"
    jsonl(folder / "z.jsonl", [{"text": "last"}])
    pq.write_table(table, folder / "a.parquet")
    accepted, rejected, blank = counts(take_in(home, folder))
    assert (accepted - 1, rejected, blank) == expected
    assert {found for _, _, found in refusals(home)} == ({reason} if reason else set())


TEXTS = {
    "cr.csv": (b"id,text\r1,hello\r2,world\r", (0, 1, 0), "bad_csv"),
    "cr-in-record.csv": (b'id,text\n1,"a",b\rc\n2,world\n', (1, 1, 0), "bad_csv"),
    "id-twice.csv": (b"text,id,id\na,1,2\n", (0, 1, 0), "bad_csv"),
    "wide.csv": (b",".join([b"text", *[b"c"] * 6_000]) + b"\n", (0, 1, 0), "too_large"),
    "wide-record.csv": (b"text,id\n" + b"a," * 10**6 + b"\nok,2\n", (1, 1, 0), "bad_csv"),
    "quotes.csv": (b"text,id\n" + b'"a\n' * 2_000 + b"ok,2\n", (1, 2_000, 0), "bad_csv"),
    "window.jsonl.xz": (
        lzma.compress(b'{"text": "a"}\n', filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 2**30}]),
        (0, 1, 0),
        "too_large",
    ),
    "skipped-frame.jsonl.zst": (
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + pa.compress(b'{"text": "a"}', "zstd", asbytes=True),
        (1, 0, 0),
        None,
    ),
    "trailing.jsonl.gz": (gzip.compress(b'{"text": "a"}\n') + b"rubbish", (1, 1, 0), "damaged_archive"),
    "trailing.jsonl.bz2": (bz2.compress(b'{"text": "a"}\n') + b"rubbish", (1, 1, 0), "damaged_archive"),
    "trailing.jsonl.xz": (lzma.compress(b'{"text": "a"}\n') + b"rubbish", (1, 1, 0), "damaged_archive"),
    "two.jsonl.bz2": (bz2.compress(b'{"text": "a"}\n') + bz2.compress(b'{"text": "b"}\n'), (2, 0, 0), None),
    "cut.jsonl.bz2": (bz2.compress(b'{"text": "a"}\n')[:-9], (1, 1, 0), "truncated_bzip2"),
    "commas.json": (b" ,,\n,", (0, 1, 0), "invalid_json"),
    "commas-in-list.json": (b"[,,]", (0, 1, 0), "invalid_json"),
    "comma-at-end.json": (b'[{"text": "a"},]', (1, 0, 0), None),
    "numbers.jsonl": (
        b'{"text": "a", "id": 99999999999999999999999}\n{"text": "b", "id": 7}\n',
        (1, 1, 0),
        "bad_id",
    ),
    "undecodable.html": (b'<meta charset="undefined"><p>words</p>', (0, 1, 0), "bad_encoding"),
    "odd.txt": ("\ufeffwords".encode("utf-16-le") + b"x", (0, 1, 0), "bad_encoding"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_file_is_refused_in_rows_and_the_next_one_is_read(home, tmp_path, name: str):
    content, expected, reason = TEXTS[name]
    write(tmp_path / "in", name, content)
    jsonl(tmp_path / "in" / "zz.jsonl", [{"text": "last"}])
    accepted, rejected, blank = counts(take_in(home, tmp_path / "in"))
    assert (accepted - 1, rejected, blank) == expected
    assert {found for _, _, found in refusals(home)} == ({reason} if reason else set())
    assert not broken_checks(home)


def test_a_file_that_shrinks_or_goes_while_it_is_read_stops_only_itself(home, tmp_path):
    folder = tmp_path / "in"
    long = [{"text": f"{STEPS * 50}{number}"} for number in range(2_000)]
    for name in ("a", "b"):
        jsonl(folder / f"{name}.jsonl", long)
    jsonl(folder / "z.jsonl", [{"text": "last"}])

    def spoil(file: Any) -> bool:
        if file.source == "a.jsonl":
            os.truncate(file.path, 3_000_000)
        if file.source == "b.jsonl":
            Path(file.path).unlink()
        return True

    summary = take_in(home, folder, wanted=spoil)
    assert summary.total.rejected == 2
    assert {source: reason for source, _, reason in refusals(home)} == {
        "a.jsonl": "invalid_json",
        "b.jsonl": "unreadable_file",
    }
    assert ask(home, "SELECT count(*) FROM raw_rows WHERE source = 'z.jsonl'") == [(1,)]
