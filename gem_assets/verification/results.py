"""What the result of a call says: its value, and whether it reports an error, a no, or a change to come.

Does not belong here: which call a result answers (`view`).
"""

import json
import re

from pydantic import JsonValue

from gem_assets.verification.words import word_set

ERROR_TEXT = re.compile(r"\s*error\b(?!-free)", re.IGNORECASE)
FAILED_STATUSES = frozenset({"failed", "failure", "fail"})
# What may stand beside a failed status when the call itself failed. With anything else beside it, the
# status is a field of the record that was read: {"payment_id": …, "status": "failed"} is a good answer.
EXPLANATIONS = frozenset(
    {"status", "message", "reason", "detail", "details", "code", "error_code", "error_type"}
)
_REFUSING_FLAGS = word_set(
    "valid is_valid isvalid eligible is_eligible allowed is_allowed approved accepted fits permitted "
    "within_limits within_limit ok passed possible feasible compliant can_proceed success meets_requirements "
    "is_within_limits compatible acceptable is_allowed authorized authenticated verified"
)
_REFUSING_STATUSES = word_set(
    "rejected denied invalid refused declined failed ineligible not_allowed not_eligible error blocked "
    "forbidden unauthorized not_permitted exceeds_limit exceeded oversize too_large too_small"
)
_PENDING = word_set(
    "pending queued scheduled submitted requested processing in_progress accepted received waiting planned "
    "initiated started running"
)


def read_result(content: str) -> JsonValue:
    """Give the JSON value a result holds, or the text itself where it is not JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content


def is_error_result(content: str) -> bool:
    """Tell whether a result reports that its call failed."""
    return is_error(read_result(content))


def is_error(value: JsonValue) -> bool:
    """Tell whether the value of a result reports that its call failed.

    It does when it is an object with a truthy `error`, one whose `status` or `success` says so, or a text
    that starts with "Error".
    """
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


def is_refusal(value: JsonValue) -> bool:
    """Look for a refusing flag or status in a result, one level into it."""
    if isinstance(value, str):
        return _is_plain_refusal(value)
    if not isinstance(value, dict):
        return False
    inner = (part for part in value.values() if isinstance(part, dict))
    return any(_object_says_no(part) for part in (value, *inner))


def _is_plain_refusal(text: str) -> bool:
    start = text[:200].casefold()
    return start.startswith(("failed", "failure", "invalid", "denied", "refused", "cannot", "unable", "not "))


def _object_says_no(fields: dict[str, JsonValue]) -> bool:
    for key, field in fields.items():
        small = key.casefold()
        if small in _REFUSING_FLAGS and (field is False or field in ("no", "false", "NO", "No")):
            return True
        if small in ("status", "result", "outcome", "decision", "verdict") and isinstance(field, str):
            if field.casefold().replace(" ", "_").replace("-", "_") in _REFUSING_STATUSES:
                return True
        elif small in ("error", "errors", "violation", "violations") and field:
            return True
    return False


def is_deferred(value: JsonValue) -> bool:
    """Tell whether a result says that the change is only under way."""
    if not isinstance(value, dict):
        return False
    inner = (part for part in value.values() if isinstance(part, dict))
    return any(
        isinstance(field, str) and field.casefold().replace(" ", "_") in _PENDING
        for part in (value, *inner)
        for key, field in part.items()
        if "status" in key.casefold() or key.casefold() == "state"
    )
