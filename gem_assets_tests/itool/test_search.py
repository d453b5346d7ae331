"""The search: laws of its tree, the same under the same seed, and a planted systematic error it must find."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.itool.search.pairs import PairSettings, find_pairs
from gem_assets.itool.turns.fragments import cut
from gem_assets.itool.turns.reading import read_turn
from gem_assets_tests.itool.making import GOLD, PROMPT, item, searched
from gem_assets_tests.itool.scripted import ENDING, PLANTED, ScriptedPolicy, branching

SEEDS = range(10)


def drawn(tree):
    return [(n.number, n.parent, n.fragment, n.visits, n.value, n.prior, n.attempts) for n in tree.nodes]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tree_keeps_its_laws(seed):
    tree, _ = searched(item(), seed=seed)
    for node in tree.nodes:
        children = tree.children_of(node)
        assert node.visits == len(node.turns) == sum(child.visits for child in children) or node.is_end
        assert 0 <= node.value <= 1
        passed = [tree.turns[number].reward.value for number in node.turns]
        assert node.value == pytest.approx(sum(passed) / len(passed))
        assert len({(child.fragment, child.is_end) for child in children}) == len(children)
        assert 0 < node.probability <= node.prior <= 1 or node.parent is None
    assert len({turn.text for turn in tree.turns}) == len(tree.turns)
    for number, turn in enumerate(tree.turns):
        [last] = [node for node in tree.nodes if number in node.turns and node.is_end]
        assert tree.text_at(last) == turn.text


def test_the_same_seed_gives_the_same_tree_and_another_asks_other_questions():
    first, one = searched(item(), seed=3)
    second, two = searched(item(), seed=3)
    assert drawn(first) == drawn(second)
    assert one.asked == two.asked
    assert searched(item(), seed=4)[1].asked != one.asked


def test_no_question_is_asked_twice():
    _, policy = searched(item(), iterations=20)
    assert len(set(policy.asked)) == len(policy.asked)
    assert len({seed for _, seed in policy.asked}) == len(policy.asked)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_systematic_error_is_found_and_a_pair_points_at_it(seed):
    tree, _ = searched(item(), seed=seed)
    pairs = find_pairs(tree, item(), PairSettings())
    [planted] = [pair for pair in pairs if pair.rejected_fragment == f" 2023{ENDING}"]
    assert planted.chosen_fragment == f" 2024{ENDING}"
    assert (planted.kind, planted.error_type) == ("value", "value")
    assert planted.prompt.endswith('"year":')


def test_a_policy_is_never_asked_in_the_middle_of_a_token_and_its_error_after_it_is_found():
    """As models write brackets: `="` is one token, so that none would go on after `day=` alone."""
    tokens = ({"[remind(": 1.0}, {"day": 1.0}, {'="': 1.0}, {'Monday")': 0.9, 'Sunday")': 0.1}, {"]": 1.0})
    one = item(syntax="bracket", gold='[remind(day="Sunday")]', tools=())
    for seed in SEEDS:
        policy = ScriptedPolicy(branching(*tokens), one.prompt)
        tree, _ = searched(one, policy, seed=seed)
        begun = {text for text, _ in policy.asked}
        assert begun <= {"", "[remind("}
        [pair] = find_pairs(tree, one, PairSettings())
        assert pair.prompt.endswith("[remind(day=")
        assert (pair.chosen_fragment, pair.rejected_fragment) == ('"Sunday")', '"Monday")')


def test_the_search_finds_the_right_turn_more_often_than_as_many_plain_questions():
    by_search = by_asking = 0
    for seed in range(50):
        tree, policy = searched(item(), seed=seed)
        by_search += max(turn.reward.value for turn in tree.turns) == 1
        plain = ScriptedPolicy(PLANTED, PROMPT)
        written = plain.sample(PROMPT, n=3 * len(policy.asked), max_tokens=99, temperature=1.5, seed=seed)
        by_asking += any(completion.text == GOLD for completion in written)
    assert by_search > by_asking


@pytest.mark.parametrize(("temperature", "wanders"), [(0.05, False), (3.0, True)])
def test_the_temperature_decides_how_far_the_policy_wanders(temperature, wanders):
    turns = {
        turn.text
        for seed in SEEDS
        for turn in searched(item(), seed=seed, temperature=temperature, iterations=1)[0].turns
    }
    assert (len(turns) > 2) == wanders


def test_a_policy_that_is_sure_is_not_asked_for_ever():
    sure = ScriptedPolicy(branching(*({fragment.text: 1.0} for fragment in cut(GOLD, "hermes"))), PROMPT)
    tree, _ = searched(item(), sure, iterations=50)
    assert len(tree.turns) == 1
    assert len(sure.asked) < 15


def test_a_turn_that_does_not_end_is_kept_apart_and_earns_nothing():
    endless = ScriptedPolicy(lambda _: {"again. ": 0.6, "and. ": 0.4}, PROMPT)
    tree, _ = searched(item(), endless, max_tokens=5)
    assert {turn.finished for turn in tree.turns} == {False}
    assert tree.root.value == 0
    assert find_pairs(tree, item(), PairSettings()) == []


def test_beyond_the_depth_the_rest_of_a_turn_is_one_node():
    deep, _ = searched(item(), seed=1)
    flat, _ = searched(item(), seed=1, depth=2)
    assert max(flat.depth_of(node) for node in flat.nodes) == 3
    assert max(deep.depth_of(node) for node in deep.nodes) == 6
    for number, turn in enumerate(flat.turns):
        [last] = [node for node in flat.nodes if number in node.turns and node.is_end]
        assert flat.text_at(last) == turn.text


@given(st.integers(0, 2**20), st.integers(1, 12), st.integers(2, 4))
@settings(max_examples=25, deadline=None)
def test_a_pair_keeps_what_it_promises(seed, iterations, width):
    one = item()
    tree, _ = searched(one, seed=seed, iterations=iterations, width=width)
    limits = PairSettings(per_item=2)
    pairs = find_pairs(tree, one, limits)
    assert len(pairs) <= limits.per_item
    assert len({pair.pair_id for pair in pairs}) == len(pairs)
    for pair in pairs:
        assert pair.prompt.startswith(one.prompt)
        assert pair.chosen.startswith(pair.chosen_fragment)
        assert pair.rejected.startswith(pair.rejected_fragment)
        assert pair.gap >= limits.minimum_gap
        assert pair.chosen_reward >= limits.floor
        begun = pair.prompt.removeprefix(one.prompt)
        assert {begun + pair.chosen, begun + pair.rejected} <= {turn.text for turn in tree.turns}
        assert read_turn(begun + pair.chosen, "hermes").broken is None


def test_priors_are_the_policys_own_and_not_those_of_the_temperature():
    tree, _ = searched(item(), temperature=3.0)
    expected = {fragment: share for fork in FORKS for fragment, share in fork.items()}
    for node in tree.nodes[1:]:
        if not node.is_end:
            assert node.probability == pytest.approx(expected[node.fragment])
            assert math.isclose(node.prior, node.probability)


def _forks():
    begun, found = "", []
    while fork := PLANTED(begun):
        found.append(fork)
        begun += next(iter(fork))
        if "" in fork:
            return found
    return found


FORKS = _forks()
