"""The keywords of JSON Schema, Draft 2020-12: which hold schemas, and what form each one's value has.

`rebuild` walks them. `is_plain` answers "is this a schema?" for nearly every schema a tool has, many times
faster than the metaschema; what it does not know goes to the metaschema. Does not belong here: what keywords
mean for an argument (`argument_schema`).
"""

from collections.abc import Callable
from typing import Any

from pydantic import JsonValue

Schema = dict[str, Any] | bool
"""A JSON Schema that has been checked to be one."""

TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})

# Keywords that hold schemas. The first group is applied to the same value as the schema they stand in,
# the second to something inside that value; the third only keeps schemas for references.
SAME_VALUE_LISTS = ("allOf", "anyOf", "oneOf")
SAME_VALUE = ("not", "if", "then", "else")
SAME_VALUE_MAPS = ("dependentSchemas",)
INSIDE_LISTS = ("prefixItems",)
INSIDE = ("items", "contains", "additionalProperties", "propertyNames")
INSIDE_MAPS = ("properties", "patternProperties")
STORES = ("$defs", "definitions")

# Left to the metaschema: too rare to be told apart here.
RARE = frozenset(
    {
        "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$recursiveRef", "$recursiveAnchor",
        "contentSchema", "dependencies", "dependentRequired", "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip


def _is_text(value: JsonValue) -> bool:
    return isinstance(value, str)


def _is_flag(value: JsonValue) -> bool:
    return isinstance(value, bool)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_step(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_list(value: JsonValue) -> bool:
    return isinstance(value, list)


def _is_names(value: JsonValue) -> bool:
    if not isinstance(value, list):
        return False
    names = [name for name in value if isinstance(name, str)]
    return len(names) == len(value) == len(set(names))


def _is_type(value: JsonValue) -> bool:
    if isinstance(value, str):
        return value in TYPES
    return (
        isinstance(value, list) and len(value) > 0 and _is_names(value) and TYPES.issuperset(map(str, value))
    )


FORMS: dict[str, Callable[[JsonValue], bool]] = {
    "type": _is_type,
    "required": _is_names,
    "enum": _is_list,
    "examples": _is_list,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": _is_step,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minContains", "maxContains", "minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _is_flag),
    **dict.fromkeys(("$schema", "$ref", "$comment", "title", "description", "pattern", "format"), _is_text),
    **dict.fromkeys(("contentEncoding", "contentMediaType"), _is_text),
}


def is_plain(schema: JsonValue) -> bool:
    """Tell whether a value is surely a schema of Draft 2020-12; False leaves the question open."""
    stack: list[JsonValue] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            subschemas = _subschemas(node) if _has_plain_values(node) else None
            if subschemas is None:
                return False
            stack.extend(subschemas)
        elif not isinstance(node, bool):
            return False
    return True


def _has_plain_values(node: dict[str, JsonValue]) -> bool:
    for key, value in node.items():
        if key in RARE:
            return False
        form = FORMS.get(key)
        if form is not None and not form(value):
            return False
    return True


def _subschemas(node: dict[str, JsonValue]) -> list[JsonValue] | None:
    """Give what stands where schemas belong; None where a list or an object of them should stand."""
    found = [node[key] for key in SAME_VALUE + INSIDE if key in node]
    for key in SAME_VALUE_LISTS + INSIDE_LISTS:
        parts = node.get(key, [True])
        if not isinstance(parts, list) or not parts:
            return None
        found.extend(parts)
    for key in SAME_VALUE_MAPS + INSIDE_MAPS + STORES:
        named = node.get(key, {})
        if not isinstance(named, dict):
            return None
        found.extend(named.values())
    return found


def rebuild(
    node: dict[str, Any],
    same_value: Callable[[Schema, str], Schema],
    inside: Callable[[Schema, str], Schema],
) -> dict[str, Any]:
    """Give the keywords of `node` that hold schemas, each schema passed through one of the two functions.

    They receive the schema and where it stands (`items`, `properties/name`).
    """
    built: dict[str, Any] = {}
    for single, listed, mapped, change in (
        (SAME_VALUE, SAME_VALUE_LISTS, SAME_VALUE_MAPS, same_value),
        (INSIDE, INSIDE_LISTS, INSIDE_MAPS, inside),
    ):
        built |= {key: change(node[key], key) for key in single if key in node}
        for key in listed:
            if key in node:
                built[key] = [change(part, f"{key}/{place}") for place, part in enumerate(node[key])]
        for key in mapped:
            if key in node:
                built[key] = {name: change(part, f"{key}/{name}") for name, part in node[key].items()}
    return built
