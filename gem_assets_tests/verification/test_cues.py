import pytest

from gem_assets.verification.conversation.cues import (
    asks,
    asks_confirmation,
    declines,
    is_check,
    is_write,
    read_rules,
    states_rule,
)

RULES = read_rules(
    "You sell frames. Plain glass must not be larger than 100 x 160 cm. Only pending orders can be cancelled."
)


@pytest.mark.parametrize(
    "tool",
    ["cancel_order", "setTemperature", "check_in_passenger", "order-create", "frobnicate", "user_update"],
)
def test_knows_a_tool_that_changes_something(tool: str):
    assert is_write(tool)


@pytest.mark.parametrize(
    "tool",
    ["get_order", "listKilnDays", "order_lookup", "check_availability", "verify-identity", "SearchFlights"],
)
def test_knows_a_tool_that_only_reads(tool: str):
    assert not is_write(tool)


def test_knows_a_tool_that_checks():
    assert is_check("check_stock") and is_check("validateAddress")
    assert not is_check("check_out_book") and not is_check("get_check")


@pytest.mark.parametrize(
    "text", ["Which size do you need?", "Thanks. What's your order number? I'll look.", "Red or blue？"]
)
def test_knows_a_question(text: str):
    assert asks(text)


@pytest.mark.parametrize(
    "text", ["Done. Is there anything else I can help with?", "How can I help you today?", "All set!", ""]
)
def test_knows_no_question_in_a_greeting_or_a_farewell(text: str):
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Shall I go ahead?",
        "Should I cancel W12?",
        "Please confirm that I may delete it.",
        "Do you want me to book it?",
        "Is that correct?",
    ],
)
def test_knows_a_request_for_a_yes(text: str):
    assert asks_confirmation(text)


@pytest.mark.parametrize(
    "text",
    [
        "May I have your order number?",
        "Can you confirm your email?",
        "Could you confirm which one you mean?",
        "I will confirm it.",
    ],
)
def test_a_request_for_information_is_no_request_for_a_yes(text: str):
    assert not asks_confirmation(text)


def test_declining_needs_a_rule():
    assert declines("I can’t cut that: plain glass may be 100 x 160 at most.", RULES)
    assert declines("I'm unable to, since our policy requires a receipt.", RULES)
    assert not declines("I can't reach the printer.", RULES)
    assert not declines("Plain glass is at most 160 cm long.", RULES)


def test_stating_a_rule_means_one_of_the_system_message():
    assert states_rule("Since only pending orders can be cancelled, I look first.", RULES)
    assert not states_rule("You must try the soup.", RULES)
    assert not states_rule("The order is pending.", RULES)
