"""What a row is known by: its document id, and the hashes that say whether its text is new.

Does not belong here: looking them up (`store/known_documents.py`).
"""

import json
from hashlib import sha256

from gem_assets.corpus.rows import Row

ID_DIGITS = 20


def document_id_of(corpus: str, source: str, row: Row) -> str:
    """Name a document by the id it brought along, else by its file and place.

    It is `make_id("documents", key)`, spelled out because it runs for every row.
    """
    brought = row.source_id
    if brought and not row.part and _is_plain(brought):
        return sha256(f'["documents","[\\"{corpus}\\", \\"id\\", \\"{brought}\\"]",0]'.encode()).hexdigest()[
            :ID_DIGITS
        ]
    place = ("id", row.source_id) if row.source_id else ("place", source, row.place)
    key = json.dumps([corpus, *place, row.part] if row.part else [corpus, *place])
    # The canonical form of ["documents", key, 0]: `key` is ASCII, so only its quotes and backslashes change.
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return sha256(f'["documents","{escaped}",0]'.encode()).hexdigest()[:ID_DIGITS]


def _is_plain(text: str) -> bool:
    """Say whether JSON writes a text as it stands."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def text_hash_of(text: bytes) -> str:
    """Fingerprint a text as it stands: has this document changed?"""
    return sha256(text).hexdigest()[:ID_DIGITS]


def duplicate_key_of(normal: str) -> str:
    """Fingerprint a normalised text without case and white space: is it the same text?"""
    if normal.isascii():
        return _duplicate_key_of(normal.encode())
    return sha256("".join(normal.casefold().split()).encode()).hexdigest()[:ID_DIGITS]


def fingerprints(text: str, normal: str) -> tuple[str, str]:
    """Fingerprint a text as it stands, and its normalised form: what the two functions above give."""
    data = text.encode()
    if normal is text and len(data) == len(text):
        return text_hash_of(data), _duplicate_key_of(data)
    return text_hash_of(data), duplicate_key_of(normal)


def _duplicate_key_of(normal: bytes) -> str:
    # For ASCII the same as without it, five times as fast.
    return sha256(normal.translate(_LOWER, _WHITE_SPACE)).hexdigest()[:ID_DIGITS]


_LOWER = bytes(range(256)).lower()
_WHITE_SPACE = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
