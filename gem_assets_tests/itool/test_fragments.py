"""Fragments are slices of a turn's text, cut where a call decides something."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.itool.turns.fragments import cut, cut_after
from gem_assets.itool.turns.scanner import find_boundaries

HERMES = (
    'Let me look. One moment.\n<tool_call>\n{"name": "get_claim", "arguments": '
    '{"claim_id": "C-1, 2: {x}", "year": 2024, "items": [{"a": 1}, {"a": 2}]}}\n</tool_call>'
    '\n<tool_call>\n{"name": "ping", "arguments": {}}\n</tool_call>'
)
BRACKET = '[Get Claim(claim_id="C-1, (2=x)", tags={"k": [1, 2]}), ping()] Done.'

# What breaks a tokenizer of call syntax, and what surrounds it.
CHARACTERS = "\n\\\"'[]{}()=é。 -\U0001f600"
WORDS = ["<tool_call>", "</tool_call>", '{"name": "f", "arguments": {', '"a": ', "1", '"x"']
PIECES = st.sampled_from([*CHARACTERS, *WORDS, ", ", ": ", "f(", "a=", ". ", "! "])
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))
SYNTAXES = st.sampled_from(["hermes", "bracket"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(TEXTS, SYNTAXES)
def test_joined_fragments_are_the_text(text, syntax):
    fragments = cut(text, syntax)
    assert "".join(fragment.text for fragment in fragments) == text
    assert all(fragment.text for fragment in fragments)
    assert all(text[fragment.start : fragment.end] == fragment.text for fragment in fragments)


@given(TEXTS, TEXTS, SYNTAXES)
def test_what_follows_moves_no_boundary_inside(begun, rest, syntax):
    inside = [cut for cut in find_boundaries(begun + rest, syntax) if cut[0] < len(begun)]
    assert inside == list(find_boundaries(begun, syntax))


@given(TEXTS, SYNTAXES, st.data())
def test_cutting_from_a_place_on_gives_the_rest_of_the_text(text, syntax, data):
    start = data.draw(st.integers(0, len(text)))
    assert "".join(fragment.text for fragment in cut_after(text, start, syntax)) == text[start:]


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, min_size=1, max_size=4))
def test_every_key_of_a_call_has_a_boundary_after_it(arguments):
    body = json.dumps({"name": "f", "arguments": arguments}, ensure_ascii=False)
    fragments = cut(f"<tool_call>\n{body}\n</tool_call>", "hermes")
    keys = [fragment for fragment in fragments if fragment.kind == "key"]
    assert len(keys) >= len(arguments)
    assert fragments[0].kind == "name"
    assert fragments[-1].text.endswith("</tool_call>")


@pytest.mark.parametrize(
    ("text", "syntax", "expected"),
    [
        (
            HERMES,
            "hermes",
            [
                ("sentence", "Let me look."),
                ("sentence", " One moment."),
                ("name", '\n<tool_call>\n{"name": "get_claim",'),
                ("key", ' "arguments": {"claim_id":'),
                ("value", ' "C-1, 2: {x}",'),
                ("key", ' "year":'),
                ("value", " 2024,"),
                ("key", ' "items":'),
                ("key", ' [{"a":'),
                ("value", " 1},"),
                ("key", ' {"a":'),
                ("value", " 2}]}}\n</tool_call>"),
                ("name", '\n<tool_call>\n{"name": "ping",'),
                ("key", ' "arguments": {}}\n</tool_call>'),
            ],
        ),
        (
            BRACKET,
            "bracket",
            [
                ("name", "[Get Claim("),
                ("key", "claim_id="),
                ("value", '"C-1, (2=x)",'),
                ("key", " tags="),
                ("key", '{"k":'),
                ("value", " [1,"),
                ("value", " 2]})"),
                ("name", ", ping("),
                ("key", ")"),
                ("name", "]"),
                ("sentence", " Done."),
            ],
        ),
        ("It is 3.5 km. Fine!\n- one\n- two", "bracket", [
            ("sentence", "It is 3.5 km."), ("sentence", " Fine!"), ("sentence", "\n- one"),
            ("sentence", "\n- two"),
        ]),
        ("[f(a=1)]", "hermes", [("sentence", "[f(a=1)]")]),
        ("", "hermes", []),
    ],
)  # fmt: skip
def test_a_turn_is_cut_where_it_decides_something(text, syntax, expected):
    assert [(fragment.kind, fragment.text) for fragment in cut(text, syntax)] == expected


def test_a_string_that_never_ends_does_not_hide_the_next_line():
    text = '<tool_call>\n{"name": "f", "arguments": {"a": "x\n, "b": 1'
    assert [fragment.kind for fragment in cut(text, "hermes")][-2:] == ["key", "value"]
