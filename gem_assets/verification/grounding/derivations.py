"""Simple derivations: how a number or a date follows from what was said before.

Numbers: unit changes, sums, differences, products, shares, counts. Dates: other ways of writing, relative
words, shifts. Does not belong here: identifiers (`provenance`).
"""

import re
from collections.abc import Iterator
from datetime import date

from gem_assets.verification.grounding.ledger import Ledger, Spot

# Units that stand in these ratios: minutes, hours, days, weeks, metric prefixes, inches, feet, miles, pounds,
# ounces, acres, gallons, tenths.
FACTORS = (
    60.0, 3600.0, 1440.0, 86400.0, 24.0, 7.0, 30.0, 12.0, 365.0, 52.0, 10.0, 100.0, 1000.0, 1e4, 1e6, 1e9,
    1024.0, 1048576.0, 2.54, 25.4, 0.3048, 1.609344, 0.45359237, 28.3495, 3.78541, 2.0,
)  # fmt: skip
MAX_OPERANDS = 60

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|now|next|this|coming|following|last|weekend|week|weeks|days?|"
    r"months?|"
    r"years?|mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs|rsday)?|fri(?:day)?|sat(?:urday)?|"
    r"sun(?:day)?|"
    r"morning|evening|noon|asap|immediately|later|earlier|easter|christmas|fortnight|quarter|spring|summer|"
    r"autumn|fall|winter|end of|beginning|nights?|mañana|hoy|lunes|martes|miércoles|jueves|viernes|sábado|"
    r"domingo|"
    r"morgen|heute|demain|aujourd'hui|domani|oggi|amanhã|hoje)\b"
)
_CLOCK = re.compile(r"\b(?:[ap]\.?m\b|noon|midnight|o'clock|half past|quarter|h\b|uhr)|\d{1,2}[:.h]\d{2}")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def derive_number(ledger: Ledger, number: float) -> tuple[str, Spot] | None:
    """Say how a number follows from earlier ones, and from which; None where it does not."""
    if number in (0.0, 1.0):
        return "nothing or one", Spot(0, "system")
    by_unit = _by_unit(ledger, number)
    if by_unit:
        return by_unit
    if number.is_integer() and int(number) in ledger.list_sizes:
        return "count", ledger.list_sizes[int(number)]
    return _by_sum(ledger, number) or _by_pair(ledger, number)


def _by_unit(ledger: Ledger, number: float) -> tuple[str, Spot] | None:
    spot = ledger.numbers.get(-number)
    if spot:
        return "sign", spot
    for other, spot in ledger.numbers.items():
        if other and (_near(round(other), number) or _near(other, number)):
            return "rounding", spot
        if other and any(
            _near(other * factor, number) or _near(other / factor, number) for factor in FACTORS
        ):
            return "unit", spot
        if _near((other - 32) / 1.8, number) or _near(other * 1.8 + 32, number):
            return "unit", spot
    return None


def _by_sum(ledger: Ledger, number: float) -> tuple[str, Spot] | None:
    for values in ledger.named_numbers.values():
        if 1 < len(values) <= 200 and _near(sum(values), number):
            return "sum", ledger.numbers[values[-1]]
        if len(values) <= MAX_OPERANDS and any(
            _near(values[first] + values[second], number)
            or _near(abs(values[first] - values[second]), number)
            for first in range(len(values))
            for second in range(first)
        ):
            return "sum", ledger.numbers[values[-1]]
    return None


def _by_pair(ledger: Ledger, number: float) -> tuple[str, Spot] | None:
    """Combine a number somebody said with any other."""
    said = [
        (value, spot) for value, spot in ledger.numbers.items() if spot.kind in ("user", "proposed", "system")
    ]
    for value, spot in said[-MAX_OPERANDS:]:
        if number - value in ledger.numbers and value and number != value:
            return "sum", spot
        if value and number / value in ledger.numbers and abs(value) > 1:
            return "product", spot
        if value and number / value * 100 in ledger.numbers:
            return "share", spot
    return None


def _near(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= max(0.006, min(0.5, 0.0015 * abs(wanted)))


def read_date(text: str) -> date | None:
    """Read the ISO date a text starts with."""
    found = _ISO.match(text)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def derive_date(ledger: Ledger, day: date, dates: Ledger) -> tuple[str, Spot] | None:
    """Say how a date follows from what was said: written another way, by relative words, or by a shift.

    `dates` holds the dates that a relative word may start from.
    """
    written = _written(day)
    relative: Spot | None = None
    for spot, text in reversed(ledger.texts):
        if written.search(text):
            return "date format", spot
        if relative is None and spot.kind in ("user", "proposed") and _RELATIVE.search(text):
            relative = spot
    if relative and _is_near(dates, day):
        return "relative date", relative
    return _shifted(ledger, day)


def _is_near(ledger: Ledger, day: date) -> bool:
    """Tell whether a date lies within two months of one that was said, where one was."""
    known = [other for other, _ in _known_dates(ledger)]
    return not known or min(abs((day - other).days) for other in known) <= 62


def _known_dates(ledger: Ledger) -> Iterator[tuple[date, Spot]]:
    for squashed, spot in ledger.words.items():
        if squashed[:2] in ("19", "20") and squashed[:8].isdecimal() and len(squashed) >= 8:
            other = read_date(f"{squashed[:4]}-{squashed[4:6]}-{squashed[6:8]}")
            if other:
                yield other, spot


def _shifted(ledger: Ledger, day: date) -> tuple[str, Spot] | None:
    for other, spot in _known_dates(ledger):
        if float(abs((day - other).days)) in ledger.numbers:
            return "date shift", spot
    return None


def _written(day: date) -> re.Pattern[str]:
    """Make the ways of writing a day: 9 March, March 9th, 3/9, 9.3., the 9th."""
    month, number = _MONTHS[day.month - 1], f"0?{day.day}"
    return re.compile(
        rf"\b{number}(?:st|nd|rd|th)?\.?(?:\s+of)?[\s-]+{month}[a-z]*\b|"
        rf"\b{number}(?:st|nd|rd|th)?\s*(?:to|and|until|till|through|[-\u2013])\s*(?:the\s+)?\d{{1,2}}(?:st|nd|rd|th)?"
        rf"(?:\s+of)?\s+{month}[a-z]*\b|"
        rf"\b{month}[a-z]*\.?\s+(?:the\s+)?{number}(?:st|nd|rd|th)?\b|"
        rf"\b0?{day.month}[/.-]{number}\b|\b{number}[/.-]0?{day.month}\b|\b{day.day}(?:st|nd|rd|th)\b"
    )


def derive_time(ledger: Ledger, text: str) -> tuple[str, Spot] | None:
    """Say how a time of day follows from what was said."""
    hour = int(text.split(":")[0])
    for spot, said in reversed(ledger.texts):
        if spot.kind in ("user", "proposed", "system") and _CLOCK.search(said):
            return "time of day", spot
    spot = ledger.numbers.get(float(hour)) or ledger.numbers.get(float(hour - 12))
    return ("time of day", spot) if spot else None
