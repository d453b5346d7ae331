"""JSON inside tags, and the ways in which models write tools and calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.llm.asking import AnswerError
from gem_assets.stages.answers.tagged_json import (
    Call,
    read_call,
    read_json,
    read_objects,
    read_tools,
    render_json,
)

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


@given(JSON)
def test_rendered_json_reads_as_the_same_value_and_holds_no_tag(value):
    for indent in (None, 1):
        rendered = render_json(value, indent)
        assert read_json(rendered, "<x>") == value
        assert not set(rendered) & set("<>&")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("", "<x> is empty"),
        ("```json\n```", "<x> is empty"),
        ("{'a': 1}", "<x> does not hold valid JSON"),
        ('{"a": 1,}', "line 1, column 9"),
        ('{"a": 1} // done', "<x> does not hold valid JSON"),
        ('{"a": NaN}', "NaN is no JSON value"),
        ('{"a": "\\ud800"}', "<x> does not hold JSON that can be stored"),
        ("[" * 100_000, "<x> does not hold JSON that can be stored"),
        ("1" * 10_000, "<x> does not hold JSON that can be stored"),
    ],
)
def test_error_says_where_json_breaks(raw, says):
    with pytest.raises(AnswerError) as caught:
        read_json(raw, "<x>")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    ['[{"a": 1}]', '{"items": [{"a": 1}]}', '{"a": 1}', '```json\n[{"a": 1}]\n```', '\n[\n {"a": 1}\n]\n'],
)
def test_a_list_of_objects_may_be_wrapped(raw):
    assert read_objects(raw, "<x>") == ({"a": 1},)


@pytest.mark.parametrize(("raw", "says"), [("3", "JSON list of objects"), ("[1]", "Entry 1 of <x>")])
def test_a_list_of_something_else_is_refused(raw, says):
    with pytest.raises(AnswerError, match=says):
        read_objects(raw, "<x>")


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "get", "description": "Reads.", "inputSchema": SCHEMA},
        {"name": "get", "description": "Reads.", "parameters": SCHEMA},
        {"name": "get", "description": "Reads.", "input_schema": SCHEMA},
        {"type": "function", "function": {"name": "get", "description": "Reads.", "parameters": SCHEMA}},
    ],
)
def test_reads_a_tool_in_every_shape(entry):
    (tool,) = read_tools(json.dumps([entry]), "<tools>")
    assert (tool.name, tool.description, tool.parameters) == ("get", "Reads.", SCHEMA)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"description": "Reads.", "inputSchema": SCHEMA}, 'Tool 1 of <tools> has no "name"'),
        ({"name": "get", "inputSchema": SCHEMA}, '"get".* has no "description"'),
        ({"name": "get", "description": "Reads."}, '"get".* has no "inputSchema"'),
        ({"name": "get", "description": "Reads.", "inputSchema": []}, '"get".* has no "inputSchema"'),
    ],
)
def test_a_tool_without_its_parts_is_refused(entry, says):
    with pytest.raises(AnswerError, match=says):
        read_tools(json.dumps([entry]), "<tools>")


@pytest.mark.parametrize(
    "entry",
    [
        {"name": "get", "arguments": {"id": "A"}},
        {"name": "get", "parameters": {"id": "A"}},
        {"name": "get", "arguments": '{"id": "A"}'},
        {"id": "c1", "type": "function", "function": {"name": "get", "arguments": {"id": "A"}}},
        {"tool_call": {"name": "get", "arguments": {"id": "A"}}},
    ],
)
def test_reads_a_call_in_every_shape(entry):
    assert read_call(json.dumps(entry), "<func>") == Call("get", {"id": "A"})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ([], "one JSON object"),
        ({"arguments": {}}, '<func> has no "name"'),
        ({"name": " ", "arguments": {}}, '<func> has no "name"'),
        ({"name": "get"}, 'has no "arguments"'),
        ({"name": "get", "arguments": [1]}, "has to be a JSON object"),
        ({"name": "get", "arguments": None}, "has to be a JSON object"),
        ({"name": "get", "arguments": "id=A"}, '"arguments" of <func>'),
        ({"name": "get", "arguments": {}, "id_number": "A"}, 'has id_number beside "arguments"'),
    ],
)
def test_a_call_without_name_or_arguments_object_is_refused(entry, says):
    with pytest.raises(AnswerError, match=says):
        read_call(json.dumps(entry), "<func>")
