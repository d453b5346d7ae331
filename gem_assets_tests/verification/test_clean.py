import pytest

from gem_assets.verification.shape import measure
from gem_assets_tests.verification.dialogues import NAMES, load


@pytest.mark.parametrize("name", NAMES)
def test_a_clean_dialogue_has_no_finding(name: str):
    assert load(name).check() == ()


def test_shape_counts_messages_without_the_system_and_distinct_tools_called():
    script = load("parcel")
    shape = measure((*script.tools, script.tools[0]), script.messages)
    assert (shape.message_count, shape.tool_count, shape.offered_tool_count, shape.call_count) == (
        20,
        4,
        4,
        5,
    )
    assert shape.patterns == (
        "rule_conflict",
        "error_recovery",
        "clarification",
        "multi_hop",
        "rule_awareness",
    )


def test_shape_of_an_empty_dialogue_is_all_zero():
    shape = measure((), ())
    assert (shape.message_count, shape.tool_count, shape.offered_tool_count, shape.call_count) == (0, 0, 0, 0)
    assert shape.patterns == ()
