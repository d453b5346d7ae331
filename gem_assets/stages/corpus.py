"""Stage 0, documents: normalise a raw row and judge whether its text can be worked with at all."""

import re
import unicodedata
from typing import cast

from gem_assets.records.document import Document, RawRow
from gem_assets.records.outcome import Kept, Outcome, Reason, Rejected
from gem_assets.settings import CorpusSettings
from gem_assets.store.raw import RowStatus

# Raise it when reading changes: it is part of the stage's code version.
LOGIC = 1

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
_LANGUAGE = re.compile(r"\s*([a-z]{2})(?:[-_].*|\s*)", re.IGNORECASE)


def read_document(status: RowStatus, settings: CorpusSettings) -> Outcome[Document]:
    """Carry a raw row to a document, or say why it cannot be one."""
    document = _to_document(status.row)
    verdict = _judge(document, status, settings)
    if verdict is None:
        return Kept((document,))
    reason, evidence = verdict
    return Rejected(reason, evidence, record=document)


def normalise(text: str) -> str:
    """NFC, no control or invisible characters, no trailing or repeated blank space; line structure stays."""
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(char for char in text if char in "\n\t" or unicodedata.category(char) != "Cc")
    # Last of these, because what stood between a letter and its accent is gone only now.
    text = unicodedata.normalize("NFC", text)
    lines = [re.sub(r"[^\S\n]+$", "", line) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def recognise_language(text: str) -> str:
    """Name the language of a text as an ISO 639-1 code; `und` where there are too few letters to tell."""
    letters = sum(char.isalpha() for char in text[:4000])
    if letters < 20:
        return "und"
    # Imported where it is used: its model takes a second to load.
    from py3langid import classify  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    language, _ = cast(tuple[str, float], classify(text[:4000]))
    return language


def _to_document(row: RawRow) -> Document:
    text = normalise(row.text)
    # Names and three-letter codes ("German", "deu") are recognised anew rather than cut to two letters.
    named = _LANGUAGE.fullmatch(row.language or "")
    return Document(
        document_id=row.document_id,
        corpus=row.corpus,
        source=row.source,
        place=row.place,
        title=normalise(row.title or "") or None,
        url=row.url,
        license=row.license,
        language=named[1].lower() if named else recognise_language(text),
        text=text,
    )


def _judge(document: Document, status: RowStatus, settings: CorpusSettings) -> tuple[Reason, str] | None:
    length = len(document.text)
    if status.superseded:
        return Reason.CORPUS_SUPERSEDED, f"version {status.row.version} was replaced by a later one"
    if not length:
        return Reason.CORPUS_EMPTY, "no visible character"
    if status.first_document_id != document.document_id:
        return Reason.CORPUS_DUPLICATE, f"same text as document {status.first_document_id}"
    if length < settings.minimum_characters:
        return Reason.CORPUS_TOO_SHORT, f"{length} characters, at least {settings.minimum_characters} wanted"
    if length > settings.maximum_characters:
        return Reason.CORPUS_TOO_LONG, f"{length} characters, at most {settings.maximum_characters} wanted"
    return None
