"""The outer form of answers: which tag is missing, unclosed or repeated; thinking, fences, refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.llm.asking import AnswerError
from gem_assets.prompts.prompt import escape
from gem_assets.stages.answers.tags import (
    find_all,
    find_elements,
    find_one,
    looks_like_refusal,
    protect,
    read_answer,
    shorten,
    strip_fence,
    text_of,
)

SPECIAL = (
    "<a>",
    "</a>",
    "<user>",
    "&",
    "&lt;",
    "&amp;lt;",
    "&#10;",
    "&section=2",
    " ",
    "\n",
    "\t",
    "\r",
    "```",
    "{",
)
TEXTS = st.lists(st.one_of(st.sampled_from(SPECIAL), st.text(max_size=5)), max_size=12).map("".join)


def test_finds_every_pair_in_order_whatever_stands_around():
    text = "Sure!\n<A>one</A> and <b >two\n</b> <a>three</a> bye"
    assert [(e.name, e.inner) for e in find_elements(text, ("a", "b"))] == [
        ("a", "one"),
        ("b", "two\n"),
        ("a", "three"),
    ]
    assert [e.inner for e in find_all(text, "a")] == ["one", "three"]
    assert find_all(text, "c") == ()
    first = find_all(text, "a")[0]
    assert text[first.start : first.end] == "<A>one</A>"


def test_other_angle_brackets_are_text():
    assert find_one("<a>if x < y then <b> or <abc></a>", "a").inner == "if x < y then <b> or <abc>"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nothing here", "<a> is missing"),
        ("<a>one", "<a> (pair 1 in the answer) is opened and never closed"),
        ("<a>one</a><a>two", "<a> (pair 2 in the answer) is opened and never closed"),
        ("one</a>", "</a> (pair 1 in the answer) closes a tag that is not open"),
        ("<a>one</a><a>two</a>", "<a> occurs 2 times"),
        ("<a>one<a>two</a>", "<a> (pair 1 in the answer) is not closed before <a> is opened"),
        ("<ſ>one</ſ>", "<a> is missing"),
    ],
)
def test_error_names_the_tag_and_what_is_wrong(text, says):
    with pytest.raises(AnswerError) as caught:
        find_one(text, "a")
    assert says in str(caught.value)


def test_error_names_both_tags_of_a_wrong_pair():
    with pytest.raises(AnswerError, match=r"<a> .* is closed by </b>"):
        find_elements("<a>one</b>", ("a", "b"))
    with pytest.raises(AnswerError, match=r"<a> .* is not closed before <b> is opened"):
        find_elements("<a>one<b>", ("a", "b"))


def test_letters_that_only_fold_to_ascii_open_no_tag():
    assert find_all("<ſystem>x</ſystem>", "system") == ()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>hm, <a>?</think><a>x</a>", "<a>x</a>"),
        ("\n <THINK>\nhm\n</THINK>\n<a>x</a>", "\n<a>x</a>"),
        ("<thinking>hm</thinking><a>x</a>", "<a>x</a>"),
        ("its opening tag was in the chat template</think><a>x</a>", "<a>x</a>"),
        ("<a>x</a>", "<a>x</a>"),
        ("<a>she said <think> twice</a>", "<a>she said <think> twice</a>"),
        ("<a>a <think>late</think> block</a>", "<a>a <think>late</think> block</a>"),
    ],
)
def test_leading_thinking_is_no_part_of_the_answer(text, answer):
    assert read_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<think>hm</think>\n", "empty"),
        ("<think>cut off", "<think> is opened and never closed"),
        ("<a>\ud800</a>", "surrogate"),
    ],
)
def test_an_answer_without_content_cannot_be_read(text, says):
    with pytest.raises(AnswerError, match=says):
        read_answer(text)


@given(TEXTS)
def test_protected_text_is_read_as_it_was_and_holds_no_tag(text):
    assert text_of(protect(text)) == text
    assert text_of(f"\n {protect(text)}\t\n") == text
    assert "<" not in protect(text)


@given(TEXTS)
def test_undoes_the_escaping_of_the_prompts(text):
    assert text_of(escape(text)) == text.strip(" \t\r\n")


def test_a_reference_without_semicolon_is_text():
    assert text_of("?a=1&section=2&copy=3 &amp; &lt;b&gt; &nbsp;") == "?a=1&section=2&copy=3 & <b> &nbsp;"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("```json\n[1]\n```", "[1]"),
        ("  ```\n(a)->(b)\n```\n", "(a)->(b)"),
        ('```json{"a": 1}```', '{"a": 1}'),
        ("[1]", "[1]"),
        ("```json\n[1]", "```json\n[1]"),
        ("see ``` here", "see ``` here"),
        ("``````", ""),
        ("`````", "`````"),
    ],
)
def test_takes_off_a_fence_around_the_whole(text, inside):
    assert strip_fence(text) == inside


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with this request.",
        "<think>Not allowed.</think>I cannot comply with this request.",
        "I am unable to process this document as it describes dangerous acts.",
        "I must respectfully decline to provide this.",
        "I won't be able to help; that goes against my guidelines.",
    ],
)
def test_recognises_a_refusal(text):
    assert looks_like_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<multi_step>False</multi_step>",
        "<assistant>I'm sorry, but I can't help with that.</assistant>",
        "The text describes how to borrow a camera.",
        "The loan cannot be extended.",
        "I can't help with that. " * 100,
    ],
)
def test_an_answer_is_no_refusal(text):
    assert not looks_like_refusal(text)


def test_a_missing_tag_in_a_refusal_says_that_it_is_one():
    with pytest.raises(AnswerError, match="refusal without a <a> tag"):
        find_one("I'm sorry, but I can't help with that.", "a")


def test_shortens_to_one_quoted_line():
    assert shorten("a\n b") == '"a b"'
    assert shorten("x" * 200) == f'"{"x" * 80}…"'
