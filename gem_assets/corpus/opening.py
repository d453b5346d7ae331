"""Open a file as a stream of UTF-8: compression by magic bytes, character set by its mark, both bounded.

Does not belong here: cutting the stream into rows.
"""

import codecs
import io
import os
import re
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gem_assets.corpus.decompressing import ByteStream, decompressed
from gem_assets.corpus.rows import RefusalReason, RefusedFileError, excerpt_of
from gem_assets.settings import IngestSettings

HEAD_BYTES = 16 * 1024
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90", "a Windows program"),
    (b"\xca\xfe\xba\xbe", "a Java class or macOS program"),
    (b"PK\x03\x04", "a zip archive (or a Word, Excel or OpenDocument file)"),
    (b"%PDF-", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Word or Excel file"),
    (b"{\\rtf", "a rich-text (RTF) file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"Obj\x01", "an Avro file"),
    (b"OggS", "an Ogg recording"),
    (b"ID3", "an MP3 recording"),
    (b"%!PS", "PostScript"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]{2,40})")


@dataclass(frozen=True)
class Opened:
    """A file ready to be cut into rows."""

    stream: ByteStream
    """UTF-8, without a mark."""
    encoding: str


@contextmanager
def open_text(
    path: str, name: str, settings: IngestSettings, encoding: str | None, *, html: bool = False
) -> Generator[Opened]:
    """Open a file of text, compressed or not.

    Raises:
        RefusedFileError: it is binary, or cannot be opened.
    """
    with open_regular(path) as file:
        stream = decompressed(file, name, settings)
        head, stopped = _read_head(stream)
        _refuse_binary(head, encoding)
        mark, found = next(((bom, name) for bom, name in _BOMS if head.startswith(bom)), (b"", ""))
        chosen = found or encoding or (_declared_charset(head) if html else None) or "utf-8"
        rest = _Prefixed(head[len(mark) :], stream, stopped)
        if codecs.lookup(chosen).name != "utf-8":
            yield Opened(_Transcoded(rest, chosen), chosen)
        else:
            yield Opened(rest, "utf-8")


@contextmanager
def open_regular(path: str) -> Generator[io.BufferedReader]:
    """Open a regular file; never waits for a pipe that took its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        found = f"cannot be opened: {error.strerror}"
        remedy = "give read permission, or leave it out"
        raise RefusedFileError(RefusalReason.UNREADABLE_FILE, found, remedy) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RefusedFileError(RefusalReason.SPECIAL_FILE, "a pipe, socket or device", "leave it out")
        yield file


def check_encoding(name: str) -> str:
    """Return the name of a text encoding; raises ValueError where Python knows none of that name."""
    try:
        codec: Any = codecs.lookup(name)
    except LookupError:
        raise ValueError(f"--encoding {name!r} is not known: utf-8, cp1252, shift_jis, gb18030 …") from None
    if not codec._is_text_encoding:
        raise ValueError(f"--encoding {name!r} is no character set")
    return codec.name


class _Prefixed:
    """A stream of which some was read already, up to what stopped the reading."""

    def __init__(self, head: bytes, stream: ByteStream, stopped: RefusedFileError | None) -> None:
        self._head, self._stream, self._stopped = head, stream, stopped

    def read(self, size: int, /) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        if self._stopped is not None:
            raise self._stopped
        return self._stream.read(size)


class _Transcoded:
    """A stream in another character set, given as UTF-8; what cannot be decoded ends it with its offset."""

    def __init__(self, stream: ByteStream, encoding: str) -> None:
        self._stream, self._encoding = stream, encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._offset = 0

    def read(self, size: int, /) -> bytes:
        while True:
            block = self._stream.read(size)
            try:
                text = self._decoder.decode(block, final=not block)
                data = text.encode()
            except UnicodeError as error:
                raise self._undecodable(error, block) from error
            self._offset += len(block)
            if data or not block:
                return data

    def _undecodable(self, error: UnicodeError, block: bytes) -> RefusedFileError:
        start = self._offset + (error.start if isinstance(error, UnicodeDecodeError) else 0)
        found = f"not {self._encoding} at byte {start:,}"
        remedy = "name another with --encoding"
        return RefusedFileError(RefusalReason.BAD_ENCODING, found, remedy, excerpt_of(block))


def _refuse_binary(head: bytes, encoding: str | None) -> None:
    kind = next((told for start, told in _MAGIC if head.startswith(start)), None)
    marked = any(head.startswith(bom) for bom, _ in _BOMS)
    wide = marked or (encoding or "").lower().replace("_", "-").startswith(
        ("utf-16", "utf-32", "utf16", "utf32")
    )
    if kind is None and not wide and b"\x00" in head:
        at = head.index(b"\x00")
        zeros = (head[::2].count(0), head[1::2].count(0))
        looks_wide = max(zeros) > len(head) // 4 > 4 * min(zeros)
        kind = f"{'UTF-16 without a mark' if looks_wide else 'binary data'} (a NUL at byte {at})"
    if kind is not None:
        remedy = "give --encoding utf-16-le" if "UTF-16" in kind else "convert it to text first"
        raise RefusedFileError(RefusalReason.BINARY, f"looks like {kind}", remedy, excerpt_of(head))


def _declared_charset(head: bytes) -> str | None:
    """Read the character set an HTML page declares, where Python knows it."""
    found = _XML_CHARSET.search(head) or _META_CHARSET.search(head[:4096])
    try:
        declared = check_encoding(found[1].decode("ascii")) if found else None
    except ValueError:
        return None
    # A page whose declaration could be read is in no wide encoding; browsers read latin-1 as cp1252.
    if declared is None or declared.startswith(("utf-16", "utf-32", "utf-7")):
        return None
    return "cp1252" if declared in ("iso8859-1", "ascii") else declared


def _read_head(stream: ByteStream) -> tuple[bytes, RefusedFileError | None]:
    parts: list[bytes] = []
    missing = HEAD_BYTES
    try:
        while missing > 0 and (block := stream.read(missing)):
            parts.append(block)
            missing -= len(block)
    except RefusedFileError as error:
        return b"".join(parts), error
    return b"".join(parts), None
