"""A clean dialogue that is damaged in any one place is caught."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.verification.view import pair_calls
from gem_assets_tests.verification.dialogues import NAMES, Script, load

places = st.integers(min_value=0, max_value=99)


def without(script: Script, index: int) -> Script:
    return replace(script, messages=script.messages[:index] + script.messages[index + 1 :])


@settings(deadline=None)
@given(name=st.sampled_from(NAMES), place=places)
def test_dropping_a_message_is_caught(name: str, place: int):
    script = load(name)
    assert without(script, place % len(script.messages)).reasons()


@settings(deadline=None)
@given(name=st.sampled_from(NAMES), place=places)
def test_duplicating_a_message_is_caught(name: str, place: int):
    script = load(name)
    index = place % len(script.messages)
    messages = (*script.messages[:index], script.messages[index], *script.messages[index:])
    assert replace(script, messages=messages).reasons()


@settings(deadline=None)
@given(name=st.sampled_from(NAMES), place=places)
def test_swapping_neighbours_is_caught(name: str, place: int):
    script = load(name)
    index = place % (len(script.messages) - 1)
    messages = list(script.messages)
    messages[index : index + 2] = reversed(messages[index : index + 2])
    assert replace(script, messages=tuple(messages)).reasons()


@settings(deadline=None)
@given(name=st.sampled_from(NAMES), place=places)
def test_renaming_a_tool_is_caught(name: str, place: int):
    script = load(name)
    index = place % len(script.tools)
    renamed = script.tools[index].model_copy(update={"name": "something_else"})
    assert (
        "rule_call_unknown_tool"
        in replace(script, tools=(*script.tools[:index], renamed, *script.tools[index + 1 :])).reasons()
    )


@settings(deadline=None)
@given(name=st.sampled_from(NAMES), place=places, which=places)
def test_removing_a_required_argument_is_caught_unless_the_call_is_meant_to_fail(
    name: str, place: int, which: int
):
    script = load(name)
    calls = [message.tool_calls[0] for message in script.messages if message.tool_calls]
    number = place % len(calls)
    required = next(tool.parameters for tool in script.tools if tool.name == calls[number].name).get(
        "required"
    )
    if required and not pair_calls(script.messages)[number].failed:
        changed = script.with_arguments(number, **{required[which % len(required)]: ...})
        assert "rule_call_missing_argument" in changed.reasons()
