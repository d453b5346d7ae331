"""What the result of a call says: its value, and whether it reports an error.

Does not belong here: which call a result answers (`dialogue`).
"""

import json
import re

from pydantic import JsonValue

ERROR_TEXT = re.compile(r"\s*error\b(?!-free)", re.IGNORECASE)
FAILED_STATUSES = frozenset({"failed", "failure", "fail"})
# What may stand beside a failed status when the call itself failed. With anything else beside it, the
# status is a field of the record that was read: {"payment_id": …, "status": "failed"} is a good answer.
EXPLANATIONS = frozenset(
    {"status", "message", "reason", "detail", "details", "code", "error_code", "error_type"}
)


def read_result(content: str) -> JsonValue:
    """Give the JSON value a result holds, or the text itself where it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def is_error_result(content: str) -> bool:
    """Tell whether a result reports that its call failed.

    It does when it is an object with a truthy `error`, one whose `status` or `success` says so, or a text
    that starts with "Error".
    """
    value = read_result(content)
    if isinstance(value, str):
        return ERROR_TEXT.match(value) is not None
    if not isinstance(value, dict):
        return False
    return _says_error({key.lower(): field for key, field in value.items()})


def _says_error(fields: dict[str, JsonValue]) -> bool:
    if fields.get("error") or fields.get("iserror") is True or fields.get("is_error") is True:
        return True
    if any(str(fields.get(key)).lower() == "false" for key in ("success", "ok")):
        return True
    status = str(fields.get("status")).lower()
    return status == "error" or (status in FAILED_STATUSES and set(fields) <= EXPLANATIONS)
