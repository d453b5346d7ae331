"""Find earlier sets that a new one resembles: MinHash proposes, exact Jaccard decides.

Does not belong here: what is hashed (`shingles`), and what follows from a match (`choosing`).
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue] - ships no types

from gem_assets.datasets.shingles import jaccard

PERMUTATIONS = 126
BAND_ROWS = 3
"""42 bands of 3 rows propose a pair of similarity 0.5 with probability 0.996, one of 0.8 with 1 - 1e-13."""


@dataclass(frozen=True)
class Match:
    """An earlier entry and its similarity."""

    key: int
    similarity: float


class NearDuplicateIndex:
    """Sets entered so far, found again by a set that resembles them."""

    def __init__(self) -> None:
        self._sets: dict[int, array[int]] = {}
        self._bands: dict[tuple[int, ...], list[int]] = {}

    def add(self, key: int, shingles: "array[int]") -> None:
        """Enter a set; an empty one is never found."""
        if not shingles:
            return
        self._sets[key] = shingles
        for band in _bands(shingles):
            self._bands.setdefault(band, []).append(key)

    def find(self, shingles: "array[int]", threshold: float) -> list[Match]:
        """List the entered sets of at least that similarity, the most similar first."""
        if not shingles:
            return []
        proposed = {key for band in _bands(shingles) for key in self._bands.get(band, ())}
        found = [
            Match(key, similarity)
            for key in proposed
            if (similarity := jaccard(shingles, self._sets[key])) >= threshold
        ]
        return sorted(found, key=lambda match: (-match.similarity, match.key))


def _bands(shingles: "array[int]") -> Iterator[tuple[int, ...]]:
    minhash = RMinHash(num_perm=PERMUTATIONS, seed=42)
    minhash.update([format(shingle, "x") for shingle in shingles])
    digest = minhash.digest()
    for start in range(0, PERMUTATIONS, BAND_ROWS):
        yield (start, *digest[start : start + BAND_ROWS])
