"""Each pattern with the smallest dialogue that shows it and ones that only look like it."""

import pytest

from gem_assets.records.message import Message
from gem_assets.verification.conversation.patterns import PATTERNS, find_patterns
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.verification.dialogues import assistant, call, result, system, tool, user

POLICY = system("You serve a library. Only members may renew a loan. A loan can be renewed twice at most.")
TOOLS = (
    tool("get_loan"),
    tool("renew_loan", {"type": "object", "properties": {"how": {"enum": ["express", "regular"]}}}),
    tool("check_member"),
)

SHOWS: dict[str, list[list[Message]]] = {
    "rule_conflict": [
        [
            user("Renew it a third time."),
            assistant("A loan can be renewed twice at most, so I can't do that. I can reserve it instead."),
        ],
        [
            user("Renew it."),
            assistant("", call("get_loan")),
            result({"renewals": 2}),
            assistant("That is not allowed: two renewals is the limit. Would you like a reservation?"),
        ],
    ],
    "error_recovery": [
        [
            user("Go"),
            assistant("", call("get_loan", id="L 7")),
            result({"error": "?"}),
            assistant("", call("get_loan", id="L7")),
            result({"ok": True}),
        ],
        [
            user("Go"),
            assistant("", call("renew_loan", id="L77")),
            result("Error: busy"),
            assistant("", call("get_loan", id="L77")),
            result({"state": "open"}),
        ],
    ],
    "clarification": [
        [
            user("Renew my loan"),
            assistant("Which loan is it?"),
            user("The one of Moby Dick"),
            assistant("", call("get_loan", title="Moby-Dick")),
            result("{}"),
        ],
        [
            user("More time"),
            assistant("For how many weeks?"),
            user("three, please"),
            assistant("", call("renew_loan", weeks=3)),
            result("{}"),
        ],
    ],
    "multi_hop": [
        [
            user("My loan"),
            assistant("", call("get_loan")),
            result({"id": "L-55102"}),
            assistant("", call("renew_loan", id="L-55102")),
            result("{}"),
        ],
        [
            user("My loan"),
            assistant("", call("get_loan")),
            result("Your loan is L-55102."),
            assistant("", call("renew_loan", id="L-55102")),
            result("{}"),
        ],
        [
            user("Both"),
            assistant("", call("get_loan")),
            result({"due": "2027-05-01"}),
            assistant("", call("check_member")),
            result({"until": "2027-09-30"}),
            assistant("Due 2027-05-01, member until 2027-09-30."),
        ],
    ],
    "rule_awareness": [
        [
            user("Renew L7"),
            assistant("Shall I renew L7 now?"),
            user("Yes"),
            assistant("", call("renew_loan")),
            result("{}"),
        ],
        [
            user("Renew L7"),
            assistant("Only members may renew a loan, and you are one.", call("renew_loan")),
            result("{}"),
        ],
        [
            user("Renew L7"),
            assistant("", call("check_member", id="M12")),
            result("{}"),
            assistant("", call("renew_loan", id="M12")),
            result("{}"),
        ],
    ],
}
LOOKS_LIKE: dict[str, list[list[Message]]] = {
    "rule_conflict": [
        [user("Renew it."), assistant("I can't reach the catalogue. Would you like to wait?")],
        [user("Renew it."), assistant("Loans can be renewed twice at most. It is renewed.")],
        [user("Renew it."), assistant("A loan can be renewed twice at most, so I can't do that.")],
        [
            user("Renew it."),
            assistant("", call("renew_loan")),
            result("{}"),
            assistant("Done. I can't do it again: twice is the limit. You could return it."),
        ],
        [assistant("I can't renew a loan more than twice. I can reserve instead.")],
    ],
    "error_recovery": [
        [user("Go"), assistant("", call("get_loan")), result({"error": "?"}), assistant("Sorry.")],
        [
            user("Go"),
            assistant("", call("get_loan")),
            result({"ok": True}),
            assistant("", call("get_loan")),
            result({"error": "?"}),
        ],
        [
            user("Go"),
            assistant("", call("get_loan", id="L77")),
            result({"error": "?"}),
            assistant("", call("check_member", id="M12")),
            result("{}"),
        ],
    ],
    "clarification": [
        [
            user("Renew L77"),
            assistant("Really?"),
            user("Yes, L77"),
            assistant("", call("renew_loan", id="L77")),
            result("{}"),
        ],
        [
            user("Hi"),
            assistant("Done. Anything else?"),
            user("Renew L88"),
            assistant("", call("renew_loan", id="L88")),
            result("{}"),
        ],
        [user("Renew it"), assistant("Which one?"), user("Never mind"), assistant("Fine.")],
        [
            user("Renew it"),
            assistant("Tell me more."),
            user("It is L77"),
            assistant("", call("renew_loan", id="L77")),
            result("{}"),
        ],
    ],
    "multi_hop": [
        [
            user("Loan L-55102"),
            assistant("", call("get_loan", id="L-55102")),
            result({"id": "L-55102"}),
            assistant("", call("renew_loan", id="L-55102")),
            result("{}"),
        ],
        [
            user("A loan"),
            assistant("", call("get_loan", day="2027-05-01")),
            result({"day": "2027-05-01"}),
            assistant("", call("renew_loan", day="2027-05-01")),
            result("{}"),
        ],
        [
            user("A loan"),
            assistant("", call("get_loan")),
            result({"kind": "express"}),
            assistant("", call("renew_loan", how="express")),
            result("{}"),
        ],
        [
            user("A loan"),
            assistant("", call("get_loan")),
            result({"error": "L-55102?"}),
            assistant("", call("renew_loan", id="L-55102")),
            result("{}"),
        ],
        [
            user("A loan"),
            assistant("", call("get_loan")),
            result({"left": 1, "member": True}),
            assistant("", call("renew_loan", count=1, member=True)),
            result("{}"),
        ],
        [
            user("Both"),
            assistant("", call("get_loan")),
            result({"due": "2027-05-01"}),
            assistant("", call("check_member")),
            result({"due": "2027-05-01"}),
            assistant("Due 2027-05-01."),
        ],
    ],
    "rule_awareness": [
        [
            user("Renew L7"),
            assistant("", call("renew_loan")),
            result("{}"),
            assistant("Only members may renew a loan."),
        ],
        [
            user("Show L7"),
            assistant("Shall I look it up?"),
            user("Yes"),
            assistant("", call("get_loan")),
            result("{}"),
        ],
        [
            user("Renew"),
            assistant("May I have your number?"),
            user("M1"),
            assistant("", call("renew_loan")),
            result("{}"),
        ],
        [
            user("Renew"),
            assistant("", call("check_member", id="M12")),
            result("{}"),
            assistant("", call("renew_loan", id="L77")),
            result("{}"),
        ],
    ],
}


def _cases(table: dict[str, list[list[Message]]]) -> list[tuple[str, list[Message]]]:
    return [(name, messages) for name, dialogues in table.items() for messages in dialogues]


@pytest.mark.parametrize(("name", "messages"), _cases(SHOWS))
def test_shows(name: str, messages: list[Message]):
    assert name in find_patterns(TrajectoryView(TOOLS, [POLICY, *messages]))


@pytest.mark.parametrize(("name", "messages"), _cases(LOOKS_LIKE))
def test_only_looks_like(name: str, messages: list[Message]):
    assert name not in find_patterns(TrajectoryView(TOOLS, [POLICY, *messages]))


def test_every_pattern_of_the_paper_has_a_detector():
    assert set(PATTERNS) == set(SHOWS) == set(LOOKS_LIKE)
    assert PATTERNS == ("rule_conflict", "error_recovery", "clarification", "multi_hop", "rule_awareness")


def test_hostile_texts_end():
    long = "can't " * 20_000
    messages = [
        system(long),
        user(long + "?"),
        assistant(long, call("get_loan", a=long)),
        result("a" * 200_000),
        assistant("?" * 50_000),
    ]
    assert set(find_patterns(TrajectoryView(TOOLS, messages))) <= set(PATTERNS)
