"""One JSON object as a row: parsed, and refused with the reason where it is none.

Does not belong here: finding where an object begins and ends (`json_lines.py`, `json_values.py`).
"""

import json
from typing import Any

import orjson

from gem_assets.corpus.columns import row_of
from gem_assets.corpus.rows import FieldNames, Found, RefusalReason, Refused, Row, excerpt_of
from gem_assets.settings import IngestSettings


def read_object(data: bytes, place: str, names: FieldNames, limits: IngestSettings) -> Found:
    """Read one JSON object as a row."""
    try:
        fields: Any = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _refuse_json(data, place, error)
    if type(fields) is not dict:
        found = f"JSON, but {_KINDS.get(type(fields).__name__, 'no object')}"
        remedy = (
            "rename the file to .json where it is one array"
            if type(fields) is list
            else 'write {"text": "…"}'
        )
        return Refused(place, RefusalReason.NOT_AN_OBJECT, found, remedy, excerpt_of(data))
    row = row_of(fields, place, names, limits.maximum_text_bytes)
    return _noted(row, data, names) if isinstance(row, Row) and _repeats_a_key(data, names) else row


_KINDS = {"list": "a list", "str": "a string", "int": "a number", "float": "a number", "NoneType": "null"}


def _refuse_json(data: bytes, place: str, error: orjson.JSONDecodeError) -> Refused:
    told, shown = str(error), excerpt_of(data)
    try:
        data.decode()
    except UnicodeDecodeError as undecodable:
        found = f"not UTF-8 at byte {undecodable.start} of the row"
        return Refused(place, RefusalReason.NOT_UTF8, found, "save it as UTF-8, or give --encoding", shown)
    if "depth limit" in told or "recursion" in told.lower():
        return Refused(place, RefusalReason.TOO_DEEP, "nested too deep", "flatten it", shown)
    if "surrogate" in told:
        found = "half of a surrogate pair"
        return Refused(place, RefusalReason.BAD_UNICODE, found, "write the whole character", shown)
    found = f"not JSON: {told}"
    return Refused(place, RefusalReason.INVALID_JSON, found, "write one object per line", shown)


def _repeats_a_key(data: bytes, names: FieldNames) -> bool:
    text, key = names.as_written
    return data.count(text) > 1 or data.count(key) > 1


def _noted(row: Row, data: bytes, names: FieldNames) -> Row:
    """Note a key that the object holds twice; the last one counts, as in every JSON parser."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        repeated[:] = [key for key in dict.fromkeys(keys) if keys.count(key) > 1] if len(keys) < 1_000 else []
        return dict(pairs)

    try:
        json.loads(data, object_pairs_hook=collect)
    except (ValueError, RecursionError):
        return row
    # The hook is called for the outermost object last, so what it left is that object's.
    noted = [key for key in repeated if key in (*names.text, *names.id)]
    return row._replace(note=f"the key {noted[0]} stands in it twice, the last one counts") if noted else row
