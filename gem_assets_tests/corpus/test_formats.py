"""What each format may do to rows: compression, character sets, tables, JSON over many lines, Parquet."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.corpus.delimited import read_delimited
from gem_assets.corpus.json_values import cut_values
from gem_assets.corpus.lines import Overlong, read_lines
from gem_assets.corpus.opening import check_encoding
from gem_assets.corpus.reading import read_file
from gem_assets.corpus.rows import Blank, FieldNames, Found, Reading, Refused, Row
from gem_assets.corpus.walking import FoundFile
from gem_assets.settings import IngestSettings
from gem_assets_tests.corpus.intake import write

LIMITS = IngestSettings()
TEXT = "Press Book. " * 40


class Blocks:
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = data, size

    def read(self, size: int, /) -> bytes:
        given, self._data = self._data[: self._size], self._data[self._size :]
        return given


def read(path: Path, encoding: str | None = None, **limits: int) -> list[Found]:
    file = FoundFile(str(path), path.name, path.stat().st_size, 0)
    settings = LIMITS.model_copy(update=limits)
    return list(read_file(file, Reading(encoding=encoding), settings))


def texts(found: list[Found]) -> list[str]:
    return [row.text for row in found if isinstance(row, Row)]


def reasons(found: list[Found]) -> list[str]:
    return [row.reason.value for row in found if isinstance(row, Refused)]


def zstd(data: bytes) -> bytes:
    return pa.compress(data, codec="zstd", asbytes=True)


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress), (".zst", zstd)],
)
def test_a_compressed_file_reads_as_what_it_holds_and_a_cut_one_says_so(tmp_path, suffix, compress):
    rows = "".join(json.dumps({"text": f"{n} {hash(str(n))} {TEXT}"}) + "\n" for n in range(400)).encode()
    whole = compress(rows)
    assert len(texts(read(write(tmp_path, f"a.jsonl{suffix}", whole)))) == 400
    assert len(texts(read(write(tmp_path, f"b.jsonl{suffix}", compress(rows) + compress(rows))))) == 800
    cut = read(write(tmp_path, f"c.jsonl{suffix}", whole[: len(whole) * 2 // 3]))
    assert isinstance(cut[-1], Refused)
    assert cut[-1].reason.value.startswith("truncated_")
    assert read(write(tmp_path, "plain.jsonl.gz", rows))[0] == read(write(tmp_path, "plain.jsonl", rows))[0]
    [refused] = read(write(tmp_path, "named.txt", whole))
    assert isinstance(refused, Refused)
    assert (refused.reason.value, suffix in refused.remedy) == ("binary", True)


def test_a_damaged_archive_is_no_truncated_one(tmp_path):
    whole = bytearray(gzip.compress(b'{"text": "x"}\n' * 5000))
    whole[-6] ^= 1
    assert reasons(read(write(tmp_path, "a.jsonl.gz", bytes(whole))))[-1] == "damaged_archive"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_marked_encoding_is_read_and_the_mark_is_no_text(tmp_path, encoding):
    assert texts(read(write(tmp_path, "a.txt", "Öffne 漢".encode(encoding)))) == ["Öffne 漢"]
    assert texts(read(write(tmp_path, "a.jsonl", '{"text": "漢"}\n'.encode(encoding)))) == ["漢"]


def test_a_named_encoding_is_used_and_what_is_not_in_it_is_refused(tmp_path):
    assert texts(read(write(tmp_path, "a.txt", "café".encode("cp1252")), "cp1252")) == ["café"]
    assert reasons(read(write(tmp_path, "a.txt", b"abc\x81\xff"), "shift_jis")) == ["bad_encoding"]
    assert texts(read(write(tmp_path, "a.csv", "text\nä\n".encode("latin-1")), "latin-1")) == ["ä"]


@pytest.mark.parametrize("name", ["klingon", "rot13", "zip", "hex"])
def test_an_encoding_that_is_none_is_told(name):
    with pytest.raises(ValueError, match=name):
        check_encoding(name)


def test_a_page_is_read_in_the_character_set_it_declares(tmp_path):
    page = '<meta charset="iso-8859-1"><p>café “x”'.encode("cp1252")
    assert texts(read(write(tmp_path, "a.html", page))) == ["café “x”"]
    assert reasons(read(write(tmp_path, "a.html", b"<p>caf\xe9"))) == ["not_utf8"]


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(1, 12))
def test_lines_are_the_same_in_whatever_blocks_they_come(data, size, limit):
    found = list(read_lines(Blocks(data, size), limit))
    wanted = data.split(b"\n")
    wanted = wanted[:-1] if wanted[-1] == b"" else wanted
    assert len(found) == len(wanted)
    for line, whole in zip(found, wanted, strict=True):
        if len(whole) > limit:
            assert isinstance(line, Overlong)
            assert line.length == len(whole)
        else:
            assert line == whole


values = st.recursive(
    st.text(max_size=6) | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=4), values, max_size=3), max_size=5),
    st.integers(1, 9),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_json_values_are_cut_at_their_borders_in_whatever_blocks_they_come(objects, size, indent, array):
    text = (
        json.dumps(objects, indent=indent)
        if array
        else "\n".join(json.dumps(o, indent=indent) for o in objects)
    )
    cut = [
        bytes(value) for value in cut_values(Blocks(text.encode(), size), LIMITS) if isinstance(value, bytes)
    ]
    assert [json.loads(value) for value in cut] == objects


@pytest.mark.parametrize(
    "text", ['[{"text": "a"}, {"text": "b"', '[{"text": "a"}, {"text": "b', '{"text": "a"}}']
)
def test_json_that_ends_early_gives_what_came_before_and_one_refusal(tmp_path, text):
    found = read(write(tmp_path, "a.json", text))
    assert texts(found) == ["a"]
    assert reasons(found) == ["invalid_json"]


def test_an_indented_array_named_as_json_lines_is_read_as_an_array(tmp_path):
    rows = json.dumps([{"text": "a"}, {"text": "b"}], indent=1)
    assert texts(read(write(tmp_path, "a.jsonl", rows))) == ["a", "b"]
    assert "rename the file to .json" in str(read(write(tmp_path, "b.jsonl", '[{"text": "a"}]')))


def test_a_key_that_stands_twice_is_noted(tmp_path):
    [row] = read(write(tmp_path, "a.jsonl", '{"text": "a", "text": "b", "meta": {"text": 1}}'))
    assert isinstance(row, Row)
    assert (row.text, row.note) == ("b", "the key text stands in it twice, the last one counts")
    [row] = read(write(tmp_path, "a.jsonl", '{"text": "a", "meta": {"text": 1}}'))
    assert isinstance(row, Row)
    assert row.note is None


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=8)


@given(
    st.lists(st.tuples(cells, cells), max_size=6), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"])
)
def test_a_table_that_is_written_right_is_read_right(records, separator, end):
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "text"), *records])
    found = list(read_delimited(Blocks(out.getvalue().encode(), 7), FieldNames(), LIMITS))
    assert [row.text for row in found if isinstance(row, Row)] == [text for _, text in records]


def test_a_quote_that_is_never_closed_costs_its_line_only(tmp_path):
    lines = ["id,text", '1,"open', "2,two", '3,"th""ree"', "4,four,five", "", '5,"six\nseven"', "6"]
    found = read(write(tmp_path, "a.csv", "\n".join(lines)))
    assert texts(found) == ["two", 'th"ree', "six\nseven"]
    assert reasons(found) == ["bad_csv"] * 3
    assert sum(isinstance(row, Blank) for row in found) == 1
    assert [row.place for row in found if isinstance(row, Refused)] == ["line 2", "line 5", "line 9"]


def test_hostile_quotes_do_not_make_reading_quadratic(tmp_path):
    body = "text,x\n" + '"a\n' * 4_001
    found = read(write(tmp_path, "a.csv", body))
    assert not texts(found)
    assert set(reasons(found)) == {"bad_csv"}


@pytest.mark.parametrize("header", ["text,text", "a,b", "1,Open Settings", ""])
def test_a_table_without_a_clear_text_column_is_refused_once_and_lists_its_columns(tmp_path, header):
    found = read(write(tmp_path, "a.csv", f"{header}\n1,2\n" * 3))
    assert len(reasons(found)) == 1
    assert not texts(found)


def test_header_names_are_found_in_any_case(tmp_path):
    [row] = read(write(tmp_path, "a.csv", "ID;Text;Title\n7;Open it.;T\n"))
    assert isinstance(row, Row)
    assert (row.text, row.source_id, row.title) == ("Open it.", "7", "T")


def test_parquet_rows_are_read_typed_and_refused_one_by_one(tmp_path):
    table = pa.table(
        {
            "ID": [1, 2, 3, None],
            "Text": pa.array([b"one", None, b"\xff", b"four"], pa.binary()),
            "meta": [[1]] * 4,
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    found = read(tmp_path / "a.parquet")
    assert texts(found) == ["one", "four"]
    assert reasons(found) == ["text_not_string", "not_utf8"]
    assert [row.place for row in found if not isinstance(row, Blank)] == ["row 1", "row 2", "row 3", "row 4"]
    assert found[0].source_id == "1"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string())],
)
def test_text_may_be_stored_in_any_type_of_text(tmp_path, kind):
    column = pa.array(["one", "two"]).cast(kind)
    pq.write_table(pa.table({"content": column}), tmp_path / "a.parquet")
    assert texts(read(tmp_path / "a.parquet")) == ["one", "two"]


def test_a_text_beyond_the_limit_is_refused_and_the_next_row_is_read(tmp_path):
    rows = [{"text": "x" * 101}, {"text": "y"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)))
    write(tmp_path, "a.json", json.dumps(rows))
    write(tmp_path, "a.csv", "text\n" + "\n".join(row["text"] for row in rows))
    for name in ("a.parquet", "a.jsonl", "a.json", "a.csv"):
        found = read(tmp_path / name, maximum_text_bytes=100, maximum_row_bytes=300)
        assert texts(found) == ["y"], name
        assert reasons(found) == ["text_too_long"], name
        assert len(found[0].excerpt) <= 200  # pyright: ignore[reportAttributeAccessIssue]


def test_a_data_set_card_is_passed_over(tmp_path):
    card = "---\nlicense: mit\ntask_categories:\n- text\n---\n# Data set\n"
    [found] = read(write(tmp_path, "README.md", card))
    assert isinstance(found, Refused)
    assert not found.counts
