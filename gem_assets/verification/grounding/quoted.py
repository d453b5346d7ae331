"""Amounts of money and numbers with units that are told or used other than they were given.

English words; all of it warnings. Does not belong here: where an argument comes from (`origins`).
"""

import re
from collections.abc import Callable, Iterator

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.derivations import derive_number
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.grounding.ledger import Ledger, to_number
from gem_assets.verification.values import Scalar, quote

_AMOUNT = re.compile(
    r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)|(?<![\w.,-])(\d[\d,]*(?:\.\d+)?)(?=\s?(?:EUR|USD|GBP|CHF|euros?|dollars?)\b)|"
    r"(?<![\w.,-])(\d[\d,]*\.\d\d)(?![\w.%])"
)
MAX_OPERANDS = 80
MAX_TIMES = 7
"""Up to that many of one thing and one of another: 3.20 + 2 x 2.90."""

_DIMENSIONS = {
    "mass": "kg kilo kilos kilogram kilograms kgs | lb lbs pound pounds | gram grams | oz ounce ounces",
    "length": "cm centimeter centimeters centimetre centimetres | mm | meter meters metre metres | km "
    "kilometer kilometers kilometre kilometres | inch inches | ft foot feet | mi mile miles | yard yards",
    "heat": "celsius | fahrenheit",
    "volume": "liter liters litre litres | gallon gallons | ml",
    "time": "second seconds sec secs | minute minutes min mins | hour hours hr hrs | day days | week weeks | "
    "month months | year years",
}
_UNITS = {
    word: (dimension, place)
    for dimension, units in _DIMENSIONS.items()
    for place, words in enumerate(units.split("|"))
    for word in words.split()
}
_WITH_UNIT = re.compile(r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)(?:\s?°)?[\s-]?([a-z]+)?")


def find_unknown_amounts(
    said: Ledger, proposed: Callable[[], Ledger], index: int, text: str
) -> Iterator[Defect]:
    """Find amounts of money that the assistant names and that nothing before holds or yields."""
    for found in _AMOUNT.finditer(text):
        written = next(group for group in found.groups() if group)
        number = to_number(written)
        if number is None or number < 2 or number in said.numbers or number in proposed().numbers:
            continue
        if derive_number(said, number) or _combines(said, number):
            continue
        evidence = (
            f"Message {index} names the amount {quote(written)}, which nothing before it holds or yields."
        )
        yield Defect(Reason.VERIFY_MISQUOTED_VALUE, evidence, index, span=found.span())


def _combines(said: Ledger, number: float) -> bool:
    """Tell whether numbers known so far make a number: sum, difference, product, share, one and several."""
    known = list(said.numbers)[-MAX_OPERANDS:]
    values = {round(value, 2) for value in known}
    for value in known:
        if round(number - value, 2) in values or round(number + value, 2) in values:
            return True
        if any(round((number - value) / times, 2) in values for times in range(2, MAX_TIMES)):
            return True
        if value and (round(number / value, 2) in values or round(number / value * 100, 2) in values):
            return True
    return False


def find_mixed_unit(said: Ledger, key: str, value: Scalar) -> str | None:
    """Say in which other unit a number was given, where its argument names one (`weight_kg`)."""
    words = words_of(key)
    own = _UNITS.get(words[-1]) if words else None
    if own is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    others: list[str] = []
    for spot, text in said.texts:
        if spot.kind not in ("user", "system"):
            continue
        for found in _WITH_UNIT.finditer(text):
            if to_number(found[1]) != value:
                continue
            unit = _UNITS.get(found[2] or "")
            if unit is None or unit == own or unit[0] != own[0]:
                return None
            others.append(found.group().strip())
    return others[-1] if others else None
