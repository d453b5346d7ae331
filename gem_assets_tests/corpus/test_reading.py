import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.corpus.identity import duplicate_key_of
from gem_assets.corpus.reading import Ingestion, RefusedRow, read_each, read_paths
from gem_assets.corpus.walking import IngestionError
from gem_assets.store.home import Home
from gem_assets_tests.store.writing import add_rows

GOOD = json.dumps({"text": "Open it."})
# A line, and why it is refused.
REFUSED = {
    "{": "invalid_json",
    '{"text": "a"}}': "invalid_json",
    "Open it.": "invalid_json",
    '{"text": "a\x01"}': "invalid_json",
    "[" * 20_000 + "]" * 20_000: "too_deep",
    '{"text": ' + "[" * 20_000 + "]" * 20_000 + "}": "too_deep",
    '["text"]': "not_an_object",
    '"text"': "not_an_object",
    "null": "not_an_object",
    "3": "not_an_object",
    "{}": "missing_text",
    '{"title": "no text"}': "missing_text",
    '{"text": null}': "text_not_string",
    '{"text": 3}': "text_not_string",
    '{"text": ["a"]}': "text_not_string",
    '{"text": {"a": "b"}}': "text_not_string",
    '{"text": ""}': "empty_text",
    '{"text": "\\u200b\\ufeff "}': "empty_text",
    '{"text": "a", "id": [1]}': "bad_id",
    '{"text": "a", "id": true}': "bad_id",
    '{"text": "a", "id": 1.5}': "bad_id",
    r'{"text": "a\ud800b"}': "bad_unicode",
}
BLANK = ["", "   ", "\t", "\r"]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(*paths: Path) -> Ingestion:
    return read_paths(list(paths), "demo")


def counts(result: Ingestion) -> tuple[int, int, int]:
    return len(result.accepted), len(result.refused), result.blank


def refusal(result: Ingestion) -> RefusedRow:
    [refused] = result.refused
    assert refused.reason
    assert refused.remedy
    return refused


@pytest.mark.parametrize(("line", "reason"), REFUSED.items(), ids=[line[:20] for line in REFUSED])
def test_a_line_that_holds_no_row_is_refused_with_its_place_and_the_rest_goes_on(
    tmp_path: Path, line: str, reason: str
):
    result = read(write(tmp_path, "a.jsonl", f"{GOOD}\n{line}\n{GOOD}\n"))
    assert counts(result) == (2, 1, 0)
    refused = refusal(result)
    assert (refused.source, refused.place) == ("a.jsonl", "line 2")
    assert reason in refused.reason


lines = st.lists(st.sampled_from([*REFUSED, *BLANK, GOOD, '{"body": "b", "id": 1}']), max_size=12)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([b"", b"\xef\xbb\xbf"]))
def test_every_line_is_accepted_refused_or_blank(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], end: str, closed: bool, mark: bytes
):
    text = end.join(rows) + (end if closed and rows else "")
    path = write(tmp_path_factory.mktemp("rows"), "a.jsonl", mark + text.encode())
    lines_there = len(text.removesuffix("\n").split("\n")) if text else 0
    first = next((row for row in rows if row.strip()), "")
    # A line that is nothing but an opening bracket begins JSON that spreads over lines.
    assert first == "{" or sum(counts(read(path))) == lines_there


@pytest.mark.parametrize("name", ["a.jsonl", "a.md", "a.json", "a.csv", "a.txt", "a.html", "a.parquet"])
def test_an_empty_file_holds_no_row(tmp_path: Path, name: str):
    assert counts(read(write(tmp_path, name, ""))) == (0, 0, 0)
    assert counts(read(write(tmp_path, "b.txt", "\ufeff"))) == (0, 0, 0)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path):
    [row] = read(write(tmp_path, "a.md", b"\xef\xbb\xbf# Title\nText")).accepted
    assert (row.title, row.text) == ("Title", "# Title\nText")
    [row] = read(write(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + GOOD.encode())).accepted
    assert row.text == "Open it."


@pytest.mark.parametrize("content", [b"caf\xe9", GOOD.encode() + b"\n\xc3\x28"])
def test_text_that_is_not_utf_8_is_refused_with_the_byte_and_never_guessed(tmp_path: Path, content: bytes):
    whole = refusal(read(write(tmp_path, "a.md", content)))
    assert whole.reason.startswith("not_utf8: not UTF-8 at byte ")
    assert "--encoding" in whole.remedy
    result = read(write(tmp_path, "a.jsonl", content))
    assert "not_utf8" in refusal(result).reason
    assert len(result.accepted) == content.count(b"\n")


@pytest.mark.parametrize("name", ["a.pdf", "a", "a.yaml", "a.7.gz", "a.docx", "a.parquet.gz"])
def test_a_file_of_another_kind_is_refused_and_told(tmp_path: Path, name: str):
    write(tmp_path, "b.md", "text")
    write(tmp_path, name, "text")
    result = read(tmp_path)
    assert counts(result) == (1, 1, 0)
    assert refusal(result).source == name
    assert "is not read" in refusal(result).reason


@pytest.mark.parametrize("name", ["a.md", "A.MD", "a.markdown"])
def test_a_text_file_is_one_row_named_after_its_heading_or_file(tmp_path: Path, name: str):
    [row] = read(write(tmp_path, name, "\n\n## The heading \nText.")).accepted
    assert (row.title, row.place, row.source) == ("The heading", "whole file", name)
    [row] = read(write(tmp_path, name, "Text.\n# No heading")).accepted
    assert row.title == Path(name).stem


