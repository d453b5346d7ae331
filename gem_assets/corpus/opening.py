"""Open a file as a stream of UTF-8: compression by magic bytes, character set by its mark, both bounded.

Does not belong here: cutting the stream into rows.
"""

import bz2
import codecs
import gzip
import io
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, cast

import pyarrow as pa

from gem_assets.corpus.rows import RefusalReason, RefusedFileError, excerpt_of
from gem_assets.settings import IngestSettings

HEAD_BYTES = 16 * 1024
_BLOCK = 2**18
_STEP = 2**14
_XZ_MEMORY = 256 * 2**20

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x50\x2a\x4d\x18": "zstd",  # begins with a frame to skip, as parallel compressors write
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
_SUFFIXES = {"gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "xz": ".xz"}
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


class ByteStream(Protocol):
    """What can be read in blocks."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes; nothing at the end."""
        ...


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
        stream = _decompressed(file, name, settings)
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


class _Guarded:
    """Counts what comes out of a decompressor and stops where it is far more than text can give.

    Reads in small steps, because a decompressor that meets the end too early gives nothing of the step.
    """

    def __init__(
        self, stream: ByteStream, file: io.BufferedReader, kind: str, limits: IngestSettings
    ) -> None:
        self._file, self._kind, self._limits = file, kind, limits
        self._read = getattr(stream, "read1", stream.read)
        self._given = 0

    def read(self, size: int, /) -> bytes:
        try:
            data = self._read(min(size, _STEP))
        except (EOFError, zlib.error, lzma.LZMAError, OSError, MemoryError) as error:
            raise self._broken(error) from error
        self._given += len(data)
        allowed = self._limits.maximum_expansion * max(1, self._file.tell())
        if self._given > max(self._limits.free_expansion_bytes, allowed):
            found = f"{self._given:,} bytes came out of {self._file.tell():,}: more than text can give"
            remedy = "decompress it yourself if this is meant"
            raise RefusedFileError(RefusalReason.TOO_LARGE, found, remedy)
        return data

    def _broken(self, error: BaseException) -> RefusedFileError:
        told = str(error)
        if isinstance(error, EOFError) or "Truncated" in told or "end-of-stream marker" in told:
            reason = RefusalReason(f"truncated_{self._kind}")
            return RefusedFileError(reason, f"the {self._kind} data ends early", "fetch the file again")
        if isinstance(error, MemoryError) or "emory" in told:
            found = f"to decompress the {self._kind} data takes more memory than is allowed"
            return RefusedFileError(RefusalReason.TOO_LARGE, found, "decompress it yourself")
        found = f"the {self._kind} data is damaged ({told})"
        return RefusedFileError(RefusalReason.DAMAGED_ARCHIVE, found, "fetch the file again")


class _Expanding(io.RawIOBase):
    """Reads streams that follow each other, and refuses what follows and is none.

    The library's own readers take no bound on memory (xz) or pass over what follows (bzip2).
    """

    def __init__(
        self, file: io.BufferedReader, open_one: Callable[[], lzma.LZMADecompressor | bz2.BZ2Decompressor]
    ) -> None:
        self._file, self._fed, self._open_one = file, b"", open_one
        self._decompressor = open_one()

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self._decompressor.eof:
                self._fed = self._decompressor.unused_data or self._file.read(_BLOCK)
                if not self._fed.strip(b"\x00"):
                    return b""
                self._decompressor = self._open_one()
            elif self._decompressor.needs_input and not self._fed:
                self._fed = self._file.read(_BLOCK)
                if not self._fed:
                    raise EOFError
            data = self._decompressor.decompress(self._fed, size)
            self._fed = b""
            if data:
                return data


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


def _decompressed(file: io.BufferedReader, name: str, settings: IngestSettings) -> ByteStream:
    magic = file.peek(8)
    kind = next((kind for start, kind in _COMPRESSED.items() if magic.startswith(start)), None)
    if kind is None:
        return cast(ByteStream, file)
    if not name.lower().endswith(tuple(_SUFFIXES.values())):
        found = f"looks like {kind}-compressed data"
        remedy = f"rename it so that it ends in {_SUFFIXES[kind]}"
        raise RefusedFileError(RefusalReason.BINARY, found, remedy, excerpt_of(magic))
    return _Guarded(_decompressor(file, kind), file, kind, settings)


def _decompressor(file: io.BufferedReader, kind: str) -> ByteStream:
    if kind == "gzip":
        return cast(ByteStream, gzip.GzipFile(fileobj=file))
    if kind == "bzip2":
        return _Expanding(file, bz2.BZ2Decompressor)
    if kind == "xz":
        return _Expanding(file, partial(lzma.LZMADecompressor, memlimit=_XZ_MEMORY))
    return cast(ByteStream, pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"))


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
