"""A tool's schema comes from a model: whatever it holds, it ends in a check or in a reason."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gem_assets.records.outcome import Reason
from gem_assets.verification.schema.argument_check import find_breaches
from gem_assets.verification.schema.argument_schema import compile_parameters
from gem_assets_tests.verification.dialogues import load


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def breaches(schema: dict[str, Any], arguments: dict[str, Any]) -> list[tuple[str, str]]:
    check = compile_parameters(schema)
    assert not isinstance(check, str), check
    return [(breach.keyword, breach.path) for breach in find_breaches(check, arguments)]


def problem(schema: dict[str, Any]) -> str:
    found = compile_parameters(schema)
    assert isinstance(found, str)
    return found


def nested(levels: int, inner: Any) -> Any:
    for _ in range(levels):
        inner = obj(a=inner)
    return inner


def doublings(count: int) -> dict[str, Any]:
    """Make a schema whose every definition uses the next one twice."""
    kept = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(count)}
    return {**obj(a={"$ref": "#/$defs/d0"}), "$defs": {**kept, f"d{count}": {"type": "string"}}}


HOSTILE = {
    "a remote reference": (obj(a={"$ref": "https://example.com/a.json"}), "leaves the schema"),
    "a file": (obj(a={"$ref": "file:///etc/hosts"}), "leaves the schema"),
    "itself": ({"type": "object", "$ref": "#"}, "leads back to itself"),
    "itself in a part": ({"type": "object", "allOf": [{"$ref": "#"}]}, "leads back to itself"),
    "a circle": (
        {**obj(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}},
        "leads back to itself",
    ),
    "a reference to nowhere": (obj(a={"$ref": "#/$defs/none"}), "leads nowhere"),
    "an anchor": (obj(a={"$ref": "#name"}), "no path into the schema"),
    "a dynamic reference": (obj(a={"$dynamicRef": "#name"}), "$dynamicRef"),
    "a reference to what is no schema": (
        obj(a={"$ref": "#/properties/b/default"}, b={"default": {"properties": 3}}),
        "no JSON Schema",
    ),
    "twenty doublings": (doublings(20), "unfold into more than"),
    "eighty doublings": (doublings(80), "unfold"),
    "2,000 levels": (nested(2000, {}), "deeper than"),
    "many objects": (obj(a={"enum": [{}] * 100_000}), "more than"),
    "a long pattern": (obj(a={"pattern": "a" * 501}), "longer than"),
    "a pattern that grows": (obj(a={"pattern": "(a{1000}){1000}"}), "linear time"),
    "a look-ahead": (obj(a={"pattern": "^(?=.*[A-Z]).+$"}), "look-ahead"),
    "a broken pattern": (obj(a={"pattern": "["}), "unclosed"),
    "a broken pattern for names": ({"type": "object", "patternProperties": {"(": True}}, "pattern"),
    "a number no one can read": (obj(a={"maximum": 10**400}), "300 digits"),
    "a value JSON has not": (obj(a={"default": float("inf")}), "JSON does not have"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_refuses_a_schema_with(case: str):
    schema, why = HOSTILE[case]
    assert why in problem(schema)
    (finding,) = load("parcel").with_schema("open_locker", schema).check()
    assert finding.reason == Reason.RULE_TOOL_SCHEMA
    assert why in finding.evidence and len(finding.evidence) < 500


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """Serve a schema on the loopback and keep the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "string"}')

        def log_message(self, *_: Any):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}", asked
    http.shutdown()
    http.server_close()


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$schema", "$id"])
def test_fetches_nothing(server: tuple[str, list[str]], keyword: str):
    address, asked = server
    check = compile_parameters({**obj(a={keyword: f"{address}/part"}), "$id": f"{address}/root"})
    if not isinstance(check, str):
        find_breaches(check, {"a": 1})
    assert asked == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(.*)*=", ".*.*.*.*.*=x", "^(\\w+\\s?)*$"])
def test_a_pattern_that_backtracks_elsewhere_is_matched_in_linear_time(pattern: str):
    assert breaches(obj(a={"type": "string", "pattern": pattern}), {"a": "a" * 50_000 + "!"}) == [
        ("pattern", "$.a")
    ]


def test_a_schema_that_contains_itself_is_followed_a_few_rounds():
    comment = {
        **obj(text={"type": "string"}, replies={"type": "array", "items": {"$ref": "#"}}),
        "required": ["text"],
    }
    assert breaches(comment, {"text": "a", "replies": [{"text": "b", "replies": [{"text": "c"}]}]}) == []
    assert breaches(comment, {"text": "a", "replies": [{"text": "b", "replies": [{}]}]}) == [
        ("required", "$.replies[0].replies[0].text")
    ]
    deep: dict[str, Any] = {"text": 1}
    for _ in range(30):
        deep = {"text": "a", "replies": [deep]}
    assert breaches(comment, deep) == []


