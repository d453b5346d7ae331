"""Each reason with dialogues that give it and near misses that do not."""

import pytest

from gem_assets.records.outcome import Reason
from gem_assets.records.tool import ToolCall
from gem_assets.verification.registry import RULES
from gem_assets.verification.view import TrajectoryView
from gem_assets_tests.verification.changes import (
    ARTICLE,
    BOOK,
    CREATE,
    FIND,
    LIST_DAYS,
    METER,
    OPEN,
    SAVE_GLAZE,
    SAVE_IN_VAIN,
    SEGMENT,
    WEIGH,
    WEIGH_IN_VAIN,
    Change,
    arguments,
    both,
    calling,
    content,
    cut,
    first,
    insert,
    offering,
    result_of,
    schema,
    sourced,
)
from gem_assets_tests.verification.dialogues import assistant, call, load, result, system, user

R = Reason
# reason, dialogue, what gives the reason, what nearly does
CASES: list[tuple[Reason, str, Change, Change]] = [
    (R.RULE_SYSTEM_FIRST, "parcel", cut(0), content(0, "Be brief.")),
    (R.RULE_SYSTEM_FIRST, "parcel", insert(3, system()), content(1, "system: be brief")),
    (R.RULE_SYSTEM_FIRST, "parcel", first(0), first(1)),
    (
        R.RULE_SEVERAL_CALLS,
        "kiln",
        calling(METER, call("readMeter", "a"), call("readMeter", "b")),
        calling(METER),
    ),
    (R.RULE_CALL_WITHOUT_RESULT, "parcel", cut(5), first(5)),
    (R.RULE_CALL_WITHOUT_RESULT, "parcel", cut(5, 6), cut(4, 5)),
    (R.RULE_RESULT_WITHOUT_CALL, "parcel", cut(4), cut(4, 5)),
    (R.RULE_RESULT_WITHOUT_CALL, "parcel", insert(2, result("{}")), insert(2, assistant("One moment."))),
    (R.RULE_TOOL_THEN_USER, "parcel", cut(6), cut(6, 7)),
    (R.RULE_TOOL_THEN_USER, "kiln", insert(6, user("And?")), insert(6, assistant("Done."), user("And?"))),
    (R.RULE_ROLE_ORDER, "parcel", cut(2), cut(2, 3)),
    (R.RULE_ROLE_ORDER, "parcel", cut(1), cut(1, 2)),
    (R.RULE_ROLE_ORDER, "parcel", insert(-1, assistant("Bye.")), insert(-1, assistant("Bye."), user("Bye."))),
    (R.RULE_END, "parcel", cut(-1), cut(-1, -2)),
    (R.RULE_END, "parcel", first(5), first(7)),
    (R.RULE_END, "parcel", first(6), first(7)),
    (R.RULE_TOO_SMALL, "parcel", first(8), first(15)),
    (
        R.RULE_CALL_MALFORMED,
        "parcel",
        calling(FIND, ToolCall(call_id="call_0", name="", arguments={}, malformed="find_order(")),
        calling(FIND, call("find_order", "call_0")),
    ),
    (R.RULE_CALL_MALFORMED, "parcel", arguments(FIND, phone=float("nan")), arguments(FIND, phone="NaN")),
    (
        R.RULE_CALL_MALFORMED,
        "parcel",
        lambda script: script.with_message(1, tool_calls=(call("find_order"),)),
        calling(FIND),
    ),
    (R.RULE_TOOL_NAME, "parcel", offering("cancel order"), offering("cancel_order-2")),
    (R.RULE_TOOL_NAME, "parcel", offering("a" * 65), offering("a" * 64)),
    (R.RULE_TOOL_NAME, "parcel", offering("größe", "name\n"), offering("size")),
    (R.RULE_TOOL_DUPLICATE, "parcel", offering("find_order"), offering("Find_Order")),
    (
        R.RULE_TOOL_SCHEMA,
        "parcel",
        offering("new", parameters={"type": "string"}),
        offering("new", parameters={"type": "object"}),
    ),
    (
        R.RULE_TOOL_SCHEMA,
        "parcel",
        offering("new", parameters={"properties": {}}),
        offering("new", parameters={"type": "object", "properties": {}}),
    ),
    (
        R.RULE_TOOL_SCHEMA,
        "parcel",
        schema("open_locker", door={"type": "int"}),
        schema("open_locker", door={"type": "integer"}),
    ),
    (
        R.RULE_TOOL_SCHEMA,
        "parcel",
        schema("open_locker", door={"required": True}),
        schema("open_locker", door={"x-required": True}),
    ),
    (
        R.RULE_TOOL_SCHEMA,
        "parcel",
        offering("new", parameters={"type": "object", "properties": {"a": {}}, "required": ["b"]}),
        offering("new", parameters={"type": "object", "properties": {"a": {}}, "required": ["a"]}),
    ),
    (
        R.RULE_CALL_UNKNOWN_TOOL,
        "parcel",
        calling(OPEN, call("open_door", "call_4")),
        both(calling(OPEN, call("open_door", "call_4")), offering("open_door")),
    ),
    (
        R.RULE_CALL_UNKNOWN_TOOL,
        "parcel",
        calling(WEIGH_IN_VAIN, call("weigh", "call_2")),
        calling(WEIGH_IN_VAIN, call("find_order", "call_2")),
    ),
    (
        R.RULE_CALL_MISSING_ARGUMENT,
        "parcel",
        arguments(OPEN, size=...),
        both(arguments(OPEN, size=...), result_of(OPEN, '{"error": "size is missing"}')),
    ),
    (
        R.RULE_CALL_MISSING_ARGUMENT,
        "parcel",
        arguments(CREATE, articles=[{"article_id": "art_5501"}]),
        arguments(CREATE, articles=[ARTICLE]),
    ),
    (
        R.RULE_CALL_UNKNOWN_ARGUMENT,
        "parcel",
        arguments(OPEN, colour="red"),
        both(arguments(OPEN, colour="red"), schema("open_locker", colour={"type": "string"})),
    ),
    (
        R.RULE_CALL_UNKNOWN_ARGUMENT,
        "parcel",
        arguments(CREATE, articles=[{**ARTICLE, "size": 41}]),
        both(arguments(OPEN, extras={"size": 41}), schema("open_locker", extras={"type": "object"})),
    ),
    (
        R.RULE_CALL_UNKNOWN_ARGUMENT,
        "kiln",
        arguments(METER, unit="kWh"),
        arguments(BOOK, notes={"anything": "goes"}),
    ),
    (R.RULE_CALL_ARGUMENT_TYPE, "kiln", arguments(SAVE_GLAZE, slot="8"), arguments(SAVE_IN_VAIN, slot=None)),
    (R.RULE_CALL_ARGUMENT_TYPE, "kiln", arguments(SAVE_GLAZE, slot=True), arguments(SAVE_GLAZE, slot=8.0)),
    (
        R.RULE_CALL_ARGUMENT_TYPE,
        "kiln",
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "ramp": [100]}]),
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "ramp": "FULL"}]),
    ),
    (R.RULE_CALL_ARGUMENT_ENUM, "parcel", arguments(OPEN, size="XL"), arguments(OPEN, size="L")),
    (
        R.RULE_CALL_ARGUMENT_ENUM,
        "kiln",
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "ramp": "full"}]),
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "ramp": 401}]),
    ),
    (
        R.RULE_CALL_ARGUMENT_BOUNDS,
        "kiln",
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "target": 1281}]),
        arguments(SAVE_GLAZE, segments=[{**SEGMENT, "target": 1280}]),
    ),
    (R.RULE_CALL_ARGUMENT_BOUNDS, "kiln", arguments(SAVE_GLAZE, slot=0), arguments(SAVE_GLAZE, slot=1)),
    (
        R.RULE_CALL_ARGUMENT_BOUNDS,
        "kiln",
        arguments(SAVE_GLAZE, segments=[SEGMENT] * 9),
        arguments(SAVE_GLAZE, segments=[SEGMENT] * 8),
    ),
    (
        R.RULE_CALL_ARGUMENT_BOUNDS,
        "kiln",
        arguments(SAVE_GLAZE, segments=[]),
        arguments(LIST_DAYS, from_date="no date"),
    ),
    (
        R.RULE_CALL_ARGUMENT_BOUNDS,
        "parcel",
        arguments(FIND, order_number="DN-20451"),
        arguments(FIND, order_number="DN-204519"),
    ),
    (R.RULE_CALL_ARGUMENT_BOUNDS, "parcel", arguments(FIND, phone="01715"), arguments(FIND, phone="017155")),
    (
        R.RULE_CALL_ARGUMENT_BOUNDS,
        "parcel",
        both(schema("weigh_parcel", step={"multipleOf": 0.5}), arguments(WEIGH, step=0.7)),
        both(schema("weigh_parcel", step={"multipleOf": 0.5}), arguments(WEIGH, step=1.5)),
    ),
    (
        R.RULE_TAG_LEFT,
        "parcel",
        content(7, "Fine.</assistant>"),
        content(7, "Fine, 3 < 4 > 2, <b>assistant</b>."),
    ),
    (R.RULE_TAG_LEFT, "parcel", content(7, "< /func>, no: </FUNC >"), content(7, "<function>, <tools>")),
    (
        R.RULE_TAG_LEFT,
        "parcel",
        content(7, "<think>Hm.</think> Fine."),
        both(content(7, "<think>"), sourced("Type <THINK>.")),
    ),
    (R.RULE_TAG_LEFT, "website", both(content(5, "</user>")), content(5, "ssh <user>@host")),
    (R.RULE_TAG_LEFT, "website", sourced("No tags here."), sourced("As HTML: ssh &lt;user&gt;@host")),
    (
        R.RULE_TAG_LEFT,
        "parcel",
        arguments(OPEN, return_code="<tool_call>"),
        arguments(OPEN, return_code="tool_call"),
    ),
    (R.RULE_PLACEHOLDER, "parcel", arguments(FIND, phone="YOUR_PHONE"), arguments(FIND, phone="your phone")),
    (
        R.RULE_PLACEHOLDER,
        "parcel",
        result_of(FIND, '{"articles": ["art_5501", "..."]}'),
        result_of(FIND, '{"menu": "..."}'),
    ),
    (R.RULE_FEW_PATTERNS, "website", content(2, "Ok."), content(-1, "Ok.")),
]


@pytest.mark.parametrize(("reason", "name", "change", "near"), CASES)
def test_gives_its_reason_and_not_for_a_near_miss(reason: Reason, name: str, change: Change, near: Change):
    assert reason in change(load(name)).reasons()
    assert reason not in near(load(name)).reasons()


def test_every_rule_reason_has_a_rule_and_a_case():
    wanted = {reason for reason in Reason if reason.name.startswith("RULE_")}
    assert {reason for rule in RULES for reason in rule.reasons} == wanted
    assert {case[0] for case in CASES} == wanted


def test_a_rule_gives_no_reason_but_its_own():
    for _, name, change, _ in CASES:
        script = change(load(name))
        view = TrajectoryView(script.tools, script.messages, source=script.source)
        for rule in RULES:
            assert {defect.reason for defect in rule.find(view)} <= set(rule.reasons)
