"""Make a tool's schema finite and self-contained: references followed, unknown keywords dropped.

A schema comes from a model. Nothing is fetched for it, and it can neither recurse nor grow without end.
Does not belong here: which arguments a schema lists (`argument_schema`).
"""

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker, SchemaError
from pydantic import JsonValue

from gem_assets.verification.schema.keywords import Schema, is_plain, rebuild
from gem_assets.verification.values import MAX_DEPTH, path_of, quote

MAX_PARTS = 10_000
"""Subschemas once all references are followed: twelve nested doublings already reach 4,096."""
UNROLLED = 3
"""Rounds a schema that contains itself (a comment with replies) is followed; deeper values are not judged."""

# Kept as they stand. `format` is advisory and annotations judge nothing, so neither is kept.
# `unevaluatedProperties` only says whether other properties are allowed; `unevaluatedItems` is not judged.
ASSERTIONS = (
    "type", "enum", "const", "required", "dependentRequired", "pattern", "multipleOf", "uniqueItems",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems",
    "maxItems", "minContains", "maxContains", "minProperties", "maxProperties", "unevaluatedProperties",
)  # fmt: skip
REFUSED = ("$dynamicRef", "$recursiveRef")


class SchemaProblem(ValueError):
    """The schema cannot be used; the message is a clause that says why."""


@dataclass
class _Growth:
    """The schema that references point into, and how many parts following them has made."""

    root: dict[str, Any]
    parts: int = 0
    targets: dict[str, Schema] = field(default_factory=dict[str, Schema])


@dataclass(frozen=True)
class _Trail:
    """The references followed on the way to a part: all of them, and those since the value last changed."""

    depth: int = 0
    followed: tuple[str, ...] = ()
    same_value: frozenset[str] = frozenset()

    def down(self) -> "_Trail":
        return _Trail(self.depth + 1, self.followed, self.same_value)

    def inside(self) -> "_Trail":
        return _Trail(self.depth + 1, self.followed)

    def follow(self, reference: str) -> "_Trail":
        return _Trail(self.depth + 1, (*self.followed, reference), self.same_value | {reference})


def follow_references(schema: dict[str, Any]) -> dict[str, Any]:
    """Copy a schema with every `$ref` replaced by what it points to.

    Raises:
        SchemaProblem: it is no schema, or a reference leaves it, leads nowhere or in a circle, or the copy
            grows too large.
    """
    _require_schema(schema)
    return _copy_object(schema, _Growth(schema), _Trail())


def _copy(node: Schema, growth: _Growth, trail: _Trail) -> Schema:
    return _copy_object(node, growth, trail) if isinstance(node, dict) else node


def _copy_object(node: dict[str, Any], growth: _Growth, trail: _Trail) -> dict[str, Any]:
    growth.parts += 1
    if growth.parts > MAX_PARTS:
        raise SchemaProblem(f"its references unfold into more than {MAX_PARTS} parts")
    if trail.depth > MAX_DEPTH:
        raise SchemaProblem(f"its references unfold deeper than {MAX_DEPTH} levels")
    copy: dict[str, Any] = {key: node[key] for key in ASSERTIONS if key in node}
    down, inside = trail.down(), trail.inside()
    copy |= rebuild(
        node, lambda part, _: _copy(part, growth, down), lambda part, _: _copy(part, growth, inside)
    )
    for key in REFUSED:
        if key in node:
            raise SchemaProblem(f"it uses {key}, which is not followed here")
    if "$ref" in node:
        copy["allOf"] = [*copy.get("allOf", []), _follow(node["$ref"], growth, trail)]
    return copy


def _follow(reference: str, growth: _Growth, trail: _Trail) -> Schema:
    pointer = unquote(reference)
    if pointer in trail.same_value:
        raise SchemaProblem(f"its reference {quote(reference)} leads back to itself")
    if trail.followed.count(pointer) >= UNROLLED:
        return True
    if pointer not in growth.targets:  # a path may lead to a default or an example, which nobody checked
        growth.targets[pointer] = _require_schema(_target(reference, pointer, growth.root))
    return _copy(growth.targets[pointer], growth, trail.follow(pointer))


def _target(reference: str, pointer: str, root: dict[str, Any]) -> JsonValue:
    if not pointer.startswith("#"):
        raise SchemaProblem(f"its reference {quote(reference)} leaves the schema, and nothing is fetched")
    if pointer != "#" and not pointer.startswith("#/"):
        raise SchemaProblem(f"its reference {quote(reference)} is no path into the schema")
    target: JsonValue = root
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, dict) and key in target:
            target = target[key]
        elif isinstance(target, list) and key.isdecimal() and len(key) < 6 and int(key) < len(target):
            target = target[int(key)]
        else:
            raise SchemaProblem(f"its reference {quote(reference)} leads nowhere")
    return target


def _require_schema(schema: JsonValue) -> Schema:
    """Pass on what is a schema; raises SchemaProblem."""
    if is_plain(schema):
        return cast(Schema, schema)
    try:
        # Formats are not asserted: patterns are in the dialect of ECMA 262, which `re` does not read.
        Draft202012Validator.check_schema(cast(Schema, schema), format_checker=FormatChecker(formats=()))
    except SchemaError as error:
        place = quote(path_of(list(error.absolute_path)))
        raise SchemaProblem(f"at {place} it is no JSON Schema: {quote(error.message)}") from error
    except RecursionError as error:
        raise SchemaProblem("it is nested too deeply to be checked") from error
    return cast(Schema, schema)
