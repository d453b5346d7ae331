"""Scores beside the paper's: its figures as printed, ours with intervals, pairs tested."""

from dataclasses import replace

import pytest

from gem_assets.intervals import wilson
from gem_assets.reports.benchmarks.scores import (
    BFCL_COLUMNS,
    Benchmarks,
    BenchmarkScore,
    Pairing,
    exact_mcnemar,
    paper_lines,
    read_benchmarks,
)
from gem_assets.reports.benchmarks.text import markdown_benchmarks, render_benchmarks
from gem_assets.store.connections import open_live
from gem_assets.store.home import Home
from gem_assets_tests.reports.benchmark_rows import write_bfcl, write_tau2


def score(
    part: str, value: float, name: str = "mine", entries: int = 200, incomparable: str | None = None
) -> BenchmarkScore:
    low, high = wilson(value, entries)
    return BenchmarkScore(
        evaluated_model=name, benchmark="bfcl", part=part, metric="accuracy", value=value, low=low, high=high,
        entries=entries, whole=200, floor=0.0, oracle=1.0, model="m", mode="fc", thinking="off", harness="h",
        user_model=None, judge_model=None, incomparable=incomparable, refused=0, unparsed_calls=0,
        requests=1, input_tokens=1, output_tokens=1, cost=None, seconds=1.0, decontamination="clean",
        finished_at="2026-01-01 00:00",
    )  # fmt: skip


FOUR = tuple(
    score(part, value)
    for part, value in zip(
        ("base", "miss_func", "miss_param", "long_context"), (0.4, 0.3, 0.28, 0.23), strict=True
    )
)


def test_the_papers_overall_scores_are_the_means_of_its_four_categories():
    # One line is not: Qwen3-32B, whose four figures average 28.38 where the paper prints 28.35.
    for line in paper_lines():
        if "all" in line.cells:
            mean = sum(line.cells[c].value for c in BFCL_COLUMNS if c != "all") / 4
            assert line.cells["all"].value == pytest.approx(mean, abs=4e-4), line


def test_ours_averages_the_four_and_has_a_narrower_interval_than_each():
    [line] = [line for line in Benchmarks(scores=FOUR).lines("bfcl") if line.kind == "ours"]
    overall = line.cells["all"]
    assert overall.value == pytest.approx(0.3025)
    assert (overall.low, overall.high) == pytest.approx(wilson(0.3025, 800))


def test_with_a_category_missing_there_is_no_overall_score():
    [line] = [line for line in Benchmarks(scores=FOUR[:3]).lines("bfcl") if line.kind == "ours"]
    assert "all" not in line.cells


def test_a_trial_is_marked_wherever_it_stands_and_a_whole_score_is_not():
    trial = Benchmarks(scores=(score("base", 0.5, entries=10),))
    assert "50.00* [" in render_benchmarks(trial)
    assert "50.00* [" in markdown_benchmarks(trial)
    assert "not to be compared" in render_benchmarks(trial)
    whole = Benchmarks(scores=FOUR)
    assert "*" not in render_benchmarks(whole)
    assert "30.25 [" in render_benchmarks(whole)


def test_a_score_of_another_version_is_marked_and_one_of_the_papers_is_not():
    other = Benchmarks(scores=(score("base", 0.5, incomparable="v1 has other tasks"),))
    assert "50.00# [" in render_benchmarks(other)
    assert "# v1 has other tasks: not to be compared" in render_benchmarks(other)
    assert "50.00# [" in markdown_benchmarks(other)
    assert "#" not in render_benchmarks(Benchmarks(scores=FOUR))


def test_nothing_evaluated_is_said_so():
    assert render_benchmarks(Benchmarks()) == "no model was evaluated yet"


