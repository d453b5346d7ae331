"""The laws of the generator hold on the sample corpus, and on the development corpus where it is present."""

import csv
import json
from pathlib import Path

import pytest

from gem_assets.offline.laws.corpus import read_paths
from gem_assets.offline.laws.figures import Figures, measure_trajectories
from gem_assets.offline.laws.table import compare_bytes, main, measure, table
from gem_assets.records.message import Message
from gem_assets.records.tool import ToolCall

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "gem_assets" / "sample_corpus"
LABELS = ROOT / "gem_assets_tests" / "data" / "sample_corpus_labels.csv"
DEVELOPMENT = ROOT.parent / "shared" / "corpora" / "dev" / "docs.jsonl"
# What is timed or needs a second process is not for a table in a test.
LEFT_OUT = ("documents per second and core", "same bytes in a second process")


def broken(measured):
    return [row for row in table(measured) if row[3] is False and row[0] not in LEFT_OUT]


@pytest.fixture(scope="module")
def labelled_samples(tmp_path_factory):
    rows = list(csv.DictReader(LABELS.read_text("utf-8").splitlines()))
    path = tmp_path_factory.mktemp("laws") / "samples.jsonl"
    lines = [
        {
            "doc_id": row["file"],
            "text": (SAMPLES / row["file"]).read_text("utf-8"),
            "language": row["language"],
            "label_multi_step": row["multi_step"] == "true",
            "source": row["kind"],
        }
        for row in rows
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def measured(labelled_samples):
    return measure(read_paths([labelled_samples]))


def test_hold_on_the_sample_corpus(measured):
    assert broken(measured) == []


def test_everything_is_rejected_with_a_reason_or_kept_with_trajectories(measured):
    for one in measured.carried:
        assert not one.kept or one.validated or one.rejections


@pytest.mark.skipif(not DEVELOPMENT.is_file(), reason="the development corpus is not here")
def test_hold_on_every_eighth_document_of_the_development_corpus():
    assert broken(measure(read_paths([DEVELOPMENT])[::8])) == []


def test_bytes_are_the_same_in_a_process_with_other_hashes():
    paths = [str(path) for path in sorted(SAMPLES.glob("*.md"))[:2]]
    assert compare_bytes(paths, read_paths([Path(path) for path in paths]))


def test_see_what_breaks_them(measured):
    good = measured.drafts[0]
    place = next(n for n, m in enumerate(good.messages) if m.tool_calls)
    call = good.messages[place].tool_calls[0]
    invented = ToolCall(call_id=call.call_id, name="get_moon", arguments={"moon_id": "MON-99999"})
    bad = good.model_copy(
        update={
            "messages": (
                *good.messages[:place],
                Message(role="assistant", content="", tool_calls=(invented,)),
                *good.messages[place + 1 :],
            )
        }
    )
    assert measure_trajectories([good]).counts["ungrounded identifiers"] == 0
    assert measure_trajectories([bad]).counts["ungrounded identifiers"] == 1


def test_count_a_call_made_twice(measured):
    good = measured.drafts[0]
    first = next(n for n, m in enumerate(good.messages) if m.tool_calls)
    twice = (*good.messages[: first + 2], *good.messages[first : first + 2], *good.messages[first + 2 :])
    repeated = good.model_copy(update={"messages": twice})
    assert measure_trajectories([repeated]).counts["repeated calls"] >= 1


def test_shares_of_nothing_are_nothing():
    assert Figures().share("untraceable values", "values") == 0
    assert Figures().largest_skeleton == 0


def test_command_prints_a_table_and_tells_by_its_exit_code(capsys, monkeypatch):
    monkeypatch.setattr("gem_assets.offline.laws.table.compare_bytes", lambda paths, documents: True)
    assert main([str(next(SAMPLES.glob("parcel*.md")))]) == 0
    assert "refinement grows all three" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "not json\n", '{"title": "no text"}\n'])
def test_command_says_what_is_wrong_with_a_file(content, tmp_path, capsys):
    path = tmp_path / "rows.jsonl"
    path.write_text(content, "utf-8")
    assert main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_command_wants_a_path(capsys):
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
