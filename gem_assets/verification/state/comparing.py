"""Whether two values of one field agree, and which fields may change without anybody writing.

Does not belong here: records and their history (`state`).
"""

import re

from gem_assets.verification.grounding.identifiers import squash, words_of
from gem_assets.verification.state.entities import Field
from gem_assets.verification.words import word_set

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
# What moves by itself, or depends on when or where one looks.
_VOLATILE = word_set(
    "time timestamp now current temperature temp humidity rate quote last updated accessed viewed views "
    "progress "
    "percent percentage eta remaining elapsed uptime battery signal speed level load usage distance "
    "weather age "
    "score rank reading pressure voltage wait waiting queue countdown expires expiry ttl token otp session "
    "meter "
    "latency ping cpu memory relevance match confidence updatedat modified etag next attempt attempts retries"
)
_LATEST = word_set("last latest current updated modified accessed viewed checked synced refreshed next")
_BY_HAND = word_set("count level balance quantity stock left available due fee bars total amount faults")
_STATUS = word_set("status state phase stage condition")
_LASTING = word_set("name title email phone currency")
_MOVING = word_set(
    "pending queued processing in_progress running started starting scheduled in_transit preparing booting "
    "rebooting "
    "updating uploading downloading syncing building provisioning deploying waiting submitted accepted "
    "moving heating "
    "charging requested received initiated placed new created open draft planned out_for_delivery "
    "on_the_way transit "
    "under_review in_review reviewing dispatched reserved"
)
_ARRIVED = word_set(
    "completed complete done finished ready delivered arrived shipped success succeeded failed stopped "
    "active online "
    "available confirmed processed sent approved resolved expired idle booked paid settled closed collected "
    "processing in_progress running in_transit out_for_delivery stored charged scheduled assigned"
)


def agree(first: Field, second: Field) -> bool:
    """Tell whether two values say the same, over case, punctuation, rounding, dates with or without time."""
    if first == second:
        return True
    if isinstance(first, tuple) or isinstance(second, tuple):
        return False
    if isinstance(first, bool) or isinstance(second, bool):
        return str(first).casefold() == str(second).casefold()
    numbers = _number(first), _number(second)
    if numbers[0] is not None and numbers[1] is not None:
        return abs(numbers[0] - numbers[1]) <= max(0.011, 1e-4 * abs(numbers[1]))
    return _texts_agree(str(first), str(second))


def _texts_agree(first: str, second: str) -> bool:
    if _DATE.match(first) and _DATE.match(second) and (len(first) == 10 or len(second) == 10):
        return first[:10] == second[:10]
    plain = squash(first), squash(second)
    shorter, longer = sorted(plain, key=len)
    return shorter == longer or (len(shorter) >= 5 and shorter in longer)


def _number(value: Field) -> float | None:
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(str(value).replace(",", "").lstrip("$€£ "))
    except ValueError:
        return None


def is_volatile(field: str, value: Field) -> bool:
    """Tell whether a field may differ from one look to the next."""
    words = words_of(field.rpartition(".")[2])
    if not words:
        return False
    if words[-1] in _VOLATILE or words[0] in _LATEST:
        return True
    if len(words) > 1 and len(words[-1]) <= 3 and words[-2] in _VOLATILE:  # a unit behind it
        return True
    return "position" in words and isinstance(value, int)


def may_be_done_by_user(field: str, value: Field) -> bool:
    """Tell whether the user may have changed a field by hand: states, flags, stocks, counters."""
    if isinstance(value, bool | tuple) or is_status(field) or is_volatile(field, value):
        return True
    return isinstance(value, int | float) and bool(_BY_HAND & set(words_of(field)))


def is_status(field: str) -> bool:
    """Tell whether a field holds where a record stands."""
    words = words_of(field.rpartition(".")[2])
    return bool(words) and words[-1] in _STATUS


def is_lasting(field: str) -> bool:
    """Tell whether a field stays as it is while something happens to its record."""
    return bool(_LASTING & set(words_of(field.rpartition(".")[2])[-1:]))


def is_mutable(field: str, value: Field) -> bool:
    """Tell whether a change elsewhere may carry over to a field: numbers, flags, lists, statuses."""
    return not isinstance(value, str) or is_status(field)


def moves_on(before: Field, after: Field) -> bool:
    """Tell whether a status may have gone on by itself: `processing`, then `completed`."""
    old, new = (re.sub(r"[\s-]+", "_", str(value).casefold()) for value in (before, after))
    return old in _MOVING and new in _ARRIVED


_FINAL = word_set("delivered cancelled canceled refunded")


def moves_back(before: Field, after: Field) -> bool:
    """Tell whether a status left an end that nothing leaves by itself: `delivered`, then `in_transit`."""
    old, new = (re.sub(r"[\s-]+", "_", str(value).casefold()) for value in (before, after))
    return old in _FINAL and new in _MOVING and new not in _FINAL


_LINE = word_set(
    "quantity qty amount subtotal total count discount price line status state date time note position "
    "options seat units "
    "number due paid"
)
_UNDER_WAY = word_set("in_progress queued running starting started updating in_transit")


def is_of_line(field: str) -> bool:
    """Tell whether a field may belong to the line of an order rather than to the thing in it."""
    return bool(_LINE & set(words_of(field)))


def is_under_way(fields: dict[str, Field]) -> bool:
    """Tell whether a record says that something is still happening to it."""
    for name, value in fields.items():
        if name.startswith(("pending_", "scheduled_", "requested_")):
            return True
        if is_status(name) and isinstance(value, str):
            small = re.sub(r"[\s-]+", "_", value.casefold())
            if small in _UNDER_WAY or (
                small.endswith("ing") and small not in ("pending", "processing", "outgoing")
            ):
                return True
    return False