@pytest.mark.parametrize(
    ("gained", "lost", "expected"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 0, 1.0), (6, 0, 0.03125), (0, 6, 0.03125), (10, 2, 0.03857421875)],
)
def test_the_exact_test_agrees_with_the_binomial_table(gained: int, lost: int, expected: float):
    assert exact_mcnemar(gained, lost) == pytest.approx(expected)


def test_a_difference_that_the_test_calls_chance_has_nought_in_its_interval():
    same = Pairing("a", "b", "bfcl", "base", both_right=80, gained=10, lost=9, neither=101)
    assert same.p_value > 0.5
    assert same.difference.low < 0 < same.difference.high
    better = Pairing("a", "b", "bfcl", "base", both_right=80, gained=30, lost=3, neither=87)
    assert better.p_value < 0.001
    assert better.difference.low > 0


def test_wrong_entries_are_sliced_by_their_errors_and_two_models_paired_by_category_and_over_all(home: Home):
    write_bfcl(home, "first", "base", {0: ["value"], 1: ["tool_count", "value"], 2: ["name"]}, minute=0)
    write_bfcl(home, "first", "miss_func", {0: ["other"]}, minute=0)
    write_bfcl(home, "second", "base", {2: ["value"]}, minute=5)
    write_bfcl(home, "second", "miss_func", {0: ["syntax"], 5: ["value"]}, minute=5)
    with open_live(home) as connection:
        found = read_benchmarks(connection)
    errors = {one.bucket: one.entries for one in found.slices_of("first")["fragment error"]}
    assert errors == {"value": 2, "tool_count": 1, "name": 1, "other": 1}
    turns = {one.bucket: one.entries for one in found.slices_of("first")["first wrong turn"]}
    assert turns == {"1": 3, "2": 1}
    pairs = {one.part: (one.both_right, one.gained, one.lost, one.neither) for one in found.pairings}
    assert pairs == {"all": (7, 2, 1, 2), "base": (3, 2, 0, 1), "miss_func": (4, 0, 1, 1)}
    assert {(one.older, one.newer) for one in found.pairings} == {("first", "second")}


def test_tasks_are_paired_by_whether_a_trial_solves_them_and_never_over_other_data(home: Home):
    write_tau2(home, "first", {"0": 0, "1": 4, "2": 1, "3": 0}, minute=0)
    write_tau2(home, "elsewhere", {"0": 4, "1": 4, "2": 4, "3": 4}, minute=1, data_hash="other")
    write_tau2(home, "second", {"0": 1, "1": 2, "2": 0, "3": 0}, minute=5)
    with open_live(home) as connection:
        [pair] = read_benchmarks(connection).pairings
    assert (pair.older, pair.newer, pair.benchmark, pair.part) == ("first", "second", "tau2", "retail")
    assert (pair.both_right, pair.gained, pair.lost, pair.neither) == (1, 1, 1, 1)


def test_what_parts_share_is_said_once_and_what_differs_is_not_merged():
    found = Benchmarks(scores=FOUR)
    [(_, parts)] = found.conditions("mine")
    assert parts == ["base", "miss_func", "miss_param", "long_context"]
    assert found.verdicts("mine", "bfcl") == ["clean"]
    assert found.verdicts("mine", "tau2") == []
    other = replace(FOUR[0], decontamination="contaminated", part="base")
    mixed = Benchmarks(scores=(other, *FOUR[1:]))
    assert [parts for _, parts in mixed.conditions("mine")] == [
        ["base"],
        ["miss_func", "miss_param", "long_context"],
    ]
    assert mixed.verdicts("mine", "bfcl") == ["contaminated", "clean"]


def test_a_paired_comparison_is_told_on_the_terminal_too():
    pair = Pairing("a", "b", "bfcl", "base", both_right=80, gained=30, lost=3, neither=87)
    told = render_benchmarks(Benchmarks(scores=FOUR, pairings=(pair,)))
    assert "b against a on the same entries of bfcl base: +13.5 [" in told
    assert "30 gained, 3 lost, p < 0.001" in told
