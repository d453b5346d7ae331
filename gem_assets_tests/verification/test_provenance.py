"""Every argument value has a source that can be looked up."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gem_assets.records.judgement import ArgumentSource
from gem_assets.records.message import Message
from gem_assets.verification.results import read_result
from gem_assets_tests.verification.dialogues import (
    NAMES,
    assistant,
    call,
    load,
    result,
    system,
    tool,
    user,
    verify,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)


def sources_of(*messages: Message) -> dict[str, ArgumentSource]:
    return {source.path: source for source in verify([tool("act")], messages).argument_sources}


def kind_of(said: str, told: Any, key: str, value: Any) -> str:
    earlier = (user(said), assistant("", call("look", "a")), result(told, "a"))
    return sources_of(system(), *earlier, assistant("", call("act", "b", **{key: value})))[f"$.{key}"].kind


@pytest.mark.parametrize(
    ("said", "told", "key", "value", "kind"),
    [
        ("order R-5531 please", {}, "order_id", "R-5531", "user"),
        ("order r5531 please", {}, "order_id", "R-5531", "user"),
        ("order 5531 please", {}, "order_id", "R-5531", "derived"),
        ("my order", {"orders": [{"id": "R-5531"}]}, "order_id", "R-5531", "result"),
        ("my order", {"orders": [{"id": "R-5531"}]}, "order_id", "R-5532", "ungrounded"),
        ("two of them", {}, "count", 2, "user"),
        ("1,299.50 it is", {}, "price", 1299.5, "user"),
        ("it is 1.7 m", {}, "length_cm", 170, "derived"),
        ("on 9 March", {}, "day", "2026-03-09", "derived"),
        ("next Friday", {}, "day", "2026-03-13", "derived"),
        ("whenever", {}, "day", "2026-03-13", "ungrounded"),
        ("all of them", {"rows": [{"n": 3}, {"n": 4}]}, "total", 7, "derived"),
        ("go", {}, "confirm", True, "free"),
        ("go", {}, "idempotency_key", "9f1c-77", "free"),
        ("tell them I'm late", {}, "message", "I will arrive late.", "composed"),
    ],
)
def test_a_value_has_the_source_it_was_given_by(said: str, told: Any, key: str, value: Any, kind: str):
    assert kind_of(said, told, key, value) == kind


@pytest.mark.parametrize("name", NAMES)
def test_a_source_points_at_the_value(name: str):
    script = load(name)
    for source in verify(script.tools, script.messages).argument_sources:
        if source.span:
            assert source.message is not None
            start, end = source.span
            assert script.messages[source.message].content[start:end].strip()
        if source.source_path:
            assert source.message is not None
            found = read_result(script.messages[source.message].content)
            for step in (
                source.source_path.removeprefix("$").replace("]", "").replace("[", ".").split(".")[1:]
            ):
                found = found[int(step)] if isinstance(found, list) else found[step]  # type: ignore[index]


def test_a_source_comes_before_its_call():
    for name in NAMES:
        script = load(name)
        for source in verify(script.tools, script.messages).argument_sources:
            assert source.message is None or source.message < source.call_message


def test_an_identifier_known_only_later_is_no_source():
    messages = (
        system("You help."),
        assistant("", call("act", "a", order_id="R-5531")),
        result({"ok": True}, "a"),
        assistant("", call("make_order", "b", item="tea")),
        result({"order_id": "R-5531"}, "b"),
    )
    found = verify([tool("act")], messages).errors
    assert [finding.reason for finding in found] == ["verify_id_before_created"]
    assert (found[0].message, found[0].other_message) == (1, 4)


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=4), JSON, st.text(max_size=60))
def test_verification_takes_any_value(arguments: dict[str, Any], told: Any, said: str):
    messages = (
        system(said),
        user(said),
        assistant(said, call("act", "a").model_copy(update={"arguments": arguments})),
        Message(role="tool", content=json.dumps(told), call_id="a"),
        assistant(said, call("update_act", "b").model_copy(update={"arguments": arguments})),
        Message(role="tool", content=json.dumps({"order_id": told, "rows": [told]}), call_id="b"),
        assistant(said),
    )
    verify([tool("act")], messages, source=said)