def test_front_matter_is_taken_off_and_read(tmp_path: Path):
    front = '---\nlayout: page\ntitle: "How to pay"\nlang: ja\nlicense: CC0\n---\n'
    [row] = read(write(tmp_path, "a.md", front + "# Pay\nText.")).accepted
    assert (row.title, row.language, row.license, row.text) == ("How to pay", "ja", "CC0", "# Pay\nText.")


def test_a_path_that_does_not_exist_is_told(tmp_path: Path):
    with pytest.raises(IngestionError, match=r"nowhere\.md does not exist"):
        read(tmp_path / "nowhere.md")


@pytest.mark.parametrize("field", ["text", "content", "body"])
def test_the_text_may_stand_under_its_usual_names(tmp_path: Path, field: str):
    [row] = read(write(tmp_path, "a.jsonl", json.dumps({field: "Open it."}))).accepted
    assert row.text == "Open it."


def test_what_a_row_brings_along_is_kept(tmp_path: Path):
    fields = {"text": "a", "id": 7, "title": "T", "url": "u", "license": "l", "language": "en", "other": [1]}
    [row] = read(write(tmp_path, "a.jsonl", json.dumps(fields))).accepted
    assert (row.source_id, row.title, row.url, row.license, row.language) == ("7", "T", "u", "l", "en")


@pytest.mark.parametrize("value", [None, "", "  ", ["x"], {"a": 1}])
def test_what_is_no_text_is_not_kept_as_title(tmp_path: Path, value: object):
    [row] = read(write(tmp_path, "a.jsonl", json.dumps({"text": "a", "title": value}))).accepted
    assert row.title is None


def test_the_second_row_of_an_id_is_refused(tmp_path: Path):
    rows = [{"text": "a", "id": 1}, {"text": "b", "id": "1"}, {"text": "c", "id": 2}, {"text": "d", "id": ""}]
    result = read(write(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows))))
    assert counts(result) == (3, 1, 0)
    assert "id 1 occurs twice" in refusal(result).reason


def test_an_id_names_one_document_in_whatever_file_it_stands_and_another_in_another_corpus(tmp_path: Path):
    row = json.dumps({"text": "a", "id": 1})
    first, second = write(tmp_path, "a.jsonl", row), write(tmp_path, "b.jsonl", f"\n{row}")
    assert counts(read(first, second)) == (1, 1, 1)
    [a], [b] = read(first).accepted, read(second).accepted
    assert a.document_id == b.document_id != read_paths([first], "other").accepted[0].document_id


def test_a_row_without_an_id_is_named_by_its_place(tmp_path: Path):
    first = read(write(tmp_path, "a.jsonl", f"{GOOD}\n{GOOD}")).accepted
    changed = read(write(tmp_path, "a.jsonl", f'{{"text": "Close it."}}\n{GOOD}')).accepted
    assert [row.document_id for row in first] == [row.document_id for row in changed]
    assert len({row.document_id for row in first}) == 2


def test_a_file_that_is_named_twice_or_below_a_named_folder_is_read_once(tmp_path: Path):
    path = write(tmp_path, "sub/a.md", "text")
    assert counts(read(path, path)) == counts(read(path, tmp_path)) == counts(read(tmp_path)) == (1, 0, 0)


def test_files_of_one_name_in_two_folders_are_two_documents_of_the_folder_above(tmp_path: Path):
    one, two = write(tmp_path, "one/a.md", "first"), write(tmp_path, "two/a.md", "second")
    assert counts(read(tmp_path)) == (2, 0, 0)
    result = read(one, two)
    assert counts(result) == (1, 1, 0)
    assert "folder" in refusal(result).remedy


def test_the_order_of_files_does_not_depend_on_how_they_came_to_be(tmp_path: Path):
    names = [f"{letter}/{number}.md" for letter in "cab" for number in (3, 1, 2)]
    orders = []
    for seed in range(3):
        random.Random(seed).shuffle(names)
        for name in names:
            write(tmp_path / str(seed), name, name)
        orders.append([row.source for row in read(tmp_path / str(seed)).accepted])
    assert orders[0] == orders[1] == orders[2] == sorted(names)


def test_a_file_whose_name_is_no_utf_8_can_be_stored(tmp_path: Path, home: Home):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("text")
    [row] = read(tmp_path).accepted
    assert add_rows(home, "demo", [row], 10) == ["demo-00000"]


def test_an_id_that_is_nested_a_thousand_times_breaks_nothing(tmp_path: Path):
    for depth in range(900, 1000, 9):
        line = f'{{"text": "a", "id": {"[" * depth}{"]" * depth}}}'
        assert sum(counts(read(write(tmp_path, "a.jsonl", line)))) == 1


@given(st.text(st.sampled_from("aB \t\n\r\x0b\x0c\x1c\x1f.é\u3000"), max_size=20))
def test_a_duplicate_key_knows_neither_case_nor_white_space(text: str):
    bare = "".join(text.casefold().split())
    assert duplicate_key_of(text) == duplicate_key_of(bare) == duplicate_key_of(f" {text.swapcase()}\n")
    assert duplicate_key_of(text) != duplicate_key_of(f"{bare}x")


def test_no_more_of_a_file_is_read_than_is_asked_for(tmp_path: Path):
    # Ten megabytes, more than any buffer holds.
    row = json.dumps({"text": "Open it. " * 500})
    path = write(tmp_path, "a.jsonl", f"{row}\n" * 2_500)
    found = read_each([path], "demo")
    first = next(found)
    with path.open("r+b") as file:
        file.seek(-len(row) - 1, os.SEEK_END)
        file.write(b"x" * len(row))
    assert not isinstance(first, RefusedRow)
    *_, last = found
    assert isinstance(last, RefusedRow)
    assert last.place == "line 2500"
