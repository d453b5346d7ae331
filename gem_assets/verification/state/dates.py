"""Dates that cannot be: an end before its start, nights that do not lie between, a weekday the day is not.

Does not belong here: where a date comes from (`grounding/derivations`).
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.derivations import read_date
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.values import quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView

_PAIRS = (
    ("check_in", "check_out"), ("start", "end"), ("start_date", "end_date"), ("from_date", "to_date"),
    ("arrival", "departure"), ("departure_date", "return_date"), ("pickup_date", "return_date"),
    ("pickup_date", "dropoff_date"), ("check_in_date", "check_out_date"), ("valid_from", "valid_until"),
    ("valid_from", "valid_to"), ("start_time", "end_time"), ("arrival_date", "departure_date"),
)  # fmt: skip
_ENDS = {tuple(words_of(last)): tuple(words_of(first)) for first, last in _PAIRS}
_STAYS = frozenset({("check", "in"), ("arrival",), ("check", "in", "date"), ("arrival", "date")})
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_SAID = re.compile(
    rf"\b({'|'.join(_DAYS)}),?\s+(?:the\s+)?(?:(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+(\d{{4}})|"
    rf"{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})|(\d{{4}})-(\d{{2}})-(\d{{2}}))\b",
    re.IGNORECASE,
)


def find_impossible_dates(view: TrajectoryView) -> list[Defect]:
    """Find dates that cannot be, in results of successful calls and in what the assistant says."""
    found = [
        finding
        for interaction in view.interactions
        if interaction.succeeded
        for finding in _of_result(interaction)
    ]
    for index, message in enumerate(view.messages):
        if message.role == "assistant" and "day" in message.content:
            said = _wrong_weekday(message.content)
            if said:
                found.append(Defect(Reason.VERIFY_IMPOSSIBLE_DATES, f"Message {index} {said}", index))
    return found[:20]


def _of_result(interaction: ToolInteraction) -> Iterator[Defect]:
    stack: list[JsonValue] = [interaction.value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        if not isinstance(item, dict):
            continue
        stack.extend(item.values())
        said = _wrong_span(item)
        if said:
            evidence = f"Message {interaction.result_index} {said}"
            yield Defect(Reason.VERIFY_IMPOSSIBLE_DATES, evidence, interaction.result_index)


def _wrong_span(item: Mapping[str, JsonValue]) -> str | None:
    days = {words_of(name): day for name, value in item.items() if (day := _day(value)) is not None}
    if not days:
        return None
    for last, first in _ENDS.items():
        if first not in days or last not in days:
            continue
        start, end = days[first], days[last]
        if first[0] == "arrival" and "nights" not in item:
            continue  # of a journey, not of a stay
        if end < start:
            return f"has {quote(' '.join(last))} {end} before {quote(' '.join(first))} {start}."
        nights = item.get("nights")
        if first in _STAYS and isinstance(nights, int) and nights != (end - start).days:
            return f"counts {nights} nights from {start} to {end}."
    return None


def _day(value: JsonValue) -> date | None:
    return read_date(value) if isinstance(value, str) and value[:2] in ("19", "20") else None


def _wrong_weekday(text: str) -> str | None:
    for found in _SAID.finditer(text):
        weekday, day1, month1, year1, month2, day2, year2, year3, month3, day3 = found.groups()
        month = _MONTHS.index((month1 or month2).casefold()) + 1 if month1 or month2 else int(month3)
        try:
            day = date(int(year1 or year2 or year3), month, int(day1 or day2 or day3))
        except ValueError:
            return f"names {quote(found.group())}, a day that does not exist."
        if _DAYS[day.weekday()] != weekday.casefold():
            return f"says {quote(found.group())}; that day is a {_DAYS[day.weekday()].capitalize()}."
    return None
