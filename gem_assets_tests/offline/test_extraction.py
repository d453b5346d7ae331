"""What is read out of a text: steps, tools, parameters, constraints."""

import re

import pytest
from jsonschema import Draft202012Validator

from gem_assets.verification.constraints.predicates import evaluate, predicate_problem

ORDERS = """# Changing an order at the Tallow shop

1. Sign in with your e-mail and the six-digit code.
2. Open **My orders** and look up the order. Every order has an order number such as TW-1180.
3. Choose the delivery type: Standard, Express or Pick-up.
4. Enter the new address: street, house number, city and delivery date.
5. Set the insured amount. The amount must be between 20 and 500 EUR.
6. Press **Confirm**. You receive the order number again by e-mail.

An order goes through four states: Pending, Packed, Shipped and Returned. Only orders that are *Pending* can
be cancelled. An order can be returned within 30 days of delivery.
"""
TWO = """# Library terminal

## Register a reader

1. Open the Readers page and click **Add**.
2. Enter the name and the birth date.
3. Press **Save**.

## Renew a loan

1. Open the Loans page and search for the title.
2. Select the loan and choose the new date.
3. Click **Renew**.
"""


@pytest.fixture(scope="module")
def orders(workflows_of):
    return workflows_of(ORDERS)[0]


def test_names_the_records_the_text_is_about(orders):
    assert {"list_orders", "get_order"} <= {tool.name for tool in orders.tools}


def test_reads_closed_choices_as_an_enumeration(orders):
    enums = [
        p["enum"] for tool in orders.tools for p in tool.parameters["properties"].values() if "enum" in p
    ]
    assert ["Standard", "Express", "Pick-up"] in enums


def test_puts_a_list_of_fields_into_one_object(orders):
    nested = [
        set(p["properties"])
        for tool in orders.tools
        for p in tool.parameters["properties"].values()
        if p.get("type") == "object"
    ]
    assert any({"street", "house_number", "city", "delivery_date"} <= fields for fields in nested)


def test_reads_a_numeric_limit_as_bounds_and_as_a_predicate(orders):
    found = [c for c in orders.constraints if c.predicate and "500" in c.predicate]
    assert found
    assert found[0].sentence in ORDERS
    name = found[0].predicate.split("args.")[1].split()[0]
    assert evaluate(found[0].predicate, {name: 500}, {})
    assert not evaluate(found[0].predicate, {name: 501}, {})


def test_reads_a_status_rule_as_a_predicate_over_the_state(orders):
    rule = next(c for c in orders.constraints if c.tool == "cancel_order")
    assert rule.predicate == 'state.status == "Pending"'
    assert rule.sentence.startswith("Only orders that are *Pending* can")


def test_reads_the_statuses_of_the_text_and_adds_the_one_a_cancellation_leads_to(orders):
    listing = next(tool for tool in orders.tools if tool.name == "list_orders")
    statuses = listing.parameters["properties"]["status"]["enum"]
    assert statuses == ["Pending", "Packed", "Shipped", "Returned", "Cancelled"]


def test_makes_one_workflow_of_each_headed_procedure(workflows_of):
    assert len(workflows_of(TWO)) == 2


def test_makes_one_workflow_of_one_procedure(workflows_of):
    assert len(workflows_of(ORDERS)) == 1


def test_tools_are_well_defined_in_number_and_form(made):
    for one in made:
        assert 4 <= len(one.workflow.tools) <= 12, one.name
        assert len({tool.name for tool in one.workflow.tools}) == len(one.workflow.tools), one.name
        for tool in one.workflow.tools:
            assert re.fullmatch(r"[a-z]+(?:_[a-z0-9]+)+", tool.name), tool.name
            Draft202012Validator.check_schema(tool.parameters)
            for parameter in tool.parameters["properties"].values():
                assert parameter["description"], tool.name


def test_reads_and_writes_come_in_pairs(made):
    for one in made:
        names = [tool.name for tool in one.workflow.tools]
        assert any(name.startswith("list_") for name in names), one.name
        assert any(name.startswith("get_") for name in names), one.name
        assert any(not name.startswith(("list_", "get_")) for name in names), one.name


def test_sample_calls_fit_their_tools(made):
    for one in made:
        tools = {tool.name: tool for tool in one.workflow.tools}
        for call in one.workflow.sample_calls:
            assert Draft202012Validator(tools[call.name].parameters).is_valid(call.arguments), call


def test_constraints_are_quoted_and_their_predicates_compile(made):
    for one in made:
        source = " ".join(one.workflow.procedure.document.text.split())
        tools = {tool.name: tool for tool in one.workflow.tools}
        for constraint in one.workflow.constraints:
            assert " ".join(constraint.sentence.split()) in source
            if constraint.predicate:
                assert predicate_problem(constraint.predicate, tools[constraint.tool]) is None
