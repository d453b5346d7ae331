from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema_specifications import REGISTRY

from gem_assets.verification.schema import keywords
from gem_assets.verification.schema.keywords import FORMS, RARE, is_plain

HOLDING_SCHEMAS = (
    *keywords.SAME_VALUE_LISTS,
    *keywords.SAME_VALUE,
    *keywords.SAME_VALUE_MAPS,
    *keywords.INSIDE_LISTS,
    *keywords.INSIDE,
    *keywords.INSIDE_MAPS,
    *keywords.STORES,
)
# These hold any value at all.
FREE = {"const", "default"}


def test_every_keyword_of_the_metaschema_is_known():
    metaschema = "https://json-schema.org/draft/2020-12"
    vocabularies = [
        REGISTRY.contents(uri)["properties"]
        for uri in REGISTRY
        if uri.startswith(f"{metaschema}/meta/") and "properties" in REGISTRY.contents(uri)
    ]
    names = {name for properties in vocabularies for name in properties}
    names |= set(REGISTRY.contents(f"{metaschema}/schema")["properties"])
    assert len(names) > 50
    assert names <= {*FORMS, *RARE, *HOLDING_SCHEMAS, *FREE}


names = st.sampled_from([*sorted({*FORMS, *RARE, *HOLDING_SCHEMAS, *FREE}), "unheard_of"])
texts = st.sampled_from(["object", "string", "a", "b"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-1, 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(schema=st.dictionaries(names, values, max_size=3))
def test_what_is_plain_the_metaschema_accepts(schema: dict[str, Any]):
    if is_plain(schema):
        Draft202012Validator.check_schema(schema, format_checker=FormatChecker(formats=()))


def test_a_schema_as_tools_have_it_is_plain():
    item = {
        "type": "object",
        "properties": {"a": {"type": ["string", "null"], "maxLength": 3}},
        "required": ["a"],
    }
    assert is_plain(
        {"type": "object", "properties": {"items": {"type": "array", "items": item, "minItems": 1}}}
    )
