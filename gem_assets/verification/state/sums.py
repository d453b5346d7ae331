"""Numbers of one result that must fit each other: totals and parts, counts and rows, before and after.

Does not belong here: numbers of different results (`exceeding`), listings (`listings`).
"""

from collections.abc import Iterator, Sequence
from itertools import product

from pydantic import JsonValue

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Defect
from gem_assets.verification.grounding.identifiers import words_of
from gem_assets.verification.values import leaves, quote
from gem_assets.verification.view import ToolInteraction, TrajectoryView
from gem_assets.verification.words import word_set

_TOTALS = ("total", "total_price", "total_amount", "grand_total", "grandTotal", "totalPrice", "totalAmount")
_SUBTOTALS = ("subtotal", "sub_total", "subTotal", "items_total", "itemsTotal")
_LINE_SUMS = ("line_total", "lineTotal", "subtotal", "total", "amount")
_LINE_PRICES = ("price", "unit_price", "unitPrice", "cost")
_COUNTS = ("count", "result_count", "results_count", "num_results", "resultCount", "numResults")
_BOUNDED = word_set("page limit offset cursor next more truncated showing size top pages")
_BEFORE = word_set("old previous prior before")
_AFTER = word_set("new updated after current")
MAX_OTHERS = 6
"""Numbers beside a total that are tried in every combination."""
_PENNY = 0.011


def find_wrong_sums(view: TrajectoryView) -> list[Defect]:
    """Find numbers of a result that do not fit each other in any way that its other numbers explain."""
    findings: list[Defect] = []
    for interaction in view.interactions:
        if interaction.succeeded and isinstance(interaction.value, dict | list):
            for path, item in _objects(interaction.value):
                checks = (
                    _wrong_total(item),
                    _wrong_count(interaction, item),
                    _wrong_change(interaction, item),
                )
                said = next((one for one in checks if one), None)
                if said:
                    evidence = f"Message {interaction.result_index}, {path}: {said}."
                    findings.append(_finding(interaction, evidence, path))
    findings.extend(_lost_rows(view))
    return findings


def _finding(interaction: ToolInteraction, evidence: str, path: str) -> Defect:
    return Defect(Reason.VERIFY_RESULT_ARITHMETIC, evidence, interaction.result_index, path=path)


