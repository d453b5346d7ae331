"""What reading a file gives: rows, blank rows, and refusals with their place, reason and remedy.

Does not belong here: judging the text of a row that could be read (`stages/corpus.py`).
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Literal, NamedTuple

from gem_assets.display.visible import visible

EXCERPT_CHARACTERS = 200
WHOLE_FILE = "whole file"


class RefusalReason(StrEnum):
    """Why a row, or a file, was not taken in."""

    EMPTY_TEXT = "empty_text"  # nothing visible in it
    TEXT_TOO_LONG = "text_too_long"  # more than `maximum_text_bytes`
    TOO_LARGE = "too_large"  # a row, or what decompression gives, exceeds its limit
    TEXT_NOT_STRING = "text_not_string"  # null, a number, a list …
    MISSING_TEXT = "missing_text"  # no field that usually holds the text
    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"  # JSON, but a list, a string, a number or null
    TOO_DEEP = "too_deep"  # nested beyond `maximum_nesting`
    BAD_UNICODE = "bad_unicode"  # half of a surrogate pair
    BAD_ID = "bad_id"  # an id that is neither a string nor an integer
    DUPLICATE_ID = "duplicate_id"  # the id stood in an earlier row of the same ingest
    DROPPED = "dropped"  # taken out with `gem drop`
    NOT_UTF8 = "not_utf8"
    BAD_ENCODING = "bad_encoding"  # not in the encoding that was named
    BINARY = "binary"  # a picture, an archive, NUL bytes
    BAD_CSV = "bad_csv"  # a quote never closed, or another number of columns than the header has
    UNREADABLE_PARQUET = "unreadable_parquet"
    TRUNCATED_GZIP = "truncated_gzip"
    TRUNCATED_ZSTD = "truncated_zstd"
    TRUNCATED_BZIP2 = "truncated_bzip2"
    TRUNCATED_XZ = "truncated_xz"
    DAMAGED_ARCHIVE = "damaged_archive"  # a checksum or header of a compressed file is wrong
    UNSUPPORTED_TYPE = "unsupported_type"
    UNREADABLE_FILE = "unreadable_file"  # permission, a path too long, the disk

    # Passed over, not refused: nobody meant them to be read.
    HIDDEN = "hidden"  # its name begins with a dot
    TEMPORARY = "temporary"  # lock files, partial downloads, what an operating system leaves
    DATASET_CARD = "dataset_card"  # describes a data set rather than being text of it
    LINK = "link"
    SPECIAL_FILE = "special_file"  # a pipe, a socket, a device


PASSED_OVER = frozenset(
    {
        RefusalReason.HIDDEN,
        RefusalReason.TEMPORARY,
        RefusalReason.DATASET_CARD,
        RefusalReason.LINK,
        RefusalReason.SPECIAL_FILE,
    }
)


class Row(NamedTuple):
    """A row that could be read. A NamedTuple because a million of them are made in a loop."""

    place: str
    text: str
    source_id: str | None = None
    title: str | None = None
    url: str | None = None
    license: str | None = None
    language: str | None = None
    original: str | None = None
    """The text as it stood in the file, where `text` was taken out of markup."""
    note: str | None = None
    part: int = 0


class Refused(NamedTuple):
    """A row or a file that was not taken in."""

    place: str
    reason: RefusalReason
    found: str
    remedy: str
    excerpt: str = ""

    @property
    def counts(self) -> bool:
        """Whether it was a row that went in: what nobody meant to be read did not."""
        return self.reason not in PASSED_OVER


class Blank(NamedTuple):
    """A row of nothing but white space."""


BLANK = Blank()
Found = Row | Refused | Blank


class RefusedFileError(Exception):
    """A file cannot be read on; what was read before stands."""

    def __init__(self, reason: RefusalReason, found: str, remedy: str, excerpt: str = "") -> None:
        super().__init__(found)
        self.reason = reason
        self.found = found
        self.remedy = remedy
        self.excerpt = excerpt

    def at(self, place: str) -> Refused:
        """Say where it happened."""
        return Refused(place, self.reason, self.found, self.remedy, self.excerpt)


@dataclass(frozen=True)
class FieldNames:
    """Which fields hold what, in the order they are looked for."""

    text: tuple[str, ...] = ("text", "content", "body", "raw_content", "page_content", "markdown", "document")
    id: tuple[str, ...] = ("id", "doc_id", "document_id", "_id", "uuid")
    title: tuple[str, ...] = ("title", "headline")
    url: tuple[str, ...] = ("url", "url_or_path", "source_url", "link")
    license: tuple[str, ...] = ("license", "licence")
    language: tuple[str, ...] = ("language", "lang")

    def usual(self) -> dict[str, tuple[str, ...]]:
        """Give the names to look for, by what they hold."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def as_written(self) -> tuple[bytes, bytes]:
        """The first names of text and id as JSON writes them."""
        return b'"%s"' % self.text[0].encode(), b'"%s"' % self.id[0].encode()

    def chosen(self, **named: str | None) -> "FieldNames":
        """Replace the usual names by those the user gave."""
        return replace(self, **{field: (name,) for field, name in named.items() if name})


@dataclass(frozen=True)
class Reading:
    """How files are read: what the user said and what bounds it."""

    fields: FieldNames = FieldNames()
    encoding: str | None = None
    follow_links: bool = False


FileKind = Literal["json_lines", "json", "parquet", "delimited", "text", "markdown", "html"]


def excerpt_of(data: bytes | str) -> str:
    """Show the first characters of what was refused; what would act on a terminal is spelled out."""
    if isinstance(data, bytes):
        data = data[: 4 * EXCERPT_CHARACTERS].decode("utf-8", "backslashreplace")
    return visible(data[:EXCERPT_CHARACTERS])
