import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.datasets.chat_template import render_chat, render_learnt
from gem_assets.datasets.examples import (
    policy_example,
    synthesizer_example,
    synthesizer_messages,
    write_examples,
)
from gem_assets.datasets.openai_shape import find_repaired_calls, from_openai, to_openai, tools_from_openai
from gem_assets.datasets.tokens import estimate_packing, open_counter
from gem_assets.records.message import Message
from gem_assets.records.tool import ToolCall
from gem_assets.stages.answers.trajectory_answer import parse_refined_trajectory
from gem_assets.store.home import Home, StoreError
from gem_assets_tests.configured import configured
from gem_assets_tests.datasets.making import recorded
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS

EVERY = range(len(PROCEDURES))

texts = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(texts, json_values, max_size=4)


@pytest.mark.parametrize("number", EVERY)
def test_messages_and_tools_come_back_as_the_records_they_were(number: int):
    trajectory = recorded(number)
    example = json.loads(json.dumps(policy_example(trajectory)))
    assert from_openai(example["messages"]) == trajectory.messages
    assert tools_from_openai(example["tools"]) == trajectory.tools
    assert to_openai(from_openai(example["messages"])) == example["messages"]


@given(texts, arguments)
def test_any_arguments_come_back(content: str, given_arguments: dict):
    call = ToolCall(call_id="c1", name="t", arguments=given_arguments)
    messages = (
        Message(role="user", content=content),
        Message(role="assistant", content=content, tool_calls=(call,)),
        Message(role="tool", content=content, call_id="c1"),
        Message(role="assistant", content=content),
    )
    shape = json.loads(json.dumps(to_openai(messages)))
    assert from_openai(shape) == messages
    assert all(isinstance(message["content"], str) for message in shape)
    assert isinstance(shape[1]["tool_calls"][0]["function"]["arguments"], str)


@pytest.mark.parametrize("number", EVERY)
def test_the_synthesizers_answer_is_read_by_the_pipelines_own_parser(number: int):
    trajectory = recorded(number)
    example = synthesizer_example(trajectory, SETTINGS)
    answer = parse_refined_trajectory(example["answer"])
    assert answer.tools == trajectory.tools
    assert answer.messages == trajectory.messages
    [asked, answered] = synthesizer_messages(example)
    assert asked["content"].startswith("Turn the following text into multi-turn tool-use trajectories")
    assert asked["content"].endswith(trajectory.workflow.procedure.document.text)
    assert answered == {"role": "assistant", "content": example["answer"]}


def _call(number: int, name: str) -> Message:
    return Message(
        role="assistant", content="", tool_calls=(ToolCall(call_id=f"c{number}", name=name, arguments={}),)
    )


def _result(number: int, *, good: bool) -> Message:
    return Message(role="tool", content='{"id": 1}' if good else '{"error": "no"}', call_id=f"c{number}")


USER, END = Message(role="user", content="x"), Message(role="assistant", content="x")


@pytest.mark.parametrize(
    ("turns", "repaired"),
    [
        ((_call(1, "a"), _result(1, good=False), _call(2, "a"), _result(2, good=True), END), (1,)),
        ((_call(1, "a"), _result(1, good=False), _call(2, "b"), _result(2, good=True), END), ()),
        ((_call(1, "a"), _result(1, good=False), _call(2, "a"), _result(2, good=False), END), ()),
        ((_call(1, "a"), _result(1, good=True), _call(2, "a"), _result(2, good=False), END), ()),
        ((_call(1, "a"), _result(1, good=False), END, USER, _call(2, "a"), _result(2, good=True), END), (1,)),
    ],
)
def test_a_wrong_call_is_left_out_of_the_loss_only_when_it_is_repaired(turns: tuple, repaired: tuple):
    assert find_repaired_calls((USER, *turns)) == repaired


TOOLS = [
    {
        "type": "function",
        "function": {"name": "a", "description": "<b> & ü", "parameters": {"type": "object"}},
    }
]
CALL = {"function": {"name": "a", "arguments": '{"x": "ö<"}'}}
HEAD = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n"
    '{"type": "function", "function": {"name": "a", "description": "<b> & ü", '
    '"parameters": {"type": "object"}}}'
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    '<tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, '
    '"arguments": <args-json-object>}\n'
    "</tool_call><|im_end|>\n"
)


def test_a_chat_renders_as_qwen3_without_thinking_does():
    messages = [
        {"role": "system", "content": "Rules\n"},
        {"role": "user", "content": " hi\n"},
        {"role": "assistant", "content": "Look.", "tool_calls": [CALL, CALL]},
        {"role": "tool", "content": '{"a": "<&>"}'},
        {"role": "tool", "content": "2"},
        {"role": "assistant", "content": "Done"},
    ]
    call = '<tool_call>\n{"name": "a", "arguments": {"x": "ö<"}}\n</tool_call>'
    assert render_chat(messages, TOOLS) == (
        f"<|im_start|>system\nRules\n\n\n{HEAD}<|im_start|>user\n hi\n<|im_end|>\n"
        f"<|im_start|>assistant\nLook.\n{call}\n{call}<|im_end|>\n"
        '<|im_start|>user\n<tool_response>\n{"a": "<&>"}\n</tool_response>\n'
        "<tool_response>\n2\n</tool_response>"
        "<|im_end|>\n<|im_start|>assistant\nDone<|im_end|>\n"
    )
    assert render_learnt(messages, TOOLS) == [f"Look.\n{call}\n{call}<|im_end|>", "Done<|im_end|>"]


def test_a_message_that_is_not_to_be_learnt_is_shown_all_the_same():
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": [CALL], "train": False},
        {"role": "tool", "content": "{}"},
        {"role": "assistant", "content": "Done", "train": None},
    ]
    plain = [{key: value for key, value in message.items() if key != "train"} for message in messages]
    assert render_chat(messages) == render_chat(plain)
    assert render_learnt(messages) == ["Done<|im_end|>"]


@given(st.lists(st.integers(1, 50_000), max_size=60))
def test_packs_hold_every_row_that_fits_and_none_overflows(lengths: list[int]):
    packing = estimate_packing(lengths, 32_768)
    fitting = [length for length in lengths if length <= 32_768]
    assert packing.too_long == len(lengths) - len(fitting)
    assert -(-sum(fitting) // 32_768) <= packing.packs <= len(fitting)
    assert abs(packing.filled * packing.packs * 32_768 - sum(fitting)) < 1


def test_tokens_are_counted_without_a_network_and_the_counter_is_named():
    counter = open_counter(None)
    assert "estimate" in counter.name
    assert 1 < counter.count("cancel the order <|endoftext|>") < 20


def test_the_tokenizer_that_is_named_counts(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    (tmp_path / "tiny").mkdir()
    tokenizer.save(str(tmp_path / "tiny" / "tokenizer.json"))
    counter = open_counter(tmp_path / "tiny")
    assert (counter.name, counter.count("a b a")) == ("tiny", 3)


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_tokenizer_that_cannot_be_read_is_told(tmp_path, content: str | None):
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(StoreError, match="GEM_TOKENIZER"):
        open_counter(tmp_path)


def test_rows_of_a_data_set_that_was_never_built_are_told(home: Home):
    with pytest.raises(StoreError, match="gem dataset --recipe default"):
        write_examples(configured(home), "default", "policy_examples")
