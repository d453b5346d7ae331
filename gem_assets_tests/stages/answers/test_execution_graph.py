"""Execution graphs: groups and arrows in every spelling, and nothing else."""

import pytest

from gem_assets.llm.asking import AnswerError
from gem_assets.stages.answers.execution_graph import MAX_GRAPH_NAMES, parse_execution_graph


def edges(text):
    return {(edge.source, edge.target) for edge in parse_execution_graph(text).edges}


@pytest.mark.parametrize(
    "text",
    [
        "(a)->(b, c)->(d)",
        "(a) -> (b,c) -> (d)",
        "(a)→(b, c)→(d)",
        "(a)=>(b, c)-->(d)",
        "(a)\n->(b, c)\n->(d)",
        "(a)->\n(b,\n c)->(d)",
        "`(a)->(b, c)->(d)`",
        "(`a`)->(b, c)->(d).",
        "a -> (b, c) -> d",
        "(a)->(b)->(d)\n(a)->(c)->(d)",
    ],
)
def test_every_spelling_gives_the_same_graph(text):
    assert edges(text) == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}
    assert parse_execution_graph(text).entry_tools == ("a",)


def test_a_single_group_has_entry_tools_and_no_arrows():
    graph = parse_execution_graph("(a, b)")
    assert graph.edges == ()
    assert graph.entry_tools == ("a", "b")


def test_a_cycle_is_read_and_left_to_the_stage():
    graph = parse_execution_graph("(a)->(b)->(a)")
    assert {(edge.source, edge.target) for edge in graph.edges} == {("a", "b"), ("b", "a")}
    assert graph.entry_tools == ()


def test_chains_on_lines_of_their_own_start_anew():
    assert edges("(a)->(b)\n(c)->(d)") == {("a", "b"), ("c", "d")}
    assert parse_execution_graph("(a)->(b)\n(c)->(d)").entry_tools == ("a", "c")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "(a)->",
        "->(a)",
        "(a)->->(b)",
        "(a)->()",
        "(a, )->(b)",
        "(a)->((b)->(c), d)",
        "a, b -> c",
        "(a) (b)",
        "(a)->(b",
        "(a)->...",
        "first a, then b",
        "(get user)->(b)",
    ],
)
def test_anything_else_is_an_error_that_names_the_tag(text):
    with pytest.raises(AnswerError, match="<execution_graph>"):
        parse_execution_graph(text)


def test_a_graph_too_large_to_be_one_is_refused_before_its_arrows_are_made():
    group = "(" + ", ".join(f"t{number}" for number in range(MAX_GRAPH_NAMES)) + ")"
    with pytest.raises(AnswerError, match=f"{MAX_GRAPH_NAMES} are the most"):
        parse_execution_graph("->".join([group] * 50))
