import random

import pytest

from gem_assets.intervals import Pairs, design_effect, highest_share, paired_difference, wilson


def one_each(both: int, gained: int, lost: int, neither: int) -> list[Pairs]:
    """Documents with one input each."""
    kinds = [Pairs(1, 0, 0, 0)] * both + [Pairs(0, 1, 0, 0)] * gained
    return kinds + [Pairs(0, 0, 1, 0)] * lost + [Pairs(0, 0, 0, 1)] * neither


@pytest.mark.parametrize("counts", [(40, 9, 2, 9), (1, 0, 0, 0), (0, 5, 0, 0), (0, 3, 3, 0), (10, 0, 7, 90)])
def test_the_interval_holds_the_difference_and_stays_within_one(counts: tuple[int, int, int, int]):
    found = paired_difference(one_each(*counts))
    assert found.value == pytest.approx((counts[1] - counts[2]) / sum(counts))
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_to_swap_the_versions_is_to_turn_the_interval_round():
    found, turned = paired_difference(one_each(40, 9, 2, 9)), paired_difference(one_each(40, 2, 9, 9))
    assert (turned.low, turned.value, turned.high) == pytest.approx((-found.high, -found.value, -found.low))


def test_more_inputs_make_the_interval_narrower():
    few, many = paired_difference(one_each(4, 2, 1, 3)), paired_difference(one_each(400, 200, 100, 300))
    assert many.high - many.low < (few.high - few.low) / 4
    assert many.is_more_than_noise and not few.is_more_than_noise


def test_where_nothing_changed_the_difference_is_nought_but_not_sure():
    found = paired_difference(one_each(20, 0, 0, 5))
    assert found.value == 0 and found.low < 0 < found.high
    assert not found.is_more_than_noise


def test_inputs_that_change_together_count_as_one():
    together = [Pairs(0, 4, 0, 0)] * 3 + [Pairs(4, 0, 0, 0)] * 9 + [Pairs(0, 0, 4, 0)]
    alone = one_each(36, 12, 4, 0)
    assert design_effect(alone) == 1
    assert design_effect(together) == pytest.approx(4)
    assert paired_difference(alone).is_more_than_noise
    assert not paired_difference(together).is_more_than_noise


def test_nineteen_intervals_of_twenty_hold_the_true_difference():
    draw = random.Random(7)
    weights, held = (0.5, 0.2, 0.1, 0.2), 0
    for _ in range(600):
        drawn = draw.choices(range(4), weights, k=60)
        found = paired_difference(one_each(*(drawn.count(kind) for kind in range(4))))
        held += found.low <= 0.1 <= found.high
    assert 0.925 <= held / 600 <= 0.985


def test_the_score_interval_of_a_share_is_known():
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0, 10)[0] == 0


@pytest.mark.parametrize(("number", "highest"), [(119, 1 - 0.05 ** (1 / 119)), (3, 1 - 0.05 ** (1 / 3))])
def test_of_what_was_never_seen_the_highest_share_is_the_rule_of_three(number: int, highest: float):
    assert highest_share(0, number) == pytest.approx(highest)


def test_the_highest_share_grows_with_what_was_seen_and_is_never_below_it():
    shares = [highest_share(seen, 20) for seen in range(21)]
    assert shares == sorted(shares)
    assert all(share >= seen / 20 for seen, share in enumerate(shares))
    assert shares[5] == pytest.approx(0.4556, abs=1e-4)
