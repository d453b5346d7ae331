"""What holds over all rules: order, evidence, settings."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.records.tool import ToolCall
from gem_assets_tests.verification.changes import (
    ARTICLE,
    CREATE,
    FIND,
    METER,
    OPEN,
    arguments,
    both,
    calling,
    content,
    cut,
    insert,
    offering,
    result_of,
)
from gem_assets_tests.verification.dialogues import Script, assistant, call, load, result, system, tool, user


def test_all_hits_are_recorded_in_the_order_of_the_rules():
    script = both(
        content(-1, "Bye.</assistant>"),
        arguments(OPEN, size="XL", colour=1),
        offering("find_order"),
        insert(1, system()),
        arguments(FIND, phone=5),
        insert(3, user("Hello?"), user("Anyone?")),
    )(load("parcel"))
    assert script.reasons() == [
        "rule_system_first",
        "rule_role_order",
        "rule_role_order",
        "rule_tool_duplicate",
        "rule_call_unknown_argument",
        "rule_call_argument_type",
        "rule_call_argument_enum",
        "rule_tag_left",
    ]


def test_evidence_names_message_tool_argument_and_value():
    script = load("parcel").with_arguments(CREATE, articles=[{**ARTICLE, "reason": "ugly" * 100}])
    (finding,) = script.check()
    assert finding.message == script.index_of_call(CREATE)
    for part in ("Message 10", "create_return", "$.articles[0].reason", "uglyugly", "enum", "too_small"):
        assert part in finding.evidence
    assert len(finding.evidence) < 500


def test_evidence_can_be_stored_whatever_the_value_holds():
    script = load("parcel").with_arguments(OPEN, size="\ud800\x00\x1b[31m")
    (finding,) = script.check()
    assert finding.evidence.encode("utf-8").decode().isprintable()


def test_few_patterns_are_no_finding_where_the_language_cannot_be_read():
    script = content(2, "Ok.")(load("website"))
    assert script.reasons() == ["rule_few_patterns"]
    assert script.reasons(language="de") == []


def test_parallel_calls_pass_when_the_settings_allow_them():
    calls = (call("readMeter", "a"), call("readMeter", "b"))
    answers = (result("{}", "b"), result("{}", "a"))
    script = both(calling(METER, *calls), cut(-2), insert(-1, *answers))(load("kiln"))
    assert script.reasons(parallel_calls=True) == []
    assert script.reasons() == ["rule_several_calls"]
    lacking = both(calling(METER, *calls), cut(-2), insert(-1, answers[0]))(load("kiln"))
    assert lacking.reasons(parallel_calls=True) == ["rule_call_without_result"]
    doubled = both(calling(METER, *calls), cut(-2), insert(-1, *answers, answers[0]))(load("kiln"))
    assert doubled.reasons(parallel_calls=True) == ["rule_result_without_call"]


def test_a_broken_call_with_an_error_result_is_meant_but_not_when_its_tool_is_unknown():
    script = both(arguments(OPEN, size=..., door=7), result_of(OPEN, "Error: no size"))(load("parcel"))
    assert script.reasons() == []
    unknown = both(calling(OPEN, call("open_door", "call_4")), result_of(OPEN, "Error: no such tool"))(
        load("parcel")
    )
    assert unknown.reasons() == ["rule_call_unknown_tool"]


def test_the_smallest_dialogue_is_as_large_as_the_settings_say():
    turns = [system()]
    for number in range(2):
        turns += [
            user("Go"),
            assistant("", call("go", str(number))),
            result("{}", str(number)),
            assistant("Done."),
        ]
    script = Script("", (tool("go"),), tuple(turns))
    assert script.reasons(minimum_patterns=0) == []
    assert script.reasons(minimum_patterns=0, minimum_messages=9) == ["rule_too_small"]
    assert script.reasons(minimum_patterns=0, minimum_calls=3) == ["rule_too_small"]
    assert script.reasons(minimum_patterns=0, minimum_user_turns=3) == ["rule_too_small"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(values=st.dictionaries(st.text(), values, max_size=4), text=st.text())
def test_any_arguments_and_any_result_end_in_findings_that_can_be_stored(values: dict[str, Any], text: str):
    script = load("kiln").with_message(
        6, tool_calls=(ToolCall(call_id="call_1", name="saveProgram", arguments=values),)
    )
    for finding in script.with_message(7, content=text).check():
        finding.evidence.encode("utf-8")
