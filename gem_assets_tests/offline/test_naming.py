"""Which names of tools a developer would accept."""

import pytest

from gem_assets.offline.workflow.naming import name_problem

GOOD = [
    "list_orders",
    "get_order",
    "cancel_booking",
    "check_in_guest",
    "set_delivery_address",
    "submit_tax_return",
    "back_up_folder",
    "add_documents",
]
BAD = [
    "set_in_policy_number",
    "press_enter",
    "list_same_steps",
    "order",
    "listOrders",
    "set_up_my_account",
    "update_your_profile",
    "create_application_x_newtype_xml_file",
    "set_the_date",
    "list_order",
    "get_browse",
    "grandparent_add",
]


@pytest.mark.parametrize("name", GOOD)
def test_accepts_verb_and_noun(name):
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", BAD)
def test_says_what_is_wrong(name):
    assert name_problem(name)
