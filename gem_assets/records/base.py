"""What every record shares: immutability, no unknown fields, and how an id is made.

Does not belong here: any particular record.
"""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A value that is stored: frozen, and closed against fields it does not declare."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def make_id(stage: str, parent_id: str, ordinal: int = 0) -> str:
    """Name the `ordinal`-th child a stage makes of a parent: 20 hex digits, stable over prompts and models.

    Two versions of one record (another prompt, another model) therefore share an id and can be joined;
    what differs between them is `content_hash`.
    """
    return _digest([stage, parent_id, ordinal])[:20]


def content_hash(payload: Any) -> str:  # noqa: ANN401 - any JSON value
    """Fingerprint a JSON value, independent of key order: 20 hex digits."""
    return _digest(payload)[:20]


def _digest(value: Any) -> str:  # noqa: ANN401
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
