"""Laws of the one list of checks and of the function that runs it."""

from collections import Counter
from collections.abc import Callable

import pytest

from gem_assets.records.outcome import Reason
from gem_assets.verification.check import Check, Defect
from gem_assets.verification.registry import (
    CHECKS,
    CONTENT_CHECKS,
    FORM,
    MAX_OF_KIND,
    RULES,
    TURN_ORDER,
    run_checks,
)
from gem_assets.verification.view import Need, TrajectoryView
from gem_assets_tests.stages.chain import chain
from gem_assets_tests.verification.dialogues import assistant, load, system, tool, user

SCRIPT = load("parcel")
BARE = TrajectoryView(SCRIPT.tools, SCRIPT.messages)
NEEDS: tuple[Need, ...] = ("form", "source", "declaration", "execution", "proofs")


def finding(reason: Reason, times: int = 1) -> Callable[[TrajectoryView], list[Defect]]:
    return lambda view: [Defect(reason, f"number {number}") for number in range(times)]


def test_every_reason_of_a_check_stands_in_one_entry_and_every_entry_has_reasons():
    named = Counter(reason for check in CHECKS for reason in check.reasons)
    assert set(named.values()) == {1}
    assert set(named) == {reason for reason in Reason if reason.startswith(("rule_", "verify_"))}
    assert all(check.reasons for check in CHECKS)
    assert max(Counter(check.name for check in CHECKS).values()) == 1


def test_rules_come_first_and_all_of_them_reject():
    assert (*RULES, *CONTENT_CHECKS) == CHECKS
    assert RULES[: len(TURN_ORDER)] == TURN_ORDER
    assert {check.kind for check in RULES} == {"rule"}
    assert not any(check.warnings for check in RULES)


@pytest.mark.parametrize("need", [need for need in NEEDS if need != "form"])
def test_a_check_whose_need_is_absent_is_named_and_not_run(need: Need):
    def never(view: TrajectoryView) -> list[Defect]:
        raise AssertionError("it was run")

    check = Check("toy", "state", frozenset({"form", need}), never, errors=(Reason.RULE_END,))
    verified = run_checks(BARE, (check,))
    assert verified.findings == ()
    assert [(one.check, one.missing) for one in verified.not_run] == [("toy", {need})]


def test_a_trajectory_without_source_and_declaration_says_what_was_not_run():
    silent = {check.name for check in CHECKS if not check.needs <= {"form"}}
    assert {one.check for one in run_checks(BARE).not_run} == silent
    assert run_checks(TrajectoryView.of(chain().refined)).not_run == ()


def test_findings_come_errors_first_and_else_in_the_order_of_the_checks():
    checks = (
        Check("a", "state", FORM, finding(Reason.VERIFY_DOUBLE_USE, 2), warnings=(Reason.VERIFY_DOUBLE_USE,)),
        Check("b", "rule", FORM, finding(Reason.RULE_END), errors=(Reason.RULE_END,)),
        Check("c", "rule", FORM, finding(Reason.RULE_TAG_LEFT), errors=(Reason.RULE_TAG_LEFT,)),
    )
    verified = run_checks(BARE, checks)
    assert [(one.reason, one.kind, one.level) for one in verified.findings] == [
        ("rule_end", "rule", "error"),
        ("rule_tag_left", "rule", "error"),
        ("verify_double_use", "state", "warning"),
        ("verify_double_use", "state", "warning"),
    ]
    assert verified.findings == (*verified.errors, *verified.warnings)


def test_a_reason_that_the_entry_does_not_name_is_an_error_of_the_program():
    check = Check("toy", "rule", FORM, finding(Reason.RULE_END), errors=(Reason.RULE_TAG_LEFT,))
    with pytest.raises(ValueError, match="toy gave the reason rule_end"):
        run_checks(BARE, (check,))


def test_of_what_shows_in_every_turn_only_the_first_findings_are_kept():
    most = MAX_OF_KIND["dialogue"]
    named = [user(f"Please call find_order, for the {number}th time.") for number in range(most + 5)]
    view = TrajectoryView([tool("find_order")], [system(), *named, assistant("")])
    found = [one for one in run_checks(view, CONTENT_CHECKS).findings if one.kind == "dialogue"]
    assert len(found) == most
    assert found[0].reason == Reason.VERIFY_EMPTY_TURN


def test_what_checks_share_is_computed_once():
    calls: list[TrajectoryView] = []

    def compute(view: TrajectoryView) -> int:
        calls.append(view)
        return len(view.messages)

    view = TrajectoryView(SCRIPT.tools, SCRIPT.messages)
    assert [view.shared(compute), view.shared(compute)] == [len(SCRIPT.messages)] * 2
    assert calls == [view]
