"""Warnings that no planted defect covers: each is triggered, and a near miss is not."""

from typing import Any

import pytest

from gem_assets.records.message import Message
from gem_assets.records.outcome import Reason
from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Edge
from gem_assets_tests.verification.dialogues import assistant, call, result, system, tool, user, verify

LIMIT = Constraint(
    rule="At most 5 seats can be booked.",
    sentence="You can book at most 5 seats.",
    tool="book_seats",
    predicate="args.seats <= 5",
)


def reasons(*messages: Message, tools: tuple[Tool, ...] = (), **known: Any) -> list[tuple[str, str]]:
    found = verify(tools or (tool("book_seats"), tool("get_order"), tool("list_orders")), messages, **known)
    return [(finding.reason, finding.level) for finding in found.findings]


def guessed(order: str) -> list[tuple[str, str]]:
    asked = assistant("", call("get_order", "a", order_id=order))
    return reasons(
        user("Where is my order R-5531?"), asked, result({"status": "open"}, "a"), assistant("Open.")
    )


def doubtful(status: str, before: str = "processing") -> list[tuple[str, str]]:
    first, second = (
        assistant("", call("get_order", "a", order_id="R-1")),
        assistant("", call("get_order", "b", order_id="R-1")),
    )
    return reasons(
        system(),
        user("Where is R-1?"),
        first,
        result({"order_id": "R-1", "status": before}, "a"),
        assistant("In the works."),
        user("And now?"),
        second,
        result({"order_id": "R-1", "status": status}, "b"),
        assistant("There you are."),
    )


def listed(status: str) -> list[tuple[str, str]]:
    rows = [{"order_id": "R-1", "status": "open"}, {"order_id": "R-2", "status": status}]
    return reasons(
        system(),
        user("Show my open orders."),
        assistant("", call("list_orders", "a", status="open")),
        result({"orders": rows}, "a"),
        assistant("R-1 and R-2."),
    )


def refused(seats: int) -> list[tuple[str, str]]:
    return reasons(
        system("At most 5 seats can be booked."),
        user(f"Book {seats} seats."),
        assistant("", call("book_seats", "a", seats=seats)),
        result({"error": "Over the limit of this train"}, "a"),
        assistant("That is refused."),
        constraints=(LIMIT,),
        source="You can book at most 5 seats.",
    )


def against_the_graph(order: tuple[str, str]) -> list[tuple[str, str]]:
    calls = [
        turn
        for place, name in enumerate(order)
        for turn in (
            assistant("", call(name, f"c{place}", order_id="R-5531")),
            result({"order_id": "R-5531", "done": name}, f"c{place}"),
        )
    ]
    return reasons(
        system(),
        user("Check R-5531 and cancel it."),
        *calls,
        assistant("Done."),
        tools=(tool("check_order"), tool("cancel_order")),
        edges=(Edge(source="check_order", target="cancel_order"),),
    )


def omitted(rules: str) -> list[tuple[str, str]]:
    return reasons(
        system(rules),
        user("Hello."),
        assistant("Hello."),
        constraints=(LIMIT,),
        source="You can book at most 5 seats.",
    )


@pytest.mark.parametrize(
    ("reason", "triggered", "near_miss"),
    [
        (Reason.VERIFY_GUESSED_ID, lambda: guessed("R-9999"), lambda: guessed("R-5531")),
        (Reason.VERIFY_STATE_DOUBTFUL, lambda: doubtful("lost"), lambda: doubtful("shipped")),
        (Reason.VERIFY_LISTING_FILTER, lambda: listed("closed"), lambda: listed("open")),
        (Reason.VERIFY_REFUSAL_DOUBTFUL, lambda: refused(3), lambda: refused(9)),
        (
            Reason.VERIFY_GRAPH_ORDER,
            lambda: against_the_graph(("cancel_order", "check_order")),
            lambda: against_the_graph(("check_order", "cancel_order")),
        ),
        (
            Reason.VERIFY_RULE_OMITTED,
            lambda: omitted("Be kind."),
            lambda: omitted("At most 5 seats can be booked."),
        ),
    ],
)
def test_a_warning_is_made_and_its_near_miss_is_not(reason: Reason, triggered: Any, near_miss: Any):
    assert (str(reason), "warning") in triggered()
    assert str(reason) not in [found for found, _ in near_miss()]