def _objects(value: JsonValue) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    stack: list[tuple[str, JsonValue]] = [("$", value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, dict):
            yield path, item
            stack.extend(
                (f"{path}.{key}", child) for key, child in item.items() if isinstance(child, dict | list)
            )
        elif isinstance(item, list):
            stack.extend(
                (f"{path}[{at}]", child) for at, child in enumerate(item) if isinstance(child, dict | list)
            )


def _wrong_total(item: dict[str, JsonValue]) -> str | None:
    total = _first_number(item, _TOTALS)
    if total is None:
        return None
    parts = _parts(item)
    rows = {float(len(child)) for child in item.values() if isinstance(child, list)}
    if parts is not None and total not in rows and not _explained(total, parts, _others(item)):
        return f"the total is {total:g}, its parts make {parts:g}"
    subtotal = _first_number(item, _SUBTOTALS)
    if subtotal is not None and not _explained_by_name(total, subtotal, item):
        return (
            f"the total is {total:g}, which the subtotal {subtotal:g} and what stands beside it do not make"
        )
    return None


def _first_number(item: dict[str, JsonValue], names: Sequence[str]) -> float | None:
    return next((number for name in names if (number := _number(item.get(name))) is not None), None)


def _number(value: JsonValue) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _parts(item: dict[str, JsonValue]) -> float | None:
    lists = [child for child in item.values() if isinstance(child, list) and len(child) > 0]
    if len(lists) != 1 or any(_BOUNDED & set(words_of(name)) for name in item):
        return None
    total = 0.0
    for row in lists[0]:
        if not isinstance(row, dict):
            return None
        whole, single = _first_number(row, _LINE_SUMS), _first_number(row, _LINE_PRICES)
        count = _first_number(row, ("quantity", "qty"))
        if whole is None and single is None:
            return None
        total += whole if whole is not None else (single or 0.0) * (1.0 if count is None else count)
    return total


def _others(item: dict[str, JsonValue]) -> list[float]:
    """Take the numbers beside a total, and those in the single objects beside it (`discount.amount`)."""
    found: list[float] = []
    for name, value in item.items():
        inner = value.values() if isinstance(value, dict) else (value,)
        found.extend(number for one in inner if (number := _number(one)) is not None and name not in _TOTALS)
    return [number for number in found if number][:MAX_OTHERS]


def _explained(total: float, parts: float, others: Sequence[float]) -> bool:
    """Tell whether a total is the sum of the parts, or that with other numbers there (tax, shipping)."""
    candidates = {parts}
    for value in others:
        candidates |= {parts * (1 + value / 100), parts * (1 - value / 100), parts * value}
    for signs in product((-1, 0, 1), repeat=len(others)):
        candidates.add(parts + sum(sign * value for sign, value in zip(signs, others, strict=True)))
    return any(abs(total - candidate) < _PENNY for candidate in candidates)


def _explained_by_name(total: float, subtotal: float, item: dict[str, JsonValue]) -> bool:
    """Tell whether a total is the subtotal less its discounts, with any of the other numbers added."""
    discount, fees = 0.0, list[float]()
    for name, value in item.items():
        number = _number(value)
        if number is None or name in (*_TOTALS, *_SUBTOTALS):
            continue
        if {"discount", "coupon", "voucher", "savings"} & set(words_of(name)):
            discount += abs(number)
        else:
            fees.append(number)
    for base in {subtotal - discount, subtotal * (1 - discount / 100)}:
        if _explained(total, base, fees[:MAX_OTHERS]):
            return True
    return False


def _wrong_count(interaction: ToolInteraction, item: dict[str, JsonValue]) -> str | None:
    """Compare a count with the one list beside it, where nothing bounds the list."""
    name = next((name for name in _COUNTS if name in item), None)
    lists = [child for child in item.values() if isinstance(child, list)]
    if name is None or len(lists) != 1 or not isinstance(item[name], int) or item[name] == len(lists[0]):
        return None
    keys = [*item, *(path.rpartition(".")[2] for path, _ in leaves(interaction.call.arguments))]
    if any(_BOUNDED & set(words_of(key)) for key in keys) or not all(
        isinstance(row, dict) for row in lists[0]
    ):
        return None
    return f"{quote(name)} is {item[name]}, and the list beside it has {len(lists[0])} rows"


def _wrong_change(interaction: ToolInteraction, item: dict[str, JsonValue]) -> str | None:
    """Compare an amount before and after with what was added or taken."""
    for name, value in item.items():
        words = words_of(name)
        after = _number(value)
        if after is None or len(words) < 2 or words[0] not in _AFTER:
            continue
        before = next((_number(item[key]) for key in item if _is_before(words_of(key), words[1:])), None)
        amounts = [*_amounts(interaction.call.arguments), *_amounts(item)]
        if before is None or not amounts:
            continue
        others = [number for key, one in item.items() if key != name and (number := _number(one)) is not None]
        changes = [*amounts, *(first + second for first in amounts for second in others)]
        if not any(abs(abs(after - before) - abs(change)) < _PENNY for change in [0.0, *changes]):
            return f"{quote(name)} is {after:g} after {before:g} and a change of {amounts[0]:g}"
    return None


def _is_before(words: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    return len(words) > 1 and words[0] in _BEFORE and words[1:] == rest


def _amounts(fields: dict[str, JsonValue]) -> list[float]:
    return [
        number
        for name, value in fields.items()
        if words_of(name)[:1] == ("amount",) and (number := _number(value)) is not None
    ]


def _lost_rows(view: TrajectoryView) -> Iterator[Defect]:
    """Find paged lists whose pages, all of them read, hold another number of rows than their total."""
    seen: dict[str, dict[int, int]] = {}
    for interaction in view.interactions:
        if interaction.writes:
            seen.clear()
        page = _page(interaction)
        if page is None:
            continue
        key, number, pages, total, rows = page
        known = seen.setdefault(key, {})
        known[number] = rows
        if set(known) == set(range(1, pages + 1)) and pages > 1 and sum(known.values()) != total:
            evidence = (
                f"Message {interaction.result_index} is the last of {pages} pages, which hold "
                f"{sum(known.values())} rows together; the total is {total}."
            )
            yield _finding(interaction, evidence, "$")


def _page(interaction: ToolInteraction) -> tuple[str, int, int, int, int] | None:
    """Read a page: what list it is of, its number, how many there are, the total, its rows."""
    value = interaction.value
    if not interaction.succeeded or not isinstance(value, dict):
        return None
    fields = {**value, **{k: v for part in value.values() if isinstance(part, dict) for k, v in part.items()}}
    numbers = [
        next((fields[name] for name in names if isinstance(fields.get(name), int)), None)
        for names in (
            ("page", "current_page", "currentPage"),
            ("pages", "total_pages", "totalPages", "page_count", "pageCount"),
            (
                "total",
                "total_items",
                "totalItems",
                "total_results",
                "totalResults",
                "total_count",
                "totalCount",
            ),
        )
    ]
    lists = [child for child in fields.values() if isinstance(child, list)]
    number, pages, total = numbers
    if (
        len(lists) != 1
        or not isinstance(number, int)
        or not isinstance(pages, int)
        or not isinstance(total, int)
    ):
        return None
    asked = sorted(
        (name, repr(one)) for name, one in interaction.call.arguments.items() if "page" not in name
    )
    return f"{interaction.call.name} {asked}", number, pages, total, len(lists[0])
