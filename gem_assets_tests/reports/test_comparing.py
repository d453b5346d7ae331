from pathlib import Path
from typing import Any

import pytest

from gem_assets.records.outcome import Failed, FailureReason, Kept, Outcome, Reason, Rejected
from gem_assets.reports.comparison.comparing import Comparison
from gem_assets.reports.comparison.text import cautions, sentence
from gem_assets.reports.yields.yield_report import read_comparisons, render_comparisons, write_report
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.reports.chain_rows import (
    ESSAY,
    FERRY,
    KILN,
    NOTE,
    SHARD,
    carry,
    empty_home,
    procedure,
    spent,
)

KEPT = "kept"


def outcome_of(name: str, told: str, prompt: str) -> Outcome[Any]:
    provenance = spent(f"{name}{prompt}", prompt_version=prompt)
    if told == KEPT:
        return Kept((procedure(name),), provenance)
    if told == "failed":
        return Failed(FailureReason.TIMEOUT, "no answer", provenance)
    return Rejected(Reason(told), "why", provenance)


def run(home: Home, number: int, prompt: str, told: dict[str, str], shard: str = SHARD) -> None:
    rows = [(name, name, outcome_of(name, what, prompt)) for name, what in told.items()]
    carry(home, "procedural_documents", rows, run_id=f"run-{number}", hour=number, shard=shard)


def compared(home: Home, chosen: tuple[str, str] | None = None) -> tuple[Comparison, ...]:
    with open_live(home) as connection:
        return read_comparisons(home, connection, chosen)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two versions on one shard: the ferry is lost, the essay won, the note's reason is another."""
    made = empty_home(tmp_path_factory.mktemp("compared"))
    first = {KILN: KEPT, FERRY: KEPT, ESSAY: "filter_not_multi_step", NOTE: "filter_empty"}
    run(made, 1, "filter_document@aaaa", first)
    run(
        made,
        2,
        "filter_document@bbbb",
        {**first, FERRY: "filter_refused", ESSAY: KEPT, NOTE: "filter_refused"},
    )
    run(made, 1, "filter_document@aaaa", {"f" * 20: KEPT}, shard="sample-00009")
    return made


def test_the_newest_version_is_compared_with_the_one_before_over_the_shards_both_ran(home: Home):
    (found,) = compared(home)
    assert (found.asset, found.shards, found.inputs) == ("procedural_documents", 1, 4)
    assert (found.older.prompts, found.newer.prompts) == (
        ("filter_document@aaaa",),
        ("filter_document@bbbb",),
    )
    assert vars(found.pairs) == {"both": 1, "gained": 1, "lost": 1, "neither": 1}
    assert (found.pairs.before, found.pairs.after) == (0.5, 0.5)


def test_reasons_gained_and_lost_are_counted_over_the_same_inputs(home: Home):
    (found,) = compared(home)
    assert {shift.reason: (shift.before, shift.after) for shift in found.reasons} == {
        "filter_refused": (0, 2),
        "filter_not_multi_step": (1, 0),
        "filter_empty": (1, 0),
    }


def test_inputs_that_came_out_differently_are_named_lost_ones_first(home: Home):
    (found,) = compared(home)
    assert [(one.record_id, one.outcome_before, one.outcome_after) for one in found.changed] == [
        (FERRY, "kept", "rejected"),
        (ESSAY, "rejected", "kept"),
        (NOTE, "rejected", "rejected"),
    ]
    assert (found.changed[2].reason_before, found.changed[2].reason_after) == (
        "filter_empty",
        "filter_refused",
    )
    assert found.all_changed == 3


def test_words_say_whether_a_difference_is_more_than_noise(home: Home, tmp_path: Path):
    assert "This may be noise" in sentence(compared(home)[0])
    large = empty_home(tmp_path)
    names = [f"{number:020x}" for number in range(40)]
    run(large, 1, "p@1", dict.fromkeys(names, "filter_empty"))
    run(large, 2, "p@2", dict.fromkeys(names, KEPT))
    said = sentence(compared(large)[0])
    assert "the older keeps 0% and the newer 100%: +100.0 points" in said
    assert "more than noise: the newer keeps more" in said


def test_equal_outcomes_are_called_equal(tmp_path: Path):
    home = empty_home(tmp_path)
    for number in (1, 2):
        run(home, number, f"p@{number}", {KILN: KEPT, FERRY: "filter_empty"})
    (found,) = compared(home)
    assert (found.changed, found.reasons[0].before, found.reasons[0].after) == ((), 1, 1)
    assert "Every input came out the same." in sentence(found)


def test_what_failed_in_one_version_counts_for_neither(tmp_path: Path):
    home = empty_home(tmp_path)
    run(home, 1, "p@1", {KILN: "failed", FERRY: KEPT})
    run(home, 2, "p@2", {KILN: KEPT, FERRY: KEPT})
    (found,) = compared(home)
    assert (found.failed, found.pairs.inputs, found.pairs.after) == (1, 1, 1)
    assert "1 input failed in one of the two" in cautions(found)[0]


def test_a_version_whose_rows_were_pruned_is_not_compared(tmp_path: Path):
    home = empty_home(tmp_path)
    run(home, 1, "p@1", {KILN: KEPT})
    run(home, 2, "p@2", {KILN: KEPT})
    home.history_file("procedural_documents", SHARD, "run-1").unlink()
    assert compared(home) == ()
    assert "pruned" in render_comparisons(())


def test_any_two_versions_are_compared_by_the_beginning_of_their_names(home: Home):
    (found,) = compared(home, ("filter_document@b", "filter_document@a"))
    assert (found.older.code_version, found.newer.code_version) == ("code-run-2", "code-run-1")
    text = render_comparisons((found,))
    assert text.isascii() and "older  filter_document@bbbb" in text and "filter_refused" in text


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (("nobody", "filter"), "no run was made with 'nobody': there are filter_document@aaaa"),
        (("code-run-1", "code-run-1"), "never ran on the same shard"),
    ],
)
def test_versions_that_cannot_be_compared_are_refused_in_a_sentence(
    home: Home, chosen: tuple[str, str], words: str
):
    with pytest.raises(StoreError, match=words):
        compared(home, chosen)


def test_the_page_links_each_changed_record_to_the_viewer(home: Home):
    with open_live(home) as connection:
        page = write_report(home, connection).read_text("utf-8")
    assert f"trajectories/index.html#shard={SHARD}&amp;id={FERRY}" in page
    assert "3 inputs came out differently" in page
