"""How bodies are kept in the journal: JSON, compressed."""

import json
import zlib
from collections.abc import Mapping
from typing import Any


def pack(body: Mapping[str, Any]) -> bytes:
    """Write a body as the journal keeps it."""
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode(), 1)


def unpack(body: bytes | None) -> dict[str, Any] | None:
    """Read a body."""
    return None if body is None else json.loads(zlib.decompress(body))
