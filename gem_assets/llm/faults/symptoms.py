"""Reads a litellm exception into a Symptom: status, code, the provider's words, how long it wants us to wait.

litellm names the same fault differently by provider (a reset connection is an InternalServerError), so the
class of an exception decides little. Does not belong here: what to do about a symptom (`faults.py`).
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gem_assets.llm.faults.faults import Kind, Symptom

_CONNECTION = (
    r"connect|disconnected|name or service|getaddrinfo|broken pipe|payload is not completed|ssl|unreachable"
)
_NO_JSON = r"unable to get json response|empty or invalid response|'choices'"
_CUT_JSON = r"unterminated string|expecting (',' delimiter|':' delimiter|property name|value)|extra data"


def read_error(error: BaseException, secrets: Sequence[str] = (), now: datetime | None = None) -> Symptom:
    """Describe what failed. `now` (with time zone) is what a Retry-After date is measured from."""
    raw = str(error) or type(error).__name__
    status = getattr(error, "status_code", None)
    headers = _headers(error)
    body = _body(error, raw)
    return Symptom(
        kind=_kind(error, raw, status, bool(headers)),
        text=scrub(_message(raw, body), secrets),
        status=status if isinstance(status, int) else None,
        code=str(body.get("code") or body.get("type") or ""),
        retry_after=_wait(headers.get("retry-after"), raw, now),
    )


def scrub(text: str, secrets: Sequence[str]) -> str:
    """Take keys out of a text that is going to be shown or stored."""
    for secret in secrets:
        text = text.replace(secret, "[key]")
    return text


def retry_after_seconds(value: str, now: datetime | None = None) -> float | None:
    """Read a Retry-After header, which holds seconds or an HTTP date; None where it holds neither."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass  # not a number, so perhaps a date
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - (now or datetime.now(moment.tzinfo))).total_seconds())


def _kind(error: BaseException, raw: str, status: object, answered: bool) -> Kind:
    """Tell the kinds apart; `answered` says that the server sent a response with headers."""
    if isinstance(error, TimeoutError) or (type(error).__name__ == "Timeout" and not answered):
        return "timeout"
    if status == 200 or (not answered and status == 500):
        original = raw.partition("Original Response:")[2].strip()
        if re.search(_CUT_JSON, raw, re.I) and (original.startswith("{") or not original):
            return "cut_off"
        if status == 200 or re.search(_NO_JSON, raw, re.I):
            return "not_a_completion"
    if not answered and status in (None, 500, 503) and re.search(_CONNECTION, raw, re.I):
        return "connection"
    return "http"


def _headers(error: BaseException) -> Mapping[str, str]:
    found = getattr(error, "litellm_response_headers", None)
    found = found or getattr(getattr(error, "response", None), "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in dict(found).items()}


def _body(error: BaseException, raw: str) -> dict[str, Any]:
    """Find the provider's error object: on the exception, or as JSON inside the message."""
    body = getattr(error, "body", None)
    if not isinstance(body, dict) and "{" in raw:
        try:
            body, _ = json.JSONDecoder().raw_decode(raw[raw.index("{") :])
        except ValueError:
            body = None
    if not isinstance(body, dict):
        return {}
    inner = body.get("error", body)
    return inner if isinstance(inner, dict) else {"message": str(inner)}


def _message(raw: str, body: Mapping[str, Any]) -> str:
    said = body.get("message") or body.get("detail")
    if isinstance(said, str) and said.strip():
        return " ".join(said.split())
    plain = re.sub(r"^(litellm\.\w+: )*(\w+Error: )*(\w*Exception - )?", "", raw)
    return " ".join(re.sub(r"<[^>]*>", " ", plain).split()) or "no message"


def _wait(header: str | None, raw: str, now: datetime | None) -> float | None:
    """Take the header, else what the message says: `try again in 1.2s`, `"retryDelay": "37s"`."""
    if header is not None:
        return retry_after_seconds(header, now)
    found = re.search(r"(?:try again in|retryDelay\W+)\s*([\d.]+)(ms|s)\b", raw)
    if found is None:
        return None
    return float(found[1]) / (1000 if found[2] == "ms" else 1)
