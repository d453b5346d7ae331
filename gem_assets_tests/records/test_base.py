import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gem_assets.records.base import content_hash, make_id
from gem_assets.records.document import RawRow
from gem_assets.records.message import Message
from gem_assets.records.tool import Tool, ToolCall

ROW = RawRow(document_id="d", corpus="demo", source="a.md", place="whole file", text="Open it.")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_a_record_cannot_be_changed():
    with pytest.raises(ValidationError):
        ROW.text = "Close it."  # pyright: ignore[reportAttributeAccessIssue]


def test_a_record_refuses_a_field_it_does_not_declare():
    with pytest.raises(ValidationError):
        RawRow.model_validate({**ROW.model_dump(), "colour": "red"})


@given(st.text(), st.text(), st.integers(min_value=0))
def test_an_id_is_twenty_hex_digits_and_always_the_same(stage: str, parent: str, ordinal: int):
    name = make_id(stage, parent, ordinal)
    assert len(name) == 20
    assert set(name) <= set(string.hexdigits.lower())
    assert name == make_id(stage, parent, ordinal)


def test_stage_parent_and_ordinal_each_make_another_id():
    names = {make_id(s, p, o) for s in ("a", "b") for p in ("x", "y") for o in range(3)}
    assert len(names) == 12
    assert make_id("ab", "c") != make_id("a", "bc")


@given(st.dictionaries(st.text(), json_values))
def test_the_order_of_keys_does_not_change_a_content_hash(payload: dict[str, object]):
    assert content_hash(payload) == content_hash(dict(reversed(payload.items())))


def test_a_content_hash_tells_values_apart_that_look_alike():
    values = [1, "1", 1.5, "1.5", True, "true", None, "null", [], {}, "", "\ud800", "?"]
    assert len({content_hash(value) for value in values}) == len(values)


def test_a_tool_is_written_in_the_shapes_of_the_chat_interface_and_of_the_answers():
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    tool = Tool(name="get", description="Reads.", parameters=schema)
    assert tool.to_openai() == {
        "type": "function",
        "function": {"name": "get", "description": "Reads.", "parameters": schema},
    }
    assert tool.to_answer_format() == {"name": "get", "description": "Reads.", "inputSchema": schema}


def test_a_message_survives_json():
    call = ToolCall(call_id="call_1", name="get", arguments={"a": [1, {"b": None}], "</tool>": "\x00"})
    message = Message(role="assistant", content="", tool_calls=(call,))
    assert Message.model_validate(json.loads(message.model_dump_json())) == message
