"""Dialogues in tags: reading is the inverse of writing, and what cannot be read says where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.llm.asking import AnswerError
from gem_assets.records.message import Message
from gem_assets.records.tool import ToolCall
from gem_assets.stages.answers.trajectory_answer import (
    parse_refined_trajectory,
    parse_trajectory,
    render_trajectory,
)

SPECIAL = (
    "<user>", "</user>", "<func>", "</func>", "<think>", "</think>", "&", "&lt;", "&amp;", "&#10;", "&#96;",
    "&section=2", " ", "\n", "\t", "\r", "```", "```json\n", "{", "$document", "\u0085", "\u2028",
)  # fmt: skip
TEXTS = st.lists(
    st.one_of(st.sampled_from(SPECIAL), st.text(st.characters(codec="utf-8"), max_size=6)),
    min_size=1,
    max_size=8,
).map("".join)
SAID = TEXTS.filter(bool)
NAMES = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
ARGUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


@st.composite
def dialogues(draw):
    """Legal dialogues, and illegal ones in which a message holds several calls."""
    messages = [Message(role="system", content=draw(SAID))]
    count = 0
    for _ in range(draw(st.integers(0, 3))):
        messages.append(Message(role="user", content=draw(SAID)))
        for calls in draw(st.lists(st.integers(1, 2), max_size=2)):
            made = []
            for _ in range(calls):
                count += 1
                made.append(ToolCall(call_id=f"call_{count}", name=draw(NAMES), arguments=draw(ARGUMENTS)))
            content = draw(st.just("") | SAID)
            messages.append(Message(role="assistant", content=content, tool_calls=tuple(made)))
            messages.extend(Message(role="tool", content=draw(SAID), call_id=call.call_id) for call in made)
        messages.append(Message(role="assistant", content=draw(SAID)))
    return tuple(messages)


@given(dialogues())
def test_a_written_dialogue_is_read_as_it_was(messages):
    assert parse_trajectory(render_trajectory(messages)) == messages


@given(dialogues(), st.sampled_from(["", "Sure:\n", "```xml\n", "<think>\n<user>?\n</think>\n"]))
def test_what_stands_around_a_dialogue_changes_nothing(messages, preamble):
    text = f"{preamble}{render_trajectory(messages)}\n```\nI hope this helps."
    assert parse_trajectory(text) == messages


DIALOGUE = """<system>Rules</system>
<user>Hi</user>
<assistant>Let me look. <func>{"name": "get", "arguments": {"id": "A"}}</func></assistant>
<tool>{"id": "A"}</tool>
<assistant>Done.</assistant>"""


def test_calls_get_ids_in_order_and_results_name_their_call():
    messages = parse_trajectory(
        DIALOGUE.replace("<assistant>Done.</assistant>", DIALOGUE[DIALOGUE.index("<assistant>") :])
    )
    assert [call.call_id for message in messages for call in message.tool_calls] == ["call_1", "call_2"]
    assert [message.call_id for message in messages if message.role == "tool"] == ["call_1", "call_2"]


def test_two_calls_in_one_message_are_two_calls():
    call = '<func>{"name": "get", "arguments": {}}</func>'
    first, second = parse_trajectory(f"<assistant>Both. {call} and {call} now.</assistant><tool>1</tool>")
    assert first.content == "Both.\nand\nnow."
    assert [item.call_id for item in first.tool_calls] == ["call_1", "call_2"]
    assert second.call_id == "call_1"


def test_a_result_without_a_call_answers_none():
    messages = parse_trajectory(
        '<tool>1</tool><assistant><func>{"name": "a", "arguments": {}}</func></assistant>'
        "<user>Wait</user><tool>2</tool>"
    )
    assert [message.call_id for message in messages if message.role == "tool"] == [None, None]


def test_text_that_is_not_escaped_is_read_as_it_stands():
    (message,) = parse_trajectory("<user>Is 3 < 4 & 5 > 4? See ?a=1&copy=2 and <b>bold</b></user>")
    assert message.content == "Is 3 < 4 & 5 > 4? See ?a=1&copy=2 and <b>bold</b>"


def test_a_fence_around_json_in_a_tag_is_taken_off():
    messages = parse_trajectory(
        '<assistant><func>\n```json\n{"name": "get", "arguments": {}}\n```\n</func></assistant>\n'
        '<tool>\n```json\n{"id": 1}\n```\n</tool>'
    )
    assert messages[0].tool_calls[0].name == "get"
    assert messages[1].content == '{"id": 1}'


def test_json_of_a_call_is_read_as_it_stands():
    (message,) = parse_trajectory(
        '<assistant><func>{"name": "get", "arguments": {"a": "&lt;b>", "c": "\\u003cd\\u003e"}}</func>'
        "</assistant>"
    )
    assert message.tool_calls[0].arguments == {"a": "&lt;b>", "c": "<d>"}


def test_a_written_call_closes_no_tag():
    call = ToolCall(call_id="call_1", name="get", arguments={"a": "</func></assistant>", "b": "x & y"})
    text = render_trajectory([Message(role="assistant", content="", tool_calls=(call,))])
    assert text.count("</") == 2
    assert parse_trajectory(text)[0].tool_calls == (call,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello", "<system> is missing"),
        ("I'm sorry, I can't help with that.", "refusal without a <system> tag"),
        (DIALOGUE.replace("</user>", ""), "<user> (pair 2 in the dialogue) is not closed before <assistant>"),
        (DIALOGUE.replace("</tool>", "</user>"), "<tool> (pair 4 in the dialogue) is closed by </user>"),
        (DIALOGUE[:-5], "<assistant> (pair 5 in the dialogue) is opened and never closed"),
        (DIALOGUE.replace("<user>Hi", "<user>Hi <user>"), "<user> (pair 2 in the dialogue) is not closed"),
        (DIALOGUE.replace("<user>Hi", "<user> "), "<user> at message 1 is empty"),
        (DIALOGUE.replace("Done.", ""), "<assistant> at message 4 is empty"),
        (DIALOGUE.replace("</func>", ""), "<func> (pair 1 in <assistant> at message 2) is opened"),
        (
            DIALOGUE.replace('"arguments": {"id": "A"}', '"arguments": {"id": A}'),
            "<func> in <assistant> at message 2",
        ),
        (DIALOGUE.replace('"name": "get", ', ""), 'has no "name"'),
        (
            DIALOGUE.replace('{"id": "A"}}</func>', "[1]}</func>"),
            '"arguments" of <func> in <assistant> at message 2',
        ),
        (
            DIALOGUE.replace("<tool>", "Then:\n<tool>"),
            'The text "Then:" stands between </assistant> and <tool>',
        ),
    ],
)
def test_error_names_the_tag_and_the_message(text, says):
    with pytest.raises(AnswerError) as caught:
        parse_trajectory(text)
    assert says in str(caught.value)


TOOLS = '[{"name": "get", "description": "Reads <user> data.", "inputSchema": {"type": "object"}}]'


@pytest.mark.parametrize(
    "text",
    [
        f"<toolsets>{TOOLS}</toolsets>\n{DIALOGUE}",
        f"New tools:\n<toolsets>\n```json\n{TOOLS}\n```\n</toolsets>\nAnd the dialogue:\n{DIALOGUE}\nDone.",
        f"{DIALOGUE}\n<toolsets>{TOOLS}</toolsets>",
        f'<toolsets>{{"tools": {TOOLS}}}</toolsets>{DIALOGUE}',
    ],
)
def test_reads_tools_and_dialogue_of_a_refinement(text):
    refined = parse_refined_trajectory(text)
    assert [tool.name for tool in refined.tools] == ["get"]
    assert refined.messages == parse_trajectory(DIALOGUE)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DIALOGUE, "<toolsets> is missing"),
        (f"<toolsets>{TOOLS}{DIALOGUE}", "<toolsets> (pair 1 in the answer) is opened and never closed"),
        (f"<toolsets>{TOOLS}</toolsets>" * 2 + DIALOGUE, "<toolsets> occurs 2 times"),
        (f"<toolsets>get</toolsets>{DIALOGUE}", "<toolsets> does not hold valid JSON"),
        (f"<toolsets>{TOOLS}</toolsets>", "<system> is missing"),
    ],
)
def test_a_refinement_without_tools_or_dialogue_is_refused(text, says):
    with pytest.raises(AnswerError) as caught:
        parse_refined_trajectory(text)
    assert says in str(caught.value)
