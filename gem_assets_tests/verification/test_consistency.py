"""Numbers, dates and uses that do not fit each other: each reason is triggered, and a near miss is not."""

from typing import Any

import pytest

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets_tests.verification.dialogues import assistant, call, result, system, tool, user, verify


def reasons(*messages: Message) -> set[str]:
    names = {one.name for message in messages for one in message.tool_calls}
    return {finding.reason for finding in verify([tool(name) for name in names], messages).findings}


def answered(value: Any, name: str = "get_order", said: str = "There.", **arguments: Any) -> set[str]:
    return reasons(
        system("Shop of Brindle. Order BR-3310 of Ana, 220 lb, paid 69."),
        user("Go ahead please."),
        assistant("", call(name, "a", **arguments)),
        result(value, "a"),
        assistant(said),
    )


def then(first: tuple[str, dict[str, Any], Any], second: tuple[str, dict[str, Any], Any]) -> set[str]:
    return reasons(
        system("Shop of Brindle. Order BR-3310 of Ana, 99 or 60 or 25 or 9."),
        user("Go ahead please, C4 for Ana and C4 or C5 for Ben."),
        assistant("", call(first[0], "a", **first[1])),
        result(first[2], "a"),
        assistant("", call(second[0], "b", **second[1])),
        result(second[2], "b"),
        assistant("There."),
    )


ORDER = {"order_id": "BR-3310"}
READ = ("get_order", ORDER, {"order_id": "BR-3310", "total_paid": 69.0, "status": "delivered"})
ENDED = ("get_order", ORDER, {"order_id": "BR-3310", "status": "cancelled"})
STOCK = ("get_order", ORDER, {"order_id": "BR-3310", "stock": 9})
DELETED = ("delete_order", ORDER, {"deleted": True})


def refund(amount: float) -> tuple[str, dict[str, Any], Any]:
    return "issue_refund", {**ORDER, "amount": amount}, {"refund_id": "RF-5120", "amount": amount}


def seat(place: str, name: str) -> tuple[str, dict[str, Any], Any]:
    return (
        "book_seat",
        {"seat": place, "guest": name},
        {"seat": place, "guest": name, "ticket": f"TK-88{name}"},
    )


def page(number: int, rows: int) -> tuple[str, dict[str, Any], Any]:
    listed = [{"name": f"n{number}{row}"} for row in range(rows)]
    return "list_orders", {"page": number}, {"page": number, "pages": 2, "total": 5, "rows": listed}


