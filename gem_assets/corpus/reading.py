"""Read one file, whatever its kind, into rows and refusals; nothing it holds can stop the next file.

Does not belong here: storing (`ingest.py`), judging texts (`stages/corpus.py`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gem_assets.corpus.delimited import read_delimited
from gem_assets.corpus.identity import document_id_of
from gem_assets.corpus.json_lines import read_json_lines
from gem_assets.corpus.json_values import read_values
from gem_assets.corpus.kinds import kind_of, stem_of
from gem_assets.corpus.normalising import normalise
from gem_assets.corpus.opening import Opened, open_regular, open_text
from gem_assets.corpus.parquet import read_parquet
from gem_assets.corpus.rows import (
    WHOLE_FILE,
    Blank,
    FileKind,
    Found,
    Reading,
    RefusalReason,
    Refused,
    RefusedFileError,
    Row,
    excerpt_of,
)
from gem_assets.corpus.texts import read_text_file
from gem_assets.corpus.walking import FoundFile, walk
from gem_assets.records.document import RawRow
from gem_assets.settings import IngestSettings


@dataclass(frozen=True)
class RefusedRow:
    """A row or file that was not taken in."""

    source: str
    place: str
    reason: str
    remedy: str


@dataclass
class Ingestion:
    """What a few small files hold, in memory."""

    accepted: list[RawRow] = field(default_factory=list[RawRow])
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])
    blank: int = 0


def read_file(file: FoundFile, reading: Reading, limits: IngestSettings) -> Iterator[Found]:
    """Read a file; what ends it early is its last refusal."""
    place = _Place()
    try:
        kind = kind_of(file.source, _head(file) if file.source.lower().endswith(".xml") else b"")
        for found in _read_kind(file, kind, reading, limits):
            place.rows += 1
            yield found
    except RefusedFileError as error:
        yield error.at(f"after row {place.rows}" if place.rows else WHOLE_FILE)
    except (OSError, MemoryError, RecursionError) as error:
        told = f"cannot be read on: {getattr(error, 'strerror', None) or type(error).__name__}"
        yield Refused(
            f"after row {place.rows}", RefusalReason.UNREADABLE_FILE, told, "look at the file or the disk"
        )
    except Exception as error:
        # Nothing a file holds may keep the next one from being read.
        told = f"its reader failed: {type(error).__name__}: {excerpt_of(str(error))}"
        remedy = "leave it out, and report it with the file"
        yield Refused(f"after row {place.rows}", RefusalReason.UNREADABLE_FILE, told, remedy)


def read_paths(paths: Sequence[Path], corpus: str, limits: IngestSettings | None = None) -> Ingestion:
    """Read a few small files into memory; `ingest.py` takes any number.

    Raises:
        IngestionError: a path does not exist.
    """
    result = Ingestion()
    for found in read_each(paths, corpus, limits):
        if isinstance(found, Blank):
            result.blank += 1
        elif isinstance(found, RefusedRow):
            result.refused.append(found)
        else:
            result.accepted.append(found)
    return result


def read_each(
    paths: Sequence[Path], corpus: str, limits: IngestSettings | None = None
) -> Iterator[RawRow | RefusedRow | Blank]:
    """Read row by row, no further than is asked for.

    Raises:
        IngestionError: a path does not exist.
    """
    seen: set[str] = set()
    for walked in walk(paths):
        if not isinstance(walked, FoundFile):
            yield _refused(*walked)
            continue
        for found in read_file(walked, Reading(), limits or IngestSettings()):
            if isinstance(found, Row):
                yield _take(found, walked.source, corpus, seen)
            else:
                yield found if isinstance(found, Blank) else _refused(walked.source, found)


@dataclass
class _Place:
    rows: int = 0


def _take(row: Row, source: str, corpus: str, seen: set[str]) -> RawRow | RefusedRow:
    document_id = document_id_of(corpus, source, row)
    if document_id in seen:
        return _refused(source, repeated(row))
    if not normalise(row.text):
        return _refused(source, empty(row))
    seen.add(document_id)
    fields = row._asdict()
    kept = {
        name: fields[name] for name in ("place", "text", "source_id", "title", "url", "license", "language")
    }
    return RawRow(document_id=document_id, corpus=corpus, source=source, **kept)


def repeated(row: Row) -> Refused:
    """Refuse a row whose id, or whose place, was read before."""
    if row.source_id:
        found, remedy = f"the id {excerpt_of(row.source_id)} occurs twice", "give each row an id of its own"
    else:
        found = "a file of this name was read already"
        remedy = "name the folder above files of the same name"
    return Refused(row.place, RefusalReason.DUPLICATE_ID, found, remedy, excerpt_of(row.text))


def empty(row: Row) -> Refused:
    """Refuse a row without a visible character."""
    found = "no visible character"
    return Refused(row.place, RefusalReason.EMPTY_TEXT, found, "leave it out", excerpt_of(row.text))


def _refused(source: str, refused: Refused) -> RefusedRow:
    return RefusedRow(source, refused.place, f"{refused.reason}: {refused.found}", refused.remedy)


def _read_kind(file: FoundFile, kind: FileKind, reading: Reading, limits: IngestSettings) -> Iterator[Found]:
    if kind == "parquet":
        if file.size:
            yield from read_parquet(file.path, reading.fields, limits)
        return
    with open_text(file.path, file.source, limits, reading.encoding, html=kind == "html") as opened:
        yield from _cut(opened, file, kind, reading, limits)


def _cut(
    opened: Opened, file: FoundFile, kind: FileKind, reading: Reading, limits: IngestSettings
) -> Iterator[Found]:
    if kind == "json_lines":
        return read_json_lines(opened.stream, reading.fields, limits)
    if kind == "json":
        return read_values(opened.stream, reading.fields, limits)
    if kind == "delimited":
        return read_delimited(opened.stream, reading.fields, limits)
    return read_text_file(opened, stem_of(file.source), kind, limits)


def _head(file: FoundFile) -> bytes:
    with open_regular(file.path) as stream:
        return stream.read(4096)
