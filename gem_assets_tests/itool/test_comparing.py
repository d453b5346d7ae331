"""Structure is compared argument by argument; each kind of error has its name."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.itool.turns.comparing import compare, is_consistent, same_value
from gem_assets.itool.turns.fragments import cut
from gem_assets.itool.turns.reading import read_begun, read_turn
from gem_assets_tests.itool.making import GOLD

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)
ARGUMENTS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


def call(arguments, name="get_claim"):
    body = json.dumps({"name": name, "arguments": arguments})
    return f"<tool_call>\n{body}\n</tool_call>"


def compared(text, gold=GOLD):
    return compare(read_turn(text, "hermes"), read_turn(gold, "hermes"))


@given(ARGUMENTS, ARGUMENTS)
def test_only_what_is_equal_earns_all_and_has_no_error(own, gold):
    found = compared(call(own), call(gold))
    assert 0 <= found.credit <= 1
    assert found.is_exact == same_value(own, gold) == (found.credit == 1)


@pytest.mark.parametrize(
    ("text", "credit", "errors"),
    [
        (GOLD, 1, ()),
        (call({"year": 2024.0, "claim_id": "C-100"}), 1, ()),
        (f"Here it comes.\n{GOLD}", 1, ()),
        (call({"claim_id": "C-100", "year": 2023}), 2 / 3, ("value",)),
        (call({"claim_id": "C-900", "year": 2023}), 1 / 3, ("value",)),
        (call({"claim_id": "C-100", "years": 2024}), 2 / 4, ("name",)),
        (call({"claim_id": "C-100"}), 2 / 3, ("count",)),
        (call({"claim_id": "C-1", "year": 2024, "day": 1}), 2 / 4, ("count", "value")),
        (call({"claim_id": "C-100", "year": 2024}, "find_claim"), 0, ("tool_choice",)),
        (f"{GOLD}\n{GOLD}", 1 / 2, ("tool_count",)),
        ("It is settled.", 0, ("tool_count",)),
        (GOLD[:-3], 0, ("syntax",)),
    ],
)
def test_each_kind_of_error_is_named_and_costs_its_part(text, credit, errors):
    found = compared(text)
    assert found.errors == errors
    assert found.credit == pytest.approx(credit)


def test_text_is_compared_with_text_by_its_words():
    gold = "The claim C-100 was paid."
    assert compared(gold, gold).credit == 1
    close, far = compared("Claim C-100 was paid.", gold), compared("No idea", gold)
    assert 0.5 <= far.credit < close.credit < 1
    assert close.is_exact
    assert compared(GOLD, gold).errors == ("tool_count",)
    assert compared("", "").credit == 1


def test_each_call_finds_its_counterpart_in_any_order():
    first, second = call({"a": 1}), call({"a": 2}, "find_claim")
    assert compared(f"{second}\n{first}", f"{first}\n{second}").is_exact


def test_nested_values_earn_by_their_parts():
    gold = call({"items": [{"sku": "A", "n": 1}, {"sku": "B", "n": 2}]})
    found = compared(call({"items": [{"sku": "A", "n": 1}, {"sku": "B", "n": 3}]}), gold)
    assert found.credit == pytest.approx((1 + 0.75) / 2)


@pytest.mark.parametrize("number", range(1, 6))
def test_the_beginnings_of_gold_are_consistent_with_it(number):
    fragments = cut(GOLD, "hermes")[:number]
    begun = read_begun("".join(fragment.text for fragment in fragments), "hermes")
    assert is_consistent(begun, read_turn(GOLD, "hermes"))


@pytest.mark.parametrize(
    "begun",
    [
        '<tool_call>\n{"name": "find_claim",',
        '<tool_call>\n{"name": "get_claim", "arguments": {"claim":',
        '<tool_call>\n{"name": "get_claim", "arguments": {"claim_id": "C-900",',
        f"{GOLD}\n{GOLD}",
    ],
)
def test_a_beginning_that_left_gold_is_not_consistent(begun):
    assert not is_consistent(read_begun(begun, "hermes"), read_turn(GOLD, "hermes"))


def test_a_call_begun_where_gold_says_something_is_not_consistent():
    gold = read_turn("It was paid.", "hermes")
    assert is_consistent(read_begun("It was", "hermes"), gold)
    assert not is_consistent(read_begun('<tool_call>\n{"name": "get_claim",', "hermes"), gold)
