"""Turns are read as calls and text, whole or begun; broken syntax is told, never raised."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.itool.turns.brackets import read_literal
from gem_assets.itool.turns.fragments import cut
from gem_assets.itool.turns.reading import PENDING, read_begun, read_turn
from gem_assets_tests.itool.making import GOLD

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text("abcXYZ_ -./9", min_size=1, max_size=12).map(lambda name: f"n{name.strip()}")
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
CALLS = st.lists(st.tuples(NAMES, ARGUMENTS), min_size=1, max_size=3)


def hermes(calls):
    blocks = [json.dumps({"name": name, "arguments": arguments}) for name, arguments in calls]
    return "\n".join(f"<tool_call>\n{block}\n</tool_call>" for block in blocks)


def bracket(calls, write=json.dumps):
    written = [f"{name}({', '.join(f'{k}={write(v)}' for k, v in given.items())})" for name, given in calls]
    return f"[{', '.join(written)}]"


def called(turn):
    assert turn.broken is None
    return [(call.name, call.arguments) for call in turn.calls]


@given(CALLS)
def test_written_calls_come_back_in_either_syntax(calls):
    assert called(read_turn(hermes(calls), "hermes")) == calls
    assert called(read_turn(bracket(calls), "bracket")) == calls
    assert called(read_turn(bracket(calls, repr), "bracket")) == calls


@given(CALLS, st.sampled_from(["hermes", "bracket"]), st.data())
def test_a_turn_begun_up_to_a_fragment_reads_as_a_part_of_the_whole(calls, syntax, data):
    text = hermes(calls) if syntax == "hermes" else bracket(calls)
    ends = [fragment.end for fragment in cut(text, syntax)]
    begun = read_begun(text[: data.draw(st.sampled_from(ends))], syntax)
    assert begun.broken is None
    assert [call.name for call in begun.calls] == [name for name, _ in calls][: len(begun.calls)]
    for own, (_, arguments) in zip(begun.calls, calls, strict=False):
        assert own.arguments.keys() <= arguments.keys()


@given(st.text(max_size=80), st.sampled_from(["hermes", "bracket"]))
def test_any_text_is_read_without_an_error(text, syntax):
    assert read_turn(text, syntax).message.role == "assistant"
    assert read_begun(text, syntax).message.role == "assistant"


def test_a_value_to_come_is_pending():
    begun = read_begun(GOLD[: GOLD.index(" 2024")], "hermes")
    assert begun.calls[0].arguments == {"claim_id": "C-100", "year": PENDING}
    begun = read_begun('[f(a={"k": true, "j":', "bracket")
    assert begun.calls[0].arguments == {"a": {"k": True, "j": PENDING}}


def test_text_beside_calls_is_said():
    turn = read_turn(f"I will look.\n{GOLD}", "hermes")
    assert (turn.said, len(turn.calls)) == ("I will look.", 1)
    assert read_turn("[f()] There.", "bracket").said == "There."


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        (GOLD.replace("2024", "2024,"), "hermes"),
        (GOLD.replace('"C-100"', "C-100"), "hermes"),
        (GOLD.removesuffix("</tool_call>"), "hermes"),
        (f"{GOLD}</tool_call>", "hermes"),
        (GOLD.replace('"arguments"', '"parameters"'), "hermes"),
        (GOLD.replace('{"claim_id": "C-100", "year": 2024}', "[1]"), "hermes"),
        (GOLD.replace("2024", "NaN"), "hermes"),
        ("[f(a=1]", "bracket"),
        ("[f(a=today)]", "bracket"),
        ("[f(a=1, a=2)]", "bracket"),
        ("[f(1)]", "bracket"),
        ("[f]", "bracket"),
        ("[f() g()]", "bracket"),
        ("[f(a=b'x')]", "bracket"),
        ("[", "bracket"),
    ],
)
def test_broken_syntax_is_told(text, syntax):
    assert read_turn(text, syntax).broken


@pytest.mark.parametrize("text", ["(1, 2)", "[1, 2]"])
def test_a_tuple_is_a_list(text):
    assert read_literal(text) == [1, 2]
