"""Decompress a file as it is read, bounded in memory and in what comes out.

Does not belong here: opening the file, its character set (`opening.py`).
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

import pyarrow as pa

from gem_assets.corpus.rows import RefusalReason, RefusedFileError, excerpt_of
from gem_assets.settings import IngestSettings

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


class ByteStream(Protocol):
    """What can be read in blocks."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes; nothing at the end."""
        ...


def decompressed(file: io.BufferedReader, name: str, settings: IngestSettings) -> ByteStream:
    """Give what a file holds: itself, or what is compressed in it, told by its first bytes.

    Raises:
        RefusedFileError: it is compressed and not named so; reading raises it where the data is damaged.
    """
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
