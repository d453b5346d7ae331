"""Sentences in their source, and predicates: what is accepted, and that nothing raises."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Workflow
from gem_assets.stages.workflow_checks import check_workflow, sentence_in_source
from gem_assets.verification.constraints.predicates import evaluate, predicate_problem
from gem_assets_tests.stages.chain import PROCEDURES, SETTINGS, chain

SOURCE = (
    "A parcel may weigh 15 kg. It's “fragile” if the label\nsays so — then use the\u00a0lift. "
    "The freezer must read -70 °C or colder. Rooms 3-5 are closed on 2026-01-05. At most 1,000 items fit."
)
# Properties of the tool that predicates are about.
TOOL = Tool(
    name="reserve",
    description="Reserves.",
    parameters={
        "type": "object",
        "properties": {
            "days": {"type": "integer"},
            "items": {"type": "array", "items": {"type": "object"}},
            "note": {"type": "string"},
        },
    },
)


@pytest.mark.parametrize(
    "sentence",
    [
        "A parcel may weigh 15 kg.",
        "a PARCEL may weigh 15 kg",
        "  A parcel\n may \t weigh 15 kg. ",
        'It\'s "fragile" if the label says so - then use the lift.',
        "It’s «fragile» if the label says so – then use the lift.",
        "The freezer must read \u221270 °C or colder.",
        "The freezer must read –70 °C or colder",
        "Rooms 3–5 are closed on 2026-01-05.",
        "A parcel may weigh 15 kg. It's “fragile” if the label says so",
        "At most 1,000 items ﬁt.",
        SOURCE,
    ],
)
def test_a_sentence_is_found_whatever_its_white_space_case_and_typography(sentence: str):
    assert sentence_in_source(sentence, SOURCE)


@pytest.mark.parametrize(
    "sentence",
    [
        "A parcel may weigh 16 kg.",
        "5 kg",
        "parcel may weigh 1",
        "A parcel may not weigh 15 kg.",
        "The freezer must read 70 °C or colder.",
        "The freezer must read -7 °C or colder.",
        "Rooms 3-4 are closed",
        "closed on 2026-01-06",
        "At most 1000 items fit.",
        "At most 10,000 items fit.",
        "arcel may weigh 15 kg",
        "A parcel may weigh 15 kg. The freezer must read -70 °C or colder.",
        "",
        " … ",
        "\u200b",
    ],
)
def test_a_sentence_with_another_number_or_word_is_not_found(sentence: str):
    assert not sentence_in_source(sentence, SOURCE)


@given(st.text(), st.text(), st.text())
def test_what_was_cut_out_between_blanks_is_found(before: str, sentence: str, after: str):
    visible = any(char.isalnum() for char in sentence)
    source = f"{before} \n{sentence}\n {after}"
    assert sentence_in_source(sentence, source) or not visible


@pytest.mark.parametrize("name", PROCEDURES)
def test_a_recorded_workflow_holds_together(name: str):
    assert check_workflow(chain(name).workflow, SETTINGS.extraction) is None


@pytest.mark.parametrize("minimum", [7, 8])
def test_how_many_steps_are_needed_is_a_setting(minimum: int):
    settings = SETTINGS.extraction.model_copy(update={"minimum_steps": minimum})
    workflow: Workflow = chain().workflow
    assert (check_workflow(workflow, settings) is None) is (len(workflow.steps) >= minimum)


@pytest.mark.parametrize(
    "predicate",
    [
        "args.days <= 7",
        'state.status == "reserved"',
        "args.days <= 7 && state.extension_count == 0",
        "size(args.items) <= 3",
        "!has(args.note) || size(args.note) <= 80",
        "args.items.all(item, item.weight <= 5)",
        "args.items.exists(item, item.kind == 'badge') || true",
        'state.kind in ["a", "b"]',
        "args.days + state.days <= 7",
        'args["days"] <= 7',
        'args.note != "record.days and foo(x)"',
        "args.note.startsWith('R-')",
    ],
)
def test_an_expression_over_arguments_and_state_is_a_predicate(predicate: str):
    assert predicate_problem(predicate, TOOL) is None


@pytest.mark.parametrize(
    "predicate",
    [
        "args.weight <= 7",
        "args.days <= 7 && args.weight <= 7",
        "args.items.all(item, item.weight <= args.weight)",
        "record.days <= 7",
        "args.days <= record.days",
        "at most 7 days",
        "args.days <=",
        "",
        "args.days <= 7 &&" * 100,
        "args.days <= 7" + " && args.days <= 7" * 40,
        "(" * 300 + "true" + ")" * 300,
        "days <= 7",
        "args.items.all(item, other <= 7)",
        'args["weight"] <= 7',
        "overdue(args.days)",
        "args.note.bogus() == 'a'",
        "max(args.days, 3) <= 7",
        "now() < 7",
    ],
)
def test_what_reads_anything_else_or_cannot_be_read_is_no_predicate(predicate: str):
    problem = predicate_problem(predicate, TOOL)
    assert problem
    assert len(problem) < 300


def test_without_a_tool_any_argument_may_be_read():
    assert predicate_problem("args.weight <= 7", None) is None
    assert predicate_problem("record.weight <= 7", None) is not None


@pytest.mark.parametrize(
    ("predicate", "arguments", "state", "holds"),
    [
        ("args.days <= 7", {"days": 7}, {}, True),
        ("args.days <= 7", {"days": 8}, {}, False),
        ('state.status == "open"', {}, {"status": "open"}, True),
        ("args.items.all(i, i < 3) && state.n == 0", {"items": [1, 2]}, {"n": 0}, True),
        ("!has(args.note) || size(args.note) <= 2", {}, {}, True),
        ("!has(args.note) || size(args.note) <= 2", {"note": "abc"}, {}, False),
        ("args.days <= 7", {}, {}, None),
        ("args.days <= 7", {"days": "7"}, {}, None),
        ("args.days <= 7", {"days": None}, {}, None),
        ("args.days <= 7", {"days": {"a": [1]}}, {}, None),
        ("args.days", {"days": 7}, {}, None),
        ("other <= 7", {"days": 7}, {}, None),
        ("overdue(args.days)", {"days": 7}, {}, None),
        ("args.days <=", {"days": 7}, {}, None),
        ("args.days * args.days * args.days > 0", {"days": 2**40}, {}, None),
        ("args.days <= 7", {"days": 10**30}, {}, False),
        ("args.note == 'a'", {"note": "\ud800"}, {}, None),
        ("7 / args.days > 1", {"days": 0}, {}, None),
    ],
)  # fmt: skip
def test_a_predicate_holds_or_not_or_cannot_be_said_and_never_raises(
    predicate: str, arguments: dict[str, Any], state: dict[str, Any], holds: bool | None
):
    assert evaluate(predicate, arguments, state) is holds


@given(st.text(max_size=60))
def test_any_text_is_judged_and_evaluated_without_raising(predicate: str):
    predicate_problem(predicate, TOOL)
    assert evaluate(predicate, {"days": 3}, {}) in (True, False, None)
