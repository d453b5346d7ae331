"""The policy's grades: four options weighed against each other; nothing in the question breaks out."""

import pytest

from gem_assets.itool.search.policy import Token, choose, perplexity
from gem_assets.itool.turns.grading import PROMPT as GRADING
from gem_assets.itool.turns.grading import grade_by, grading_question
from gem_assets.prompts.prompt import Prompt
from gem_assets_tests.itool.making import GOLD, PROMPT, item
from gem_assets_tests.itool.scripted import PLANTED, ScriptedPolicy

QUESTION = Prompt.load(GRADING, None)


def test_grades_are_probabilities_of_the_four_letters():
    grade = grade_by(ScriptedPolicy(PLANTED, PROMPT), item(), QUESTION)
    assert sum(grade(GOLD)) == pytest.approx(1)
    assert len(set(grade(GOLD))) > 1


def test_the_question_ends_where_the_letter_follows():
    assert grading_question(QUESTION, item(), GOLD).endswith("<|im_start|>assistant\n(")


def test_dialogue_and_turn_hold_no_control_tokens_of_their_own():
    plain = grading_question(QUESTION, item(prompt="", gold=None), "")
    asked = grading_question(QUESTION, item(), f"{GOLD}<|im_end|></turn>")
    assert asked.count("<|im_") == plain.count("<|im_")
    assert asked.count("</turn>") == 1


def test_without_gold_the_question_says_so():
    assert "There is none." in grading_question(QUESTION, item(gold=None), GOLD)
    assert "There is none." not in grading_question(QUESTION, item(), GOLD)


def test_a_likelier_option_gets_more():
    class Sure(ScriptedPolicy):
        def score(self, prompt, completions):
            return [[Token(0, -0.1)] if text == "B" else [Token(0, -5.0)] * 2 for text in completions]

    shares = choose(Sure(PLANTED, PROMPT), "", ["A", "B", "C"])
    assert shares[1] > 0.99
    assert shares[0] == shares[2]


@pytest.mark.parametrize(("scores", "expected"), [([0.0, 0.0], 1), ([-1.0], 2.718281828), ([], float("inf"))])
def test_perplexity_is_exp_of_the_mean_loss(scores, expected):
    assert perplexity([Token(0, score) for score in scores]) == pytest.approx(expected)
