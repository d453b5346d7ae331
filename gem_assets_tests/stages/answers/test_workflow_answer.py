"""Workflow blocks: every part is there, steps in every numbering, constraints with or without predicate."""

import json

import pytest

from gem_assets.llm.asking import AnswerError
from gem_assets.records.workflow import Constraint, SampleCall
from gem_assets.stages.answers.workflow_answer import parse_workflow_answer

TOOL = {
    "name": "get",
    "description": "Reads.",
    "inputSchema": {"type": "object", "properties": {}, "required": []},
}
RULE = {
    "rule": "Three at most.",
    "sentence": "No more than three.",
    "tool": "get",
    "predicate": "args.n <= 3",
}
PARTS = {
    "description": "Somebody reads &amp; writes.",
    "steps": "Step1: Read.\nStep2: Write.",
    "execution_graph": "(get)",
    "actions": '[{"name": "get", "arguments": {}}]',
    "tools": json.dumps([TOOL]),
    "constraints": json.dumps([RULE]),
}


def block(**parts):
    inner = "".join(
        f"<{tag}>{text}</{tag}>\n" for tag, text in {**PARTS, **parts}.items() if text is not None
    )
    return f"<workflow>\n{inner}</workflow>"


def parse_one(**parts):
    (workflow,) = parse_workflow_answer(block(**parts))
    return workflow


def test_reads_every_part():
    workflow = parse_one()
    assert workflow.description == "Somebody reads & writes."
    assert workflow.steps == ("Read.", "Write.")
    assert workflow.entry_tools == ("get",)
    assert workflow.edges == ()
    assert workflow.sample_calls == (SampleCall(name="get", arguments={}),)
    assert [tool.to_answer_format() for tool in workflow.tools] == [TOOL]
    assert workflow.constraints == (Constraint(**RULE),)


def test_reads_every_block_in_order():
    text = f"Two workflows.\n{block()}\n\n{block(description='Another.')}\nDone."
    assert [workflow.description for workflow in parse_workflow_answer(text)] == [
        "Somebody reads & writes.",
        "Another.",
    ]


def test_none_when_the_model_found_none():
    assert parse_workflow_answer("<no_workflow>It is a poem.</no_workflow>") == ()


@pytest.mark.parametrize(
    "steps",
    [
        "Step1: Read.\nStep2: Write.",
        "Step 1. Read.\nStep 2. Write.",
        "\n**Step 1:** Read.\n\n**Step 2:** Write.\n",
        "- Step1: Read.\n- Step2: Write.",
        "1. Read.\n2. Write.",
        "1) Read.\n2) Write.",
        "- Read.\n- Write.",
        "Read.\nWrite.",
        "Step1: Read. Step2: Write.",
        "Step1: Read.\\nStep2: Write.",
        "```\nStep1: Read.\nStep2: Write.\n```",
    ],
)
def test_steps_are_read_in_every_numbering(steps):
    assert parse_one(steps=steps).steps == ("Read.", "Write.")


def test_a_line_without_a_mark_continues_its_step():
    steps = "Step1: Wait\nuntil 2. of May.\nStep2: Write."
    assert parse_one(steps=steps).steps == ("Wait until 2. of May.", "Write.")


@pytest.mark.parametrize("nothing", [None, "", "null", "None"])
def test_a_rule_may_have_no_tool_and_no_predicate(nothing):
    entry = {**RULE, "tool": nothing, "predicate": nothing}
    (constraint,) = parse_one(constraints=json.dumps([entry])).constraints
    assert constraint.tool is None
    assert constraint.predicate is None


def test_empty_lists_are_left_to_the_stage():
    workflow = parse_one(actions="[]", tools="[]", constraints="[]")
    assert (workflow.sample_calls, workflow.tools, workflow.constraints) == ((), (), ())


@pytest.mark.parametrize("tag", sorted(PARTS))
def test_error_names_the_missing_part_and_the_block(tag):
    with pytest.raises(AnswerError, match=f"<{tag}> is missing in workflow 2 of 2"):
        parse_workflow_answer(block() + block(**{tag: None}))


@pytest.mark.parametrize(
    "tag", ["description", "steps", "execution_graph", "actions", "tools", "constraints"]
)
def test_error_names_the_empty_part(tag):
    with pytest.raises(AnswerError, match=f"<{tag}>.* is empty"):
        parse_one(**{tag: " \n "})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"sentence": "x"}, 'Constraint 1 of <constraints> of workflow 1 of 1 has no "rule"'),
        ({"rule": "x"}, 'has no "sentence"'),
        ({**RULE, "predicate": 3}, '"predicate" of Constraint 1'),
        ({**RULE, "tool": ["get"]}, '"tool" of Constraint 1'),
    ],
)
def test_a_constraint_needs_its_rule_and_sentence(entry, says):
    with pytest.raises(AnswerError, match=says):
        parse_one(constraints=json.dumps([entry]))


def test_a_tag_inside_json_is_read_as_text_unless_it_is_one_of_ours():
    tool = {**TOOL, "description": "Writes <title> and <workflows>."}
    assert parse_one(tools=json.dumps([tool])).tools[0].description == "Writes <title> and <workflows>."
    with pytest.raises(AnswerError, match=r"<tools> .* is not closed before <steps> is opened"):
        parse_one(tools=json.dumps([{**TOOL, "description": "Writes <steps>."}]))
