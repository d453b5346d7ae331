"""Compile a tool's parameters into a check of arguments.

A schema that does not list an argument and does not say that others are allowed counts it as unknown, at
every depth where properties are declared. Does not belong here: the check itself (`argument_check`).
"""

import json
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gem_assets.verification.schema.argument_check import (
    LISTED,
    ArgumentCheck,
    Listing,
    build_check,
    pattern_problem,
)
from gem_assets.verification.schema.keywords import SAME_VALUE_LISTS, SAME_VALUE_MAPS, Schema, rebuild
from gem_assets.verification.schema.references import ASSERTIONS, SchemaProblem, follow_references
from gem_assets.verification.values import flaw, quote

# `false` as a schema yields errors without a path; no choice at all says the same and names its place.
_ALWAYS: dict[bool, Schema] = {True: True, False: {"enum": []}}


def compile_parameters(parameters: dict[str, Any]) -> ArgumentCheck | str:
    """Compile the schema of a tool, or say in a clause why it is unusable. Cached by content."""
    problem = flaw(parameters)
    return problem or _compile(json.dumps(parameters))


@lru_cache(maxsize=4096)
def _compile(text: str) -> ArgumentCheck | str:
    schema = json.loads(text)
    if schema.get("type") != "object":
        return f"its type is {quote(schema.get('type'))} where a tool's parameters are of type object"
    try:
        closed = _close_place(follow_references(schema), is_root=True)
    except SchemaProblem as problem:
        return str(problem)
    return build_check(closed)


def _close_place(node: dict[str, Any], *, is_root: bool = False) -> dict[str, Any]:
    """Write into the schema of one value which properties it lists, and go on to the values inside it."""
    parts = list(_parts_of_place(node))
    places = Counter(place for part in parts for place in _places_inside(part))
    shared = frozenset(place for place, times in places.items() if times > 1)
    closed = _close_part(node, shared)
    listing = _list_properties(parts, is_root)
    if listing is not None:
        _require_listed(parts, listing)
        closed[LISTED] = listing
    return closed


def _close_part(node: dict[str, Any], shared: frozenset[str] | None) -> dict[str, Any]:
    """Close the values inside one part of a place's schema; with `shared` None leave them all open.

    A value that two parts of one place describe is left open too: neither part lists all it may hold.
    """
    _require_patterns(node)
    closed = {key: node[key] for key in ASSERTIONS if key in node and key != "unevaluatedProperties"}

    def same_value(part: Schema, place: str) -> Schema:
        within = None if place in ("not", "if") else shared
        return _close_part(part, within) if isinstance(part, dict) else _ALWAYS[part]

    def inside(part: Schema, place: str) -> Schema:
        if not isinstance(part, dict):
            return part if place == "additionalProperties" else _ALWAYS[part]
        return _close_part(part, None) if shared is None or place in shared else _close_place(part)

    return closed | rebuild(node, same_value, inside)


def _parts_of_place(node: Schema) -> Iterator[dict[str, Any]]:
    """Walk the schemas that say something about the same value as `node`, itself first."""
    if not isinstance(node, dict):
        return
    yield node
    for key in ("if", "then", "else"):
        yield from _parts_of_place(node.get(key, True))
    for key in SAME_VALUE_LISTS:
        for part in node.get(key, ()):
            yield from _parts_of_place(part)
    for key in SAME_VALUE_MAPS:
        for part in node.get(key, {}).values():
            yield from _parts_of_place(part)


def _places_inside(part: dict[str, Any]) -> Iterator[str]:
    """Name the places inside a value that one part describes, as `rebuild` names them."""
    for key in ("items", "contains", "additionalProperties"):
        if isinstance(part.get(key), dict):
            yield key
    yield from (f"prefixItems/{place}" for place in range(len(part.get("prefixItems", ()))))
    yield from (f"properties/{name}" for name in part.get("properties", {}))
    yield from (f"patternProperties/{name}" for name in part.get("patternProperties", {}))


def _list_properties(parts: list[dict[str, Any]], is_root: bool) -> Listing | None:
    """Collect the properties a value may have; None where the schema leaves that open."""
    for part in parts:
        if any(
            part.get(key, False) is not False for key in ("additionalProperties", "unevaluatedProperties")
        ):
            return None
    names = frozenset(name for part in parts for name in part.get("properties", ()))
    patterns = tuple(pattern for part in parts for pattern in part.get("patternProperties", ()))
    return Listing(names, patterns) if names or is_root else None


def _require_listed(parts: list[dict[str, Any]], listing: Listing) -> None:
    for part in parts:
        for name in part.get("required", ()):
            if not listing.holds(name):
                raise SchemaProblem(f"it requires {quote(name)}, which its properties do not list")


def _require_patterns(node: dict[str, Any]) -> None:
    for pattern in [*([node["pattern"]] if "pattern" in node else []), *node.get("patternProperties", ())]:
        problem = pattern_problem(pattern)
        if problem:
            raise SchemaProblem(f"its pattern {quote(pattern)} {problem}")
