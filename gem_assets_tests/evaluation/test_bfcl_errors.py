"""A wrong entry's kinds of error: of the first turn that lacks a true call, else the first that adds one."""

from typing import Any

import pytest

from gem_assets.evaluation.bfcl_errors import Departure, find_departure

MOVE = ("mv", {"source": "a", "destination": "b"})


def turn(calls: list[Any], truth: list[Any], *talk: str) -> dict[str, Any]:
    # As they come out of the driver's file, pairs are lists.
    return {"calls": [list(c) for c in calls], "truth": [list(c) for c in truth], "talk": list(talk)}


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([("mv", {"source": "a", "destination": "c"})], "value"),
        ([("mv", {"source": "a", "target": "b"})], "name"),
        ([("mv", {"source": "a"})], "count"),
        ([("cp", MOVE[1])], "tool_choice"),
        ([], "tool_count"),
    ],
)
def test_each_kind_of_error_is_told_from_the_others(calls: list[Any], expected: str):
    assert find_departure([turn(calls, [MOVE], "Done.")]) == Departure(1, (expected,))


def test_a_value_is_compared_as_a_value():
    truth = ("pay", {"amount": 10.0})
    assert find_departure([turn([("pay", {"amount": 10})], [truth])]).errors == ("other",)
    assert find_departure([turn([("pay", {"amount": "10"})], [truth])]).errors == ("value",)


@pytest.mark.parametrize(
    "text", ["[mv(source='a', destination=", "```\n[mv(a b)]", '<tool_call>{"name": "mv"']
)
def test_a_call_that_nobody_can_read_is_syntax_and_words_are_none(text: str):
    assert find_departure([turn([], [MOVE], text)]) == Departure(1, ("syntax",))
    assert find_departure([turn([], [MOVE], "I moved [a] for you.")]) == Departure(1, ("tool_count",))


def test_a_turn_that_lacks_a_call_comes_before_one_that_only_looks_around():
    look = ("ls", {})
    turns = [turn([look, MOVE], [MOVE]), turn([("mv", {"source": "x", "destination": "b"})], [MOVE])]
    # The second turn's true call was made in the first, so nothing is missing there either.
    assert find_departure(turns) == Departure(1, ("tool_count",))
    turns[1] = turn([("rm", {"file": "x"})], [("rm", {"file": "a"})])
    assert find_departure(turns) == Departure(2, ("value",))


def test_later_turns_do_not_count():
    first, later = turn([], [MOVE]), turn([("cp", {})], [("rm", {"file": "a"})])
    assert find_departure([first, later]) == Departure(1, ("tool_count",))


def test_an_entry_whose_calls_are_all_true_or_that_has_no_answer_is_other():
    two = [("a", {}), ("b", {})]
    assert find_departure([turn(two[::-1], two)]) == Departure(None, ("other",))
    assert find_departure([]) == Departure(None, ("other",))
