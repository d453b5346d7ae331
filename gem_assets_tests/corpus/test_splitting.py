import re

from hypothesis import given
from hypothesis import strategies as st

from gem_assets.corpus.rows import Row
from gem_assets.corpus.splitting import split_row, split_text
from gem_assets.settings import IngestSettings
from gem_assets_tests.corpus.intake import ask, broken_checks, counts, jsonl, take_in

STEPS = (
    "To add a printer:\n\n1. Open Settings.\n\n2. Choose Printers.\n\n   Wait a moment.\n\n3. Press Add.\n\n"
)
PROSE = "Printers are machines that put ink on paper, and have done so for a while now.\n\n"

lines = st.sampled_from(
    ["# Heading\n", "text\n", "\n", "1. Open it.\n", "- Press it.\n", "  more\n", "Title\n=====\n"]
)


@given(st.lists(lines, max_size=60), st.integers(1, 80))
def test_the_parts_joined_are_the_text(pieces, limit):
    text = "".join(pieces)
    assert "".join(split_text(text, limit)) == text


def test_a_text_is_cut_at_headings_first():
    text = "# One\n\n" + PROSE * 3 + "\n# Two\n\n" + PROSE * 3
    assert [part.split("\n")[0] for part in split_text(text, 300)] == ["# One", "# Two"]


@given(st.lists(st.sampled_from([STEPS, PROSE]), min_size=1, max_size=12), st.integers(20, 400))
def test_a_list_of_steps_is_never_cut_and_keeps_the_line_that_leads_to_it(pieces, limit):
    for part in split_text("".join(pieces), limit):
        found = re.findall(r"To add|1\.|2\.|3\.", part)
        assert len(found) % 4 == 0
        assert found == ["To add", "1.", "2.", "3."] * (len(found) // 4)


def test_parts_are_rows_with_ids_places_and_titles_of_their_own(home, tmp_path):
    text = "".join(f"# Part {n}\n\n{PROSE * 5}{STEPS}" for n in range(8))
    limits = IngestSettings(split_characters=1_500)
    parts = split_row(Row("line 1", text, title="Manual"), limits)
    assert len(parts) > 2
    assert parts[0].place == "line 1, part 1"
    assert parts[1].title == f"Manual (2 of {len(parts)})"
    path = jsonl(tmp_path / "a.jsonl", [{"id": "m", "text": text}, {"id": "n", "text": "short"}])
    assert counts(take_in(home, path, split=True, limits=limits)) == (len(parts) + 1, 0, 0)
    assert counts(take_in(home, path, split=True, limits=limits)) == (len(parts) + 1, 0, 0)
    assert ask(home, "SELECT count(DISTINCT document_id), count(*) FROM raw_rows") == [(len(parts) + 1,) * 2]
    assert not broken_checks(home)


def test_a_text_that_is_short_enough_stays_whole():
    row = Row("line 1", STEPS)
    assert split_row(row, IngestSettings()) == (row,)
