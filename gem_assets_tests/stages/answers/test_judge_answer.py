"""Verdicts: every rubric with 0 or 1, or no verdict at all; an unreadable answer is never a low score."""

import json

import pytest
from jsonschema import Draft202012Validator

from gem_assets.llm.asking import AnswerError
from gem_assets.stages.answers.judge_answer import judge_answer_schema, parse_judge_answer

FULL = {
    name: {"score": score, "explanation": f"{name} because"}
    for name, score in (("R1", 1), ("R2", 0), ("R3", 1))
}


def scores(text):
    return [score.score for score in parse_judge_answer(text)]


def test_reads_every_rubric_in_order_with_its_explanation():
    read = parse_judge_answer(json.dumps({"R3": FULL["R3"], "R1": FULL["R1"], "R2": FULL["R2"]}))
    assert [(score.rubric, score.score, score.explanation) for score in read] == [
        ("R1", 1, "R1 because"), ("R2", 0, "R2 because"), ("R3", 1, "R3 because"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(FULL),
        f"```json\n{json.dumps(FULL, indent=2)}\n```",
        f"My judgement of {{this}} dialogue:\n{json.dumps(FULL)}\nThat is all.",
        f'<think>{{"R1": 0, "R2": 0, "R3": 0}}</think>{json.dumps(FULL)}',
        json.dumps({"judgement": FULL}),
        json.dumps({"scores": FULL, "overall": "good"}),
        '{"R1": 1, "R2": 0, "R3": 1}',
        '{"R1": "1", "R2": "0", "R3": "1"}',
        '{"R1": true, "R2": false, "R3": "True"}',
        '{"R1": {"score": 1.0}, "R2": {"score": "0"}, "R3": {"score": true}}',
        '{"R1": 1, "R2": 0, "R3": 1} I repeat: {"R1": 1, "R2": 0, "R3": 1}',
    ],
)
def test_reads_a_verdict_in_every_shape(text):
    assert scores(text) == [1, 0, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("R1: 1, R2: 1, R3: 1", "no complete JSON object"),
        (json.dumps(FULL)[:-20], "no complete JSON object"),
        ('{"R1": 1, "R2": 1}', 'has no "R3"'),
        ('{"R1": 1, "R2": 2, "R3": 1}', '"R2" has to be 0 or 1'),
        ('{"R1": 0.5, "R2": 1, "R3": 1}', '"R1" has to be 0 or 1'),
        ('{"R1": 1, "R2": null, "R3": 1}', '"R2" has to be 0 or 1'),
        ('{"R1": 1, "R2": [1], "R3": 1}', '"R2" has to be 0 or 1'),
        ('{"R1": 1, "R2": {"explanation": "fine"}, "R3": 1}', '"R2" has to be 0 or 1'),
        ('{"R1": 1, "R2": "yes", "R3": 1}', '"R2" has to be 0 or 1'),
        ('{"R1": 1, "R2": 1, "R3": 1} or {"R1": 1, "R2": 1, "R3": 0}', "two JSON verdicts that differ"),
        ("I'm sorry, but I can't assist with that.", "refusal"),
    ],
)
def test_an_answer_without_a_clear_verdict_is_none(text, says):
    with pytest.raises(AnswerError) as caught:
        parse_judge_answer(text)
    assert says in str(caught.value)


def test_half_a_surrogate_pair_in_an_explanation_is_replaced():
    (first, *_) = parse_judge_answer('{"R1": {"score": 1, "explanation": "a\\ud800b"}, "R2": 1, "R3": 1}')
    assert first.explanation == "a?b"


def test_the_schema_accepts_the_answer_and_nothing_less():
    validator = Draft202012Validator(judge_answer_schema())
    assert validator.is_valid(FULL)
    assert not validator.is_valid({**FULL, "R2": {"score": 2, "explanation": ""}})
    assert not validator.is_valid({"R1": FULL["R1"], "R2": FULL["R2"]})
