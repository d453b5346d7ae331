"""Find text, id, title, url, license and language among the fields of a row.

Does not belong here: parsing the row.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gem_assets.corpus.rows import FieldNames, Found, RefusalReason, Refused, Row, excerpt_of

_SHORT_CHARACTERS = 2_000
_ABSENT = object()
_KINDS = {
    "NoneType": "null",
    "dict": "an object",
    "list": "a list",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
}


def row_of(fields: Mapping[str, Any], place: str, names: FieldNames, limit: int) -> Found:
    """Make a row of the fields of an object; the first name that is there decides."""
    text: object = _ABSENT
    for name in names.text:
        if name in fields:
            text = fields[name]
            break
    if not isinstance(text, str):
        return _refuse_text(text, fields, place, names)
    # A character takes up to four bytes; only what could exceed the limit is measured exactly.
    if len(text) * 4 > limit and len(text.encode()) > limit:
        return refuse_long_text(text, place, limit)
    source_id = _first(fields, names.id)
    if source_id is not None and type(source_id) is not str:
        if type(source_id) is not int:
            found, remedy = f"the id is {_kind(source_id)}", "give a string or an integer"
            return Refused(place, RefusalReason.BAD_ID, found, remedy, excerpt_of(text))
        source_id = str(source_id)
    # An id of nothing but white space names nothing: the place does.
    source_id = source_id if source_id and not source_id.isspace() else None
    if len(fields) <= 2 and source_id is not None:
        return Row(place, text, source_id)
    return Row(
        place,
        text,
        source_id,
        short_text(_first(fields, names.title)),
        short_text(_first(fields, names.url)),
        short_text(_first(fields, names.license)),
        short_text(_first(fields, names.language)),
    )


def refuse_long_text(text: str, place: str, limit: int) -> Refused:
    """Say that a text is too long."""
    found = f"a text of {len(text):,} characters, at most {limit:,} bytes are read"
    remedy = "split it into several documents"
    return Refused(place, RefusalReason.TEXT_TOO_LONG, found, remedy, excerpt_of(text))


def missing_text(found: Iterable[str], names: FieldNames) -> tuple[str, str]:
    """Say which columns there are and how to name the one that holds the text."""
    listed = ", ".join(excerpt_of(name)[:60] for name in list(found)[:20]) or "none"
    return f"no {' or '.join(names.text[:3])} among the columns {listed}", "name it with --text-field COLUMN"


def short_text(value: Any) -> str | None:  # noqa: ANN401 - whatever a row holds
    """Take a title, address, licence or language as one line without control characters."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        value = str(value)
    if len(value) > _SHORT_CHARACTERS:
        value = value[:_SHORT_CHARACTERS]
    if not value.isprintable():
        value = "".join(char for char in " ".join(value.split()) if char.isprintable())
    return value.strip() or None


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401
    for name in names:
        value = fields.get(name)
        if value is not None:
            return value
    return None


def _refuse_text(text: object, fields: Mapping[str, Any], place: str, names: FieldNames) -> Refused:
    shown = excerpt_of(str(dict(list(fields.items())[:10]))[:1_000])
    if text is _ABSENT:
        found, remedy = missing_text(fields, names)
        return Refused(place, RefusalReason.MISSING_TEXT, found, remedy, shown)
    found = f"the text is {_kind(text)}"
    return Refused(place, RefusalReason.TEXT_NOT_STRING, found, "write it as a string", shown)


def _kind(value: object) -> str:
    return _KINDS.get(type(value).__name__, type(value).__name__)
