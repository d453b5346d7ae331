"""What rows cost where some of them may have no known price.

Does not belong here: how it is written (`figures.py`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spend:
    """US dollars of some rows. `total` is None where any part is unknown, `known` is the priced part."""

    total: float | None
    known: float
    unpriced_rows: int
