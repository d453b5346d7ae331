"""Check arguments against a compiled schema, and say where they break it.

Patterns run in pydantic's regular expression engine, whose time is linear in the text whatever the pattern;
a pattern with look-around or back-references, which it does not have, is a problem of the schema. Does not
belong here: how a schema is compiled (`argument_schema`), reasons and findings (`schema`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Any, Protocol, cast

from jsonschema import Draft202012Validator, ValidationError, validators
from pydantic import ConfigDict, JsonValue, StringConstraints, TypeAdapter
from pydantic import ValidationError as PydanticError
from pydantic_core import SchemaError as PatternError

from gem_assets.verification.schema.keywords import Schema
from gem_assets.verification.values import path_of

MAX_PATTERN = 500
"""Characters of a pattern. The engine refuses by itself what compiles to more than 10 MB."""
MAX_BREACHES = 20
"""Breaches reported of one call."""
LISTED = "listed"
"""Our own keyword: the properties a value may have."""


@dataclass(frozen=True)
class Breach:
    """One place where arguments break the schema: the keyword they break, and what it demands."""

    keyword: str
    path: str
    demand: JsonValue
    value: JsonValue


class ArgumentCheck(Protocol):
    """A compiled schema."""

    def iter_errors(self, instance: JsonValue) -> Iterator[ValidationError]:
        """Walk what is wrong with a value."""
        ...


@dataclass(frozen=True)
class _Listing:
    names: frozenset[str]
    patterns: tuple[str, ...]

    def holds(self, name: str) -> bool:
        return name in self.names or any(_matches(pattern, name) for pattern in self.patterns)


@dataclass(frozen=True)
class Listing:
    """The properties a value may have, by name and by pattern."""

    names: frozenset[str]
    patterns: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Tell whether a property of this name is listed."""
        return name in self.names or any(_matches(pattern, name) for pattern in self.patterns)


def build_check(schema: Schema) -> ArgumentCheck:
    """Make the check of a schema without references, its patterns sound (`pattern_problem`)."""
    return _validator_class()(schema)


def find_breaches(check: ArgumentCheck, arguments: dict[str, JsonValue]) -> list[Breach]:
    """Say where arguments break a schema: at most 20 places, each place and keyword once."""
    breaches: dict[tuple[str, str], Breach] = {}
    for error in check.iter_errors(arguments):
        breach = _breach(_cause(error))
        breaches.setdefault((breach.keyword, breach.path), breach)
        if len(breaches) == MAX_BREACHES:
            break
    return list(breaches.values())


def _breach(error: ValidationError) -> Breach:
    keyword = LISTED if error.validator == "additionalProperties" else str(error.validator)
    demand: Any = None if keyword in (LISTED, "required") else error.validator_value
    value: Any = error.instance
    return Breach(keyword, path_of(list(error.absolute_path)), demand, value)


def _cause(error: ValidationError) -> ValidationError:
    """Go down into the alternative (`anyOf`, `oneOf`) that the value was most likely meant for."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for part in error.context:
            branches.setdefault(part.relative_schema_path[0], []).append(part)
        error = min(branches.values(), key=_distance)[0]
    return error


def _distance(errors: list[ValidationError]) -> tuple[bool, bool, int]:
    """Rank an alternative: meant for another type of value, told apart by a constant, how much is wrong."""
    here = [error for error in errors if not error.relative_path]
    constants = any(error.validator == "const" for error in errors)
    return any(_is_other_type(error) for error in here), constants, len(errors)


def _is_other_type(error: ValidationError) -> bool:
    demand: Any = error.validator_value
    if error.validator in ("const", "enum"):
        choices = demand if error.validator == "enum" else [demand]
        return all(type(choice) is not type(error.instance) for choice in choices)
    return error.validator == "type"


def pattern_problem(pattern: str) -> str | None:
    """Say why a pattern cannot be used, None when it can."""
    if len(pattern) > MAX_PATTERN:
        return f"is longer than {MAX_PATTERN} characters"
    try:
        _matcher(pattern)
    except PatternError as error:
        return f"is no regular expression that can be matched in linear time: {_why(error)}"
    return None


def _why(error: PatternError) -> str:
    """Take the engine's one-line reason out of its drawing of the pattern."""
    lines = str(error).strip().splitlines()
    return next(
        (line.removeprefix("error: ") for line in lines if line.startswith("error: ")), lines[-1].strip()
    )


@lru_cache(maxsize=4096)
def _matcher(pattern: str) -> TypeAdapter[str]:
    text = Annotated[str, StringConstraints(pattern=pattern)]
    return TypeAdapter(text, config=ConfigDict(regex_engine="rust-regex"))


def _matches(pattern: str, text: str) -> bool:
    try:
        _matcher(pattern).validate_python(text)
    except PydanticError:
        return False
    return True


@cache
def _validator_class() -> Callable[[Schema], ArgumentCheck]:
    """Replace the keywords whose own implementation would match with backtracking, or name no argument."""
    extend = cast(Any, validators).extend
    keywords = {
        "pattern": _check_pattern,
        "patternProperties": _check_pattern_properties,
        "additionalProperties": _check_additional,
        "required": _check_required,
        LISTED: _check_listed,
    }
    return extend(Draft202012Validator, keywords)


# A keyword's check is handed the validator, the keyword's value, the value to be judged, the whole schema.
class _Validator(Protocol):
    def descend(
        self, instance: JsonValue, schema: Schema, path: str | None = None, schema_path: str | None = None
    ) -> Iterator[ValidationError]: ...


def _check_pattern(
    _: _Validator, pattern: str, value: JsonValue, _schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError("does not match the pattern")


def _check_pattern_properties(
    validator: _Validator, patterns: dict[str, Schema], value: JsonValue, _schema: Schema
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, part in patterns.items():
        for name, item in value.items():
            if _matches(pattern, name):
                yield from validator.descend(item, part, path=name, schema_path=pattern)


def _check_additional(
    validator: _Validator, rest: Schema, value: JsonValue, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    listing = Listing(frozenset(schema.get("properties", ())), tuple(schema.get("patternProperties", ())))
    for name, item in value.items():
        if listing.holds(name):
            continue
        if rest is False:
            yield _error_at(name, item)
        else:
            yield from validator.descend(item, rest, path=name)


def _check_required(
    _: _Validator, names: list[str], value: JsonValue, _schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        yield from (_error_at(name, None) for name in names if name not in value)


def _check_listed(
    _: _Validator, listing: Listing, value: JsonValue, _schema: Schema
) -> Iterator[ValidationError]:
    if isinstance(value, dict):
        yield from (_error_at(name, item) for name, item in value.items() if not listing.holds(name))


def _error_at(name: str, item: JsonValue) -> ValidationError:
    return ValidationError("missing or not listed", path=(name,), instance=item)