STAY = {"check_in": "2027-08-12", "check_out": "2027-08-14", "nights": 2}
PRICED = {"subtotal": 80.0, "discount": 8.0, "shipping": 6.0}
CASES = [
    (
        Reason.VERIFY_RESULT_ARITHMETIC,
        lambda: answered({**PRICED, "total": 86.0}),
        lambda: answered({**PRICED, "total": 78.0}),
    ),
    (
        Reason.VERIFY_RESULT_ARITHMETIC,
        lambda: answered({"count": 4, "rows": [{"name": "a"}, {"name": "b"}]}),
        lambda: answered({"count": 4, "rows": [{"name": "a"}, {"name": "b"}]}, limit=2),
    ),
    (
        Reason.VERIFY_RESULT_ARITHMETIC,
        lambda: answered({"old_balance": 400, "new_balance": 360}, "withdraw", amount=60),
        lambda: answered({"old_balance": 400, "new_balance": 339, "fee": 1}, "withdraw", amount=60),
    ),
    (
        Reason.VERIFY_RESULT_ARITHMETIC,
        lambda: then(page(1, 3), page(2, 1)),
        lambda: then(page(1, 3), page(2, 2)),
    ),
    (
        Reason.VERIFY_IMPOSSIBLE_DATES,
        lambda: answered({**STAY, "check_out": "2027-08-10"}),
        lambda: answered(STAY),
    ),
    (Reason.VERIFY_IMPOSSIBLE_DATES, lambda: answered({**STAY, "nights": 5}), lambda: answered(STAY)),
    (
        Reason.VERIFY_IMPOSSIBLE_DATES,
        lambda: answered({}, said="It comes on Friday, 5 August 2027."),
        lambda: answered({}, said="It comes on Thursday, 5 August 2027."),
    ),
    (
        Reason.VERIFY_IMPOSSIBLE_DATES,
        lambda: answered({}, said="See you Monday, February 30, 2027."),
        lambda: answered({}, said="See you Monday, the 30th."),
    ),
    (Reason.VERIFY_AMOUNT_EXCEEDS, lambda: then(READ, refund(99)), lambda: then(READ, refund(60))),
    (
        Reason.VERIFY_AMOUNT_EXCEEDS,
        lambda: then(STOCK, ("place_order", {**ORDER, "quantity": 25}, {"ok": True})),
        lambda: then(STOCK, ("place_order", {**ORDER, "quantity": 25}, {"error": "only 9 left"})),
    ),
    (
        Reason.VERIFY_DOUBLE_USE,
        lambda: then(ENDED, ("cancel_order", ORDER, {"refund": 60})),
        lambda: then(READ, ("cancel_order", ORDER, {"refund": 60})),
    ),
    (
        Reason.VERIFY_DOUBLE_USE,
        lambda: then(seat("C4", "Ana"), seat("C4", "Ben")),
        lambda: then(seat("C4", "Ana"), seat("C5", "Ben")),
    ),
    (
        Reason.VERIFY_USED_AFTER_END,
        lambda: then(DELETED, ("update_order", {**ORDER, "note": "Ana"}, {"ok": True})),
        lambda: then(DELETED, ("update_order", {**ORDER, "note": "Ana"}, {"error": "no such order"})),
    ),
    (
        Reason.VERIFY_UNIT_MIXED,
        lambda: answered({}, "quote_freight", weight_kg=220),
        lambda: answered({}, "quote_freight", weight_lb=220),
    ),
    (
        Reason.VERIFY_MISQUOTED_VALUE,
        lambda: answered({"balance": 1540.25}, said="You have 1,450.25 EUR."),
        lambda: answered({"balance": 1540.25}, said="You have 1,540.25 EUR."),
    ),
    (
        Reason.VERIFY_RESULT_CONTRADICTS_CALL,
        lambda: answered({"currency": "USD"}, "pay", currency="EUR"),
        lambda: answered({"currency": "eur"}, "pay", currency="EUR"),
    ),
    (
        Reason.VERIFY_RESULT_CONTRADICTS_CALL,
        lambda: answered({"player_id": 1180279}, "inventory", player_id=1180277),
        lambda: answered({"player_id": "P1180277"}, "inventory", player_id=1180277),
    ),
    (
        Reason.VERIFY_RESULT_CONTRADICTS_CALL,
        lambda: answered({"code": "CX-12562"}, "set_code", code="CX-60797"),
        lambda: answered({"code": "KEY-12562"}, "set_code", code="CX-60797"),
    ),
    (
        Reason.VERIFY_RESULT_CONTRADICTS_CALL,
        lambda: answered({"email": "a@b.example"}, "invite", email="c@d.example"),
        lambda: answered({"email": "a@b.example", "new_email": "c@d.example"}, "invite", email="c@d.example"),
    ),
]


@pytest.mark.parametrize(("reason", "triggered", "near_miss"), CASES)
def test_what_does_not_fit_is_found_and_its_near_miss_is_not(reason: Reason, triggered: Any, near_miss: Any):
    assert reason in triggered()
    assert reason not in near_miss()


@pytest.mark.parametrize(
    ("before", "after", "asked", "found"),
    [
        ("delivered", "in transit", "Look again, please.", {"verify_read_contradiction"}),
        ("delivered", "in transit", "I just sent it back.", {"verify_state_doubtful"}),
        ("in transit", "delivered", "Look again, please.", set[str]()),
    ],
)
def test_a_status_goes_on_by_itself_and_back_only_where_the_user_did_something(
    before: str, after: str, asked: str, found: set[str]
):
    shown = [{**ORDER, "status": status, "carrier": "DPX", "item": "lamp"} for status in (before, after)]
    given = reasons(
        system(),
        user("Where is BR-3310?"),
        assistant("", call("get_order", "a", **ORDER)),
        result(shown[0], "a"),
        assistant("There."),
        user(asked),
        assistant("", call("get_order", "b", **ORDER)),
        result(shown[1], "b"),
        assistant("There it is."),
    )
    assert given == found


@pytest.mark.parametrize(("field", "contradicts"), [("name", True), ("location", False)])
def test_what_is_under_way_moves_but_keeps_its_name(field: str, contradicts: bool):
    first = {**ORDER, "status": "in transit", "total": 5, field: "Ana Pell"}
    found = then(("get_order", ORDER, first), ("get_order", ORDER, first | {field: "Marius Quint"}))
    assert ("verify_read_contradiction" in found) == contradicts
