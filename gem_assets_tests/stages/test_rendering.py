import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.records.tool import Tool
from gem_assets.records.workflow import Constraint, Edge, Workflow
from gem_assets.stages.answers.tagged_json import read_tools
from gem_assets.stages.rendering import (
    render_constraints,
    render_tools,
    render_workflow,
    trajectory_language,
)
from gem_assets_tests.stages.chain import SETTINGS, chain

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(min_size=1), json_values)
def test_tools_are_written_without_any_sign_of_a_tag_and_read_back_the_same(text: str, value: Any):
    described = text if text.strip() else "-"
    tool = Tool(name="a", description=described.strip(), parameters={"type": "object", text: value})
    written = render_tools([tool])
    assert not set(written) & set("<>&")
    assert json.loads(written) == [tool.to_answer_format()]


def test_tools_are_written_as_models_answer_them():
    assert read_tools(render_tools(chain().workflow.tools), "<tools>") == chain().workflow.tools


@given(st.text(), st.text())
def test_constraints_are_written_without_any_sign_of_a_tag(rule: str, predicate: str):
    constraint = Constraint(rule=rule, sentence=rule, tool=None, predicate=predicate)
    written = render_constraints([constraint])
    assert not set(written) & set("<>&")
    assert [Constraint(**each) for each in json.loads(written)] == [constraint]


def workflow(*edges: tuple[str, str], entry_tools: tuple[str, ...] = ()) -> Workflow:
    changes = {
        "execution_graph": tuple(Edge(source=source, target=target) for source, target in edges),
        "entry_tools": entry_tools,
        "description": "D < d",
        "steps": ("One.", "Two & three."),
    }
    return chain().workflow.model_copy(update=changes)


@pytest.mark.parametrize(
    ("edges", "entry_tools", "graph"),
    [
        ([("a", "b"), ("b", "c")], ("a",), "(a)->(b)\n(b)->(c)"),
        ([], ("a", "b"), "(a)\n(b)"),
        ([("a", "b")], ("a", "c"), "(a)->(b)\n(c)"),
    ],
)
def test_a_workflow_is_written_with_every_tool_of_its_graph(
    edges: list[tuple[str, str]], entry_tools: tuple[str, ...], graph: str
):
    written = render_workflow(workflow(*edges, entry_tools=entry_tools))
    assert written == f"D &lt; d\n\nStep1: One.\nStep2: Two &amp; three.\n\n{graph}"


@pytest.mark.parametrize(
    ("asked", "language", "told"),
    [
        ("en", "de", "English"),
        ("de", "en", "German"),
        ("source", "ja", "Japanese"),
        ("source", "und", "the language of the source text"),
        ("source", "fi", "fi"),
    ],
)
def test_a_language_is_named_in_words_where_we_know_them(asked: str, language: str, told: str):
    document = chain().document.model_copy(update={"language": language})
    settings = SETTINGS.model_copy(update={"trajectory_language": asked})
    assert trajectory_language(document, settings) == told
