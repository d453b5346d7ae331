"""Which forks of a tree make a preference pair, and which do not."""

import pytest

from gem_assets.itool.search.pairs import PairSettings, find_pairs, overlap, without_repeats
from gem_assets.itool.search.policy import Completion, Token
from gem_assets.itool.search.tree import Tree
from gem_assets.itool.turns.reward import Reward
from gem_assets_tests.itool.making import GOLD, item, judge_of

YEAR = GOLD.replace("2024", "2023")
CLAIM = GOLD.replace("C-100", "C-900")
CLAIM_AND_YEAR = CLAIM.replace("2024", "2023")


def tree_of(*texts, one=None, rewards=None):
    one = one or item()
    judge = judge_of(one)
    tree = Tree(one.syntax, 60)
    for text in texts:
        reward = Reward(rewards[text], 0.0) if rewards else judge.judge(text)
        tokens = tuple(Token(place, -1.0) for place in range(len(text) + 1))
        tree.insert(tree.root, Completion(text, tokens, True), reward)
    return tree


def forks(*texts, one=None, rewards=None, **settings):
    one = one or item()
    pairs = find_pairs(tree_of(*texts, one=one, rewards=rewards), one, PairSettings(**settings))
    return [(pair.chosen_fragment, pair.rejected_fragment, pair.error_type) for pair in pairs]


def test_a_fork_with_a_right_and_a_wrong_value_is_a_pair():
    assert [error for *_, error in forks(GOLD, YEAR)] == ["value"]


def test_a_fork_behind_a_wrong_value_is_none():
    # Two forks: at the claim, and at the year after the wrong claim.
    pairs = forks(GOLD, CLAIM, CLAIM_AND_YEAR)
    assert [chosen for chosen, *_ in pairs] == [' "C-100",']


def test_without_gold_a_fork_anywhere_may_be_a_pair():
    one = item(gold=None)
    rewards = {GOLD: 1.0, CLAIM: 0.8, CLAIM_AND_YEAR: 0.2}
    assert len(forks(GOLD, CLAIM, CLAIM_AND_YEAR, one=one, rewards=rewards)) == 2


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 1), ({"minimum_gap": 0.34}, 0), ({"minimum_gap": 0.33}, 1), ({"floor": 1.0}, 1)],
)
def test_the_gap_decides(settings, count):
    assert len(forks(GOLD, YEAR, **settings)) == count


@pytest.mark.parametrize(("least", "count"), [(0.36, 1), (0.37, 0)])
def test_what_the_policy_would_hardly_say_is_not_turned_down(least, count):
    # Every token of these trees has the probability 0.368.
    assert len(forks(GOLD, YEAR, least_prior=least)) == count


@pytest.mark.parametrize(("floor", "count"), [(0.66, 1), (0.67, 0)])
def test_what_is_chosen_is_good_enough_to_be_learnt(floor, count):
    assert len(forks(YEAR, CLAIM_AND_YEAR, floor=floor, exact=False)) == count


def test_what_is_chosen_has_golds_structure_to_its_end():
    # The claim is right, the year that follows is not: it would be learnt too.
    assert forks(YEAR, CLAIM_AND_YEAR) == []
    assert len(forks(GOLD, YEAR, CLAIM_AND_YEAR)) == 2


def test_a_wrong_fragment_is_never_chosen_however_bad_the_other():
    broken = GOLD.replace('"C-100"', '"C-')
    assert forks(CLAIM, broken, exact=False, floor=0.0) == []


@pytest.mark.parametrize(("against", "rejected"), [("worst", ' "C-777",'), ("likeliest", ' "C-900",')])
def test_the_worst_or_the_likeliest_is_turned_down(against, rejected):
    worst = GOLD.replace("C-100", "C-777").replace("2024", "2023")
    tree = tree_of(GOLD, CLAIM, worst)
    for node in tree.nodes:
        node.probability = 0.4 if node.fragment == ' "C-900",' else 0.1
    pairs = find_pairs(tree, item(), PairSettings(against=against))
    assert [pair.rejected_fragment for pair in pairs if pair.chosen_fragment == ' "C-100",'] == [rejected]


def test_fragments_that_say_the_same_are_no_pair():
    gold = "I have changed the delivery of your order to the address in Oslo as you asked."
    near = gold.replace("have ", "")
    one, rewards = item(gold=gold), {gold: 1.0, near: 0.5}
    assert forks(gold, near, one=one, rewards=rewards, maximum_overlap=0.95) == []
    assert len(forks(gold, near, one=one, rewards=rewards, maximum_overlap=0.99)) == 1


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a b c", "a b c", 1), ("a b", "c d", 0), ("a b", "b a", 0.5), ("", "", 1), ("]", ")", 0), ("a", "", 0)],
)
def test_overlap_is_of_words_in_order(one, other, expected):
    assert overlap(one, other) == overlap(other, one) == expected


def test_the_caps_keep_the_widest_gaps():
    texts = (GOLD, YEAR, CLAIM, GOLD.replace("get_claim", "find_claim"))
    everything = forks(*texts)
    assert len(everything) == 3
    assert forks(*texts, per_item=1) == everything[:1]
    assert everything[0][2] == "tool_choice"


def test_repeats_go_and_the_first_stays():
    [pair] = find_pairs(tree_of(GOLD, YEAR), item(), PairSettings())
    again = pair.model_copy(update={"item_id": "item-2"})
    assert without_repeats([pair, again]) == [pair]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (YEAR, "value"),
        (GOLD.replace('"year"', '"years"'), "name"),
        (GOLD.replace(', "year": 2024', ""), "count"),
        (GOLD.replace("get_claim", "find_claim"), "tool_choice"),
        (f"{GOLD}\n{GOLD}", "tool_count"),
        (GOLD.replace("2024", '"2024'), "syntax"),
        ("I cannot say.", "tool_count"),
    ],
)
def test_each_pair_says_what_is_wrong(wrong, error):
    assert [found for *_, found in forks(GOLD, wrong)] == [error]


def test_a_worse_answer_in_words_is_another_error():
    one = item(gold="The claim was paid on Monday.")
    assert [error for *_, error in forks("The claim was paid on Monday.", "No.", one=one)] == ["other"]


def test_a_pair_leads_back_to_document_and_trajectory():
    [pair] = find_pairs(tree_of(GOLD, YEAR), item(), PairSettings())
    assert (pair.item_id, pair.document_id, pair.trajectory_id) == ("item-1", "document-1", "trajectory-1")
