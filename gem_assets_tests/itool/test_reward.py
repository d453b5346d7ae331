"""Reward: structure against gold, less the errors of checks, mixed with the policy's own grade."""

import pytest

from gem_assets.itool.turns.faults import find_faults
from gem_assets.itool.turns.reading import read_turn
from gem_assets.itool.turns.reward import RewardSettings, TurnJudge
from gem_assets.records.message import Message
from gem_assets_tests.itool.making import GOLD, item, judge_of

WRONG_ID = GOLD.replace("C-100", "C-999")


def test_gold_earns_all():
    assert judge_of(item()).judge(GOLD).value == 1


def test_an_identifier_that_nobody_gave_costs_beside_the_lost_argument():
    reward = judge_of(item()).judge(WRONG_ID)
    assert reward.credit == pytest.approx(2 / 3)
    assert reward.faults == ("verify_ungrounded_id",)
    assert reward.value == pytest.approx(2 / 3 - 0.25)


def test_without_gold_only_faults_count():
    judge = judge_of(item(gold=None))
    assert judge.judge(GOLD).value == 1
    assert judge.judge(WRONG_ID).value == 0.75
    assert judge.judge(GOLD.replace('"C-100"', "7")).faults == ("rule_call_argument_type",)
    assert judge.judge(GOLD.replace("get_claim", "shred_claim")).faults == ("rule_call_unknown_tool",)


def test_what_gold_does_itself_is_no_fault():
    asked = (Message(role="system", content="Claims."), Message(role="user", content="My claim, please."))
    judge = judge_of(item(messages=asked))
    assert judge.judge(GOLD).faults == ()
    assert judge.judge(GOLD).value == 1


def test_broken_syntax_earns_nothing():
    reward = judge_of(item()).judge(GOLD[:-1])
    assert (reward.value, reward.errors) == (0, ("syntax",))


def test_without_tools_in_the_file_no_tool_is_unknown():
    assert find_faults(item(tools=()).situation, read_turn(GOLD, "hermes")) == frozenset()


def test_the_grade_moves_the_reward_by_its_weight_and_each_text_is_graded_once():
    asked = []

    def grade(text):
        asked.append(text)
        return (0.0, 0.0, 0.0, 1.0) if text == GOLD else (1.0, 0.0, 0.0, 0.0)

    judge = TurnJudge(item().situation, "hermes", read_turn(GOLD, "hermes"), RewardSettings(), grade)
    assert judge.judge(GOLD).value == pytest.approx(0.8)
    assert judge.judge(WRONG_ID).value == pytest.approx(0.8 * (2 / 3 - 0.25) + 0.2)
    judge.judge(GOLD)
    assert asked == [GOLD, WRONG_ID]
