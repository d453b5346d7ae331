"""Read the files a user names into raw rows. Every row is accepted or refused; nothing is passed over.

Does not belong here: judging the text itself (`stages/corpus.py`), storing (`store/raw.py`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from gem_assets.records.base import make_id
from gem_assets.records.document import RawRow

TEXT_FILES = (".md", ".markdown", ".txt")
ROW_FILES = (".jsonl", ".ndjson")

_TEXT_FIELDS = ("text", "content", "body")
_ID_FIELDS = ("id", "doc_id", "document_id", "_id")
_URL_FIELDS = ("url", "url_or_path", "source_url")
_LANGUAGE_FIELDS = ("language", "lang")


class IngestionError(ValueError):
    """Nothing can be read from what was named; the sentence says what to do."""


@dataclass(frozen=True)
class RefusedRow:
    """A row or file that was not taken in."""

    source: str
    place: str
    reason: str
    remedy: str


@dataclass
class Ingestion:
    """What became of the rows of all files: accepted + refused + blank = read."""

    accepted: list[RawRow] = field(default_factory=list[RawRow])
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])
    blank: int = 0


def read_paths(paths: list[Path], corpus: str) -> Ingestion:
    """Read files and folders, in an order that does not depend on the file system's.

    Raises:
        IngestionError: a path does not exist.
    """
    result = Ingestion()
    seen: set[str] = set()
    for path in paths:
        if not path.exists():
            raise IngestionError(f"{path} does not exist: name a file or folder to ingest")
        root = path if path.is_dir() else path.parent
        files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
        for file in files:
            _read_file(file, _storable(file.relative_to(root).as_posix()), corpus, result, seen)
    return result


def _read_file(file: Path, source: str, corpus: str, result: Ingestion, seen: set[str]) -> None:
    suffix = file.suffix.lower()
    if suffix not in TEXT_FILES + ROW_FILES:
        remedy = f"give one of {', '.join(ROW_FILES + TEXT_FILES)}"
        result.refused.append(
            RefusedRow(source, "whole file", f"{suffix or 'no suffix'} is not read", remedy)
        )
        return
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refused = RefusedRow(source, f"byte {error.start}", "not UTF-8", "save the file as UTF-8")
        result.refused.append(refused)
        return
    rows = (
        _read_lines(text, source, corpus, result)
        if suffix in ROW_FILES
        else [_read_text(text, source, corpus)]
    )
    for row in rows:
        if row.document_id in seen:
            result.refused.append(_repeated(row))
        else:
            seen.add(row.document_id)
            result.accepted.append(row)


def _repeated(row: RawRow) -> RefusedRow:
    if row.source_id:
        remedy = "give each row an id of its own"
        return RefusedRow(row.source, row.place, f"id {row.source_id} occurs twice", remedy)
    remedy = "name it once, or name the folder above files of the same name"
    return RefusedRow(row.source, row.place, "a file of this name was read already", remedy)


def _read_text(text: str, source: str, corpus: str) -> RawRow:
    first = text.lstrip().split("\n", 1)[0].strip()
    title = first.lstrip("# ").strip() if first.startswith("#") else None
    return RawRow(
        document_id=make_id("documents", json.dumps([corpus, source])),
        corpus=corpus,
        source=source,
        place="whole file",
        title=title or Path(source).stem,
        text=text,
    )


def _read_lines(text: str, source: str, corpus: str, result: Ingestion) -> Iterator[RawRow]:
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        if not line.strip():
            result.blank += 1
            continue
        place = f"line {number}"
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            result.refused.append(
                RefusedRow(source, place, f"not JSON: {error}", "write one object per line")
            )
            continue
        row = _row_of(fields, source, place, corpus)
        if isinstance(row, RawRow):
            yield row
        else:
            result.refused.append(row)


def _row_of(fields: Any, source: str, place: str, corpus: str) -> RawRow | RefusedRow:  # noqa: ANN401
    if not isinstance(fields, dict):
        return RefusedRow(source, place, "not an object", 'write {"text": "…"} on each line')
    row = cast(dict[str, Any], fields)
    text = _first(row, _TEXT_FIELDS)
    if not isinstance(text, str):
        found = ", ".join(list(row)[:10])
        return RefusedRow(source, place, f"no text among the fields {found}", "name the text field `text`")
    source_id = _first(row, _ID_FIELDS)
    key = [corpus, "id", str(source_id)] if source_id not in (None, "") else [corpus, source, place]
    return RawRow(
        document_id=make_id("documents", json.dumps(key)),
        corpus=corpus,
        source=source,
        place=place,
        source_id=None if source_id is None else _storable(str(source_id)),
        title=_text_or_none(row.get("title")),
        url=_text_or_none(_first(row, _URL_FIELDS)),
        license=_text_or_none(row.get("license")),
        language=_text_or_none(_first(row, _LANGUAGE_FIELDS)),
        text=_storable(text),
    )


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:  # noqa: ANN401
    return next((row[name] for name in names if row.get(name) is not None), None)


def _text_or_none(value: Any) -> str | None:  # noqa: ANN401
    return _storable(str(value)) if isinstance(value, str | int | float) and str(value).strip() else None


def _storable(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON and file names can spell and no table can hold."""
    return text.encode("utf-8", "replace").decode()
