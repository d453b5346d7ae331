"""How sure a share is, and a difference between two yields that were measured on the same inputs.

Does not belong here: which inputs those are (`reports/comparison/comparing.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

Z = 1.959964
"""Of a two-sided interval of 95 %."""


@dataclass(frozen=True)
class Pairs:
    """Inputs that both versions judged: kept by both, by the newer alone, by the older alone, by neither."""

    both: float
    gained: float
    lost: float
    neither: float

    @property
    def inputs(self) -> float:
        """How many there are."""
        return self.both + self.gained + self.lost + self.neither

    @property
    def before(self) -> float:
        """Yield of the older version."""
        return (self.both + self.lost) / self.inputs

    @property
    def after(self) -> float:
        """Yield of the newer version."""
        return (self.both + self.gained) / self.inputs


@dataclass(frozen=True)
class Difference:
    """Newer minus older yield, with the 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_more_than_noise(self) -> bool:
        """Whether the interval leaves nought out."""
        return self.low > 0 or self.high < 0


def paired_difference(documents: Sequence[Pairs]) -> Difference:
    """Estimate the difference over documents' inputs (at least one) by Newcombe's score interval for pairs.

    Inputs of one document resemble each other, so they count for less than independent ones: the numbers
    are divided by the design effect before the interval is drawn (Newcombe 1998, method 10; Kish 1965).
    """
    pairs = Pairs(
        *(sum(getattr(d, name) for d in documents) for name in ("both", "gained", "lost", "neither"))
    )
    effect = design_effect(documents)
    counted = Pairs(pairs.both / effect, pairs.gained / effect, pairs.lost / effect, pairs.neither / effect)
    (low_after, high_after), (low_before, high_before) = (
        wilson(share, counted.inputs) for share in (pairs.after, pairs.before)
    )
    correlation = _correlation(counted)
    value = pairs.after - pairs.before
    down = _length(pairs.after - low_after, high_before - pairs.before, correlation)
    up = _length(high_after - pairs.after, pairs.before - low_before, correlation)
    return Difference(value, max(-1.0, value - down), min(1.0, value + up))


def design_effect(documents: Sequence[Pairs]) -> float:
    """Say how much wider documents with several inputs make the interval, as a ratio of variances >= 1."""
    inputs = sum(document.inputs for document in documents)
    changed = sum(document.gained + document.lost for document in documents)
    value = sum(document.gained - document.lost for document in documents) / inputs
    independent = changed - inputs * value**2
    if independent <= 0:
        return 1.0
    clustered = sum((d.gained - d.lost - d.inputs * value) ** 2 for d in documents)
    return max(1.0, clustered / independent)


def wilson(share: float, number: float) -> tuple[float, float]:
    """Draw the 95 % score interval of a share among `number` inputs."""
    middle = (share + Z**2 / (2 * number)) / (1 + Z**2 / number)
    half = Z / (1 + Z**2 / number) * sqrt(share * (1 - share) / number + Z**2 / (4 * number**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def highest_share(seen: int, number: int) -> float:
    """Give the exact one-sided 95 % bound of a share of which `seen` among `number` were seen."""
    low, high = seen / number, 1.0
    for _ in range(50):
        share = (low + high) / 2
        fewer = sum(comb(number, k) * share**k * (1 - share) ** (number - k) for k in range(seen + 1))
        low, high = (share, high) if fewer > 0.05 else (low, share)
    return high


def _length(own: float, other: float, correlation: float) -> float:
    return sqrt(max(0.0, own**2 - 2 * correlation * own * other + other**2))


def _correlation(pairs: Pairs) -> float:
    margins = (
        (pairs.both + pairs.gained)
        * (pairs.lost + pairs.neither)
        * (pairs.both + pairs.lost)
        * (pairs.gained + pairs.neither)
    )
    if margins <= 0:
        return 0.0
    product = pairs.both * pairs.neither - pairs.gained * pairs.lost
    if product > 0:
        product = max(0.0, product - pairs.inputs / 2)
    return product / sqrt(margins)
