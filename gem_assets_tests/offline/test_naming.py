"""Which names of tools a developer would accept."""

import pytest

from gem_assets.offline.text.steps import read_sections
from gem_assets.offline.workflow.actions import read_actions
from gem_assets.offline.workflow.entities import find_entity
from gem_assets.offline.workflow.naming import name_problem, own_field

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


RECORDS = {
    "booking": "1. Open the portal.\n2. Cancel a booking or change its date.\n3. Save the booking.\n",
    "invoice": "1. Press Ctrl+P.\n2. Create a new invoice.\n3. Choose the format of the invoice.\n",
    "setting": "1. Open the panel.\n2. Adjust the contrast and the blinking.\n3. Close the window.\n",
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_what_a_text_counts(name):
    assert find_entity(read_sections(RECORDS[name]), None).name == name


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ("Click **Cancel booking**.", ["cancel_booking"]),
        ("Click **Submit**.", ["submit_booking"]),
        ("Close the window.", []),
        ("Click **Close window**.", []),
        ("Press **Log out**.", []),
        ("Upload the invoice.", ["upload_invoice"]),
    ],
)
def test_parts_of_a_screen_are_no_objects_of_tools(step, names):
    section = read_sections(f"1. {step}\n2. Enter the date in the form.\n")[0]
    found = [action.name for action in read_actions(section, "booking")]
    assert [name for name in found if not name.startswith("set_")] == names


def test_a_vague_field_says_whose_it_is():
    assert own_field("item", "file") == "file_item"
    assert own_field("address", "file") == "address"
    assert own_field("item", "setting") == "item"
