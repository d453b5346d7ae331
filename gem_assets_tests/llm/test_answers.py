import pytest

from gem_assets.llm.answers import read_answer, split_reasoning


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("hello", "hello", None),
        ("\nhello\n", "hello", None),
        ("<think>so</think>hello", "hello", "so"),
        ("\n<thinking>\nso\n</thinking>\n\n<system>x</system>", "<system>x</system>", "so"),
        ("so it is</think>\n{}", "{}", "so it is"),
        ("<think>cut off", "", "cut off"),
        ("<think></think>hello", "hello", ""),
        ("<system>write </think> at the end</system>", "<system>write </think> at the end</system>", None),
        ('{"a": "</think>"}', '{"a": "</think>"}', None),
        ("a <think> inside", "a <think> inside", None),
    ],
)
def test_only_a_leading_think_block_is_reasoning(content, text, reasoning):
    assert split_reasoning(content) == (text, reasoning)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"choices": None, "usage": None},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
    ],
)
def test_missing_parts_are_empty(response):
    reading = read_answer(response)
    assert (reading.text, reading.reasoning, reading.input_tokens) == ("", None, 0)


def test_reasoning_of_both_kinds_is_joined():
    message = {"content": "<think>inline</think>hello", "reasoning_content": "apart"}
    assert read_answer({"choices": [{"message": message}]}).reasoning == "apart\ninline"
