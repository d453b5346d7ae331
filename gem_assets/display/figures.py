"""How figures are written, the same on the terminal, in markdown and on the page: a dash where there is none.

Does not belong here: text of documents and models (`visible.py`).
"""

from dataclasses import dataclass

NONE = "-"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Spend:
    """US dollars of some rows. `total` is None where any part is unknown, `known` is the priced part."""

    total: float | None
    known: float
    unpriced_rows: int


def count(value: int | None) -> str:
    """Write a number of things with thousands separated."""
    return NONE if value is None else f"{value:,}"


def compact(value: int) -> str:
    """Write a large number with three digits and its unit; a small one as it is."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if value >= size:
            scaled = value / (1000 if unit == "k" else size)
            return f"{scaled:.{max(0, 3 - len(str(int(scaled))))}f} {unit}"
    return count(value)


def things(value: int, noun: str) -> str:
    """Write a number of things with their noun, singular or plural."""
    if value == 1:
        return f"1 {noun}"
    return f"{value:,} {noun[:-1]}ies" if noun.endswith("y") else f"{value:,} {noun}s"


def share(value: float | None) -> str:
    """Write a share as percent; only a whole is written 100%, and only nothing 0%."""
    if value is None:
        return NONE
    if value in (0, 1):
        return f"{value:.0%}"
    return f"{min(max(value, 0.001), 0.999):.1%}"


def mean(value: float | None) -> str:
    """Write a mean or median with one decimal, without `.0`."""
    return NONE if value is None else f"{value:,.1f}".removesuffix(".0")


def ratio(value: float | None) -> str:
    """Write a ratio with two decimals."""
    return NONE if value is None else f"{value:,.2f}"


def money(dollars: float | None) -> str:
    """Write US dollars with the digits that tell; None is unknown."""
    if dollars is None:
        return UNKNOWN
    if 0 < dollars < 0.0001:
        return "<$0.0001"
    cents, _, rest = f"{dollars:,.4f}".partition(".")
    return f"${cents}.{rest[:2]}" if dollars >= 1 else f"${cents}.{rest[:2]}{rest[2:].rstrip('0')}"


def spend(value: Spend | None) -> str:
    """Write what rows cost: `unknown` where any part is, with the part that is known."""
    if value is None:
        return NONE
    if value.total is None and value.known > 0:
        return f"{UNKNOWN} (over {money(value.known)})"
    return money(value.total)


def duration(seconds: float | None) -> str:
    """Write a time in its two largest units."""
    if seconds is None:
        return NONE
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def change(before: str, after: str) -> str:
    """Write what was and what is; a dash where there was neither."""
    return NONE if before == after == NONE else f"{before} -> {after}"