def test_a_long_list_of_choices_is_a_list_of_choices():
    schema = obj(a={"enum": [f"v{number}" for number in range(50_000)]})
    assert breaches(schema, {"a": "v49999"}) == []
    assert breaches(schema, {"a": "v50000"}) == [("enum", "$.a")]


def test_twenty_levels_are_judged_to_the_bottom():
    value: Any = 5
    for _ in range(20):
        value = {"a": value}
    assert breaches(nested(20, {"type": "string"}), value) == [("type", "$" + ".a" * 20)]


UNKNOWN = {
    "no properties at all": ({"type": "object"}, {"x": 1}, ["$.x"]),
    "properties": (obj(a={}), {"a": 1, "x": 1}, ["$.x"]),
    "others allowed": ({**obj(a={}), "additionalProperties": True}, {"x": 1}, []),
    "others described": ({**obj(a={}), "additionalProperties": {"type": "integer"}}, {"x": 1}, []),
    "others forbidden": ({**obj(a={}), "additionalProperties": False}, {"x": 1}, ["$.x"]),
    "names by pattern": ({"type": "object", "patternProperties": {"^x-": {}}}, {"x-1": 1, "y": 1}, ["$.y"]),
    "an object inside": (obj(a=obj(b={})), {"a": {"b": 1, "x": 1}}, ["$.a.x"]),
    "an object of any kind inside": (obj(a={"type": "object"}), {"a": {"x": 1}}, []),
    "objects in a list": (obj(a={"items": obj(b={})}), {"a": [{"b": 1}, {"x": 1}]}, ["$.a[1].x"]),
    "objects in a map": (
        {"type": "object", "additionalProperties": obj(b={})},
        {"any": {"b": 1, "x": 1}},
        ["$.any.x"],
    ),
    "an object behind a reference": (
        {**obj(a={"$ref": "#/$defs/o"}), "$defs": {"o": obj(b={})}},
        {"a": {"x": 1}},
        ["$.a.x"],
    ),
    "an object or nothing": (
        obj(a={"anyOf": [obj(b={}), {"type": "null"}]}),
        {"a": {"b": 1, "x": 1}},
        ["$.a.x"],
    ),
    "parts of one object": (
        {**obj(a={}), "allOf": [{"properties": {"b": {}}}]},
        {"a": 1, "b": 1, "x": 1},
        ["$.x"],
    ),
    "a part for a case": (
        {
            **obj(a=obj(b={}, c={})),
            "if": {"required": ["a"]},
            "then": {"properties": {"a": {"properties": {"b": {}}}}},
        },
        {"a": {"b": 1, "c": 1}},
        [],
    ),
    "a property that must not be": (obj(a={}, b=False), {"b": 1}, ["$.b"]),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_knows_unknown_arguments_with(case: str):
    schema, arguments, unknown = UNKNOWN[case]
    assert [path for _, path in breaches(schema, arguments)] == unknown


def test_names_the_alternative_a_value_was_meant_for():
    card = {**obj(kind={"const": "card"}, digits={"type": "string"}), "required": ["kind"]}
    voucher = {
        **obj(kind={"const": "voucher"}, code={"type": "string", "minLength": 4}),
        "required": ["kind", "code"],
    }
    schema = obj(payment={"oneOf": [card, voucher]})
    assert breaches(schema, {"payment": {"kind": "voucher", "code": "abc"}}) == [
        ("minLength", "$.payment.code")
    ]
    assert breaches(schema, {"payment": {"kind": "voucher"}}) == [("required", "$.payment.code")]
    assert breaches(schema, {"payment": 7})[0] == ("type", "$.payment")


def test_reports_at_most_twenty_breaches_of_one_call():
    assert len(breaches(obj(a={}), {f"x{number}": 1 for number in range(500)})) == 20


KEYWORDS = """
type properties items required enum const pattern minimum allOf anyOf oneOf not if then additionalProperties
patternProperties $ref $defs a prefixItems uniqueItems format unevaluatedProperties $anchor contains
"""
keywords = st.sampled_from(KEYWORDS.split())
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["object", "a", "#", "#/properties/a", "^a+$"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keywords, inner, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(
    schema=st.dictionaries(keywords, json_values, max_size=5),
    arguments=st.dictionaries(st.text(), json_values),
)
def test_any_schema_ends_in_a_check_or_a_reason(schema: dict[str, Any], arguments: dict[str, Any]):
    check = compile_parameters({"type": "object", **schema})
    if isinstance(check, str):
        assert check
    else:
        json.dumps([breach.path for breach in find_breaches(check, arguments)])
