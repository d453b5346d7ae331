"""Files that are one document each: plain text, Markdown with or without front matter, HTML.

Does not belong here: rows of tables and JSON.
"""

import re
from collections.abc import Iterator

from gem_assets.corpus.columns import short_text
from gem_assets.corpus.opening import Opened
from gem_assets.corpus.rows import (
    WHOLE_FILE,
    FileKind,
    Found,
    RefusalReason,
    Refused,
    RefusedFileError,
    Row,
    excerpt_of,
)
from gem_assets.settings import IngestSettings

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?\r?\n)(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_FRONT_FIELD = re.compile(
    r"^(title|display_title|lang|language|license|url|canonical_url):[ \t]*(.+?)[ \t]*$", re.M
)
_DATASET_CARD = re.compile(r"^(?:dataset_info|configs|task_categories|size_categories|pretty_name):", re.M)
_HTML_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{1,2000})", re.IGNORECASE)
_HTML_LANGUAGE = re.compile(r"<html[^>]{0,500}?\blang\s*=\s*[\"']?([A-Za-z]{2,3})\b", re.IGNORECASE)
_HEADING = re.compile(r"\s*#{1,6}[ \t]+(.+?)[ \t#]*(?:\r?\n|\Z)")


def read_text_file(opened: Opened, stem: str, kind: FileKind, limits: IngestSettings) -> Iterator[Found]:
    """Read a file as one document.

    Raises:
        RefusedFileError: it is not in its encoding, or larger than allowed.
    """
    limit = limits.maximum_row_bytes if kind == "html" else limits.maximum_text_bytes
    text = _decode(_read(opened, limit))
    if not text:
        return
    if kind == "html":
        row = _of_html(text, stem)
    elif kind == "markdown":
        row = _of_markdown(text, stem)
    else:
        row = Row(WHOLE_FILE, text, title=short_text(stem))
    if isinstance(row, Row) and len(row.text.encode()) > limits.maximum_text_bytes:
        raise _too_long(row.text, limits.maximum_text_bytes)
    yield row


def _read(opened: Opened, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while block := opened.stream.read(2**18):
        parts.append(block)
        size += len(block)
        if size > limit:
            raise _too_long(parts[0].decode("utf-8", "ignore"), limit)
    return b"".join(parts)


def _too_long(text: str, limit: int) -> RefusedFileError:
    found = f"more than {limit:,} bytes of text in one document"
    return RefusedFileError(
        RefusalReason.TEXT_TOO_LONG, found, "split it into several documents", excerpt_of(text)
    )


def _decode(data: bytes) -> str:
    if b"\x00" in data and data.count(b"\x00") > len(data) // 100:
        found = f"looks like binary data (a NUL at byte {data.index(0)})"
        raise RefusedFileError(RefusalReason.BINARY, found, "convert it to text first", excerpt_of(data))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        found = f"not UTF-8 at byte {error.start}"
        remedy = "save it as UTF-8, or name its character set with --encoding (cp1252, shift_jis, gb18030 …)"
        raise RefusedFileError(
            RefusalReason.NOT_UTF8, found, remedy, excerpt_of(data[error.start :])
        ) from error


def _of_markdown(text: str, stem: str) -> Row | Refused:
    front = _FRONT_MATTER.match(text)
    body = text[front.end() :] if front else text
    if front and _DATASET_CARD.search(front[1]):
        remedy = "name it on the command line under another name to read it"
        return Refused(WHOLE_FILE, RefusalReason.DATASET_CARD, "describes a data set", remedy)
    fields = {key: value.strip("'\"") for key, value in _FRONT_FIELD.findall(front[1])} if front else {}
    heading = _HEADING.match(body)
    title = fields.get("title") or fields.get("display_title") or (heading[1] if heading else stem)
    return Row(
        WHOLE_FILE,
        body,
        title=short_text(title),
        url=short_text(fields.get("canonical_url") or fields.get("url")),
        license=short_text(fields.get("license")),
        language=short_text(fields.get("lang") or fields.get("language")),
        original=text if front else None,
    )


def _of_html(text: str, stem: str) -> Row:
    # Imported where it is used: most ingests hold no HTML.
    from html import unescape

    from resiliparse.extract.html2text import extract_plain_text

    # All of the page, not only what a heuristic takes for its main part: that drops short lists of steps.
    plain = extract_plain_text(text, main_content=False, alt_texts=False, list_bullets=True)
    head = text[:20_000]
    title, language = _HTML_TITLE.search(head), _HTML_LANGUAGE.search(head)
    return Row(
        WHOLE_FILE,
        plain,
        title=short_text(unescape(title[1])) if title else short_text(stem),
        language=language[1] if language else None,
        original=text,
    )
