"""A large text made to be slow is read in linear time, or refused; with quadratic work this would not end."""

import pytest

from gem_assets.llm.asking import AnswerError
from gem_assets.stages.answers.execution_graph import parse_execution_graph
from gem_assets.stages.answers.filter_answer import parse_filter_answer
from gem_assets.stages.answers.judge_answer import parse_judge_answer
from gem_assets.stages.answers.tags import looks_like_refusal
from gem_assets.stages.answers.trajectory_answer import parse_refined_trajectory, parse_trajectory
from gem_assets.stages.answers.workflow_answer import parse_workflow_answer

LARGE = 300_000
PARSERS = (
    parse_filter_answer,
    parse_workflow_answer,
    parse_trajectory,
    parse_refined_trajectory,
    parse_judge_answer,
)
UNITS = (
    "<", "<user", "<user ", "</user>", "<think>", "</think>", "<user></user>", "<func>", "&", "&lt;", "&#1",
    " ", "\n", "```", "```a", "{", "[", "}", '"', '{"R1":', '{"R1": 1}', "Step 1", "1. ", "can't ",
    "<workflow>", "\\n",
)  # fmt: skip


def filled(unit):
    return unit * (LARGE // len(unit))


@pytest.mark.parametrize("unit", UNITS)
def test_reads_or_refuses_a_large_text_of(unit):
    text = filled(unit)
    for parse in PARSERS:
        with pytest.raises(AnswerError):
            parse(text)
    assert looks_like_refusal(text) is False


@pytest.mark.parametrize(
    "unit", [" ", "-", "=", "(", "(a,", "a,", "->", "(a)->", "->\n", "(a)\n", "\n", ",\n", "- ", "—"]
)
def test_reads_or_refuses_a_graph_of(unit):
    with pytest.raises(AnswerError):
        parse_execution_graph(filled(unit))


@pytest.mark.parametrize(
    "unit", [" ", "-", "*", "Step ", "Step1", "Step1: a. ", "1", "\\n", "- ", "\n- ", ". "]
)
def test_reads_steps_of(unit):
    block = (
        f"<workflow><description>x</description><steps>x{filled(unit)}</steps><execution_graph>(a)</execution_graph>"
        "<actions>[]</actions><tools>[]</tools><constraints>[]</constraints></workflow>"
    )
    (workflow,) = parse_workflow_answer(block)
    assert workflow.steps


@pytest.mark.parametrize("unit", [",", ", ", "a ", "1. ", "`", "&amp;", " &"])
def test_refuses_a_label_of(unit):
    with pytest.raises(AnswerError):
        parse_filter_answer(
            f"<multi_step>True</multi_step><summary>x</summary><domain>{filled(unit)}</domain>"
            "<platform>phone</platform><task>search</task>"
        )


@pytest.mark.parametrize(
    "unit", ["&", "&#", "`", "```", " ", "<func ", '<func>{"name": "a", "arguments": {}}</func>']
)
def test_reads_an_assistant_message_of(unit):
    (message,) = parse_trajectory(f"<assistant>x{filled(unit)}</assistant>")
    assert message.content.startswith("x")


def test_deeply_nested_arguments_are_refused():
    nested = '{"a":' * 100_000 + "1" + "}" * 100_000
    with pytest.raises(AnswerError, match="<func>"):
        parse_trajectory(f'<assistant><func>{{"name": "a", "arguments": {nested}}}</func></assistant>')
