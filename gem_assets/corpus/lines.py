"""Cut a stream of bytes into lines of bounded length.

Does not belong here: what a line means.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gem_assets.corpus.decompressing import ByteStream
from gem_assets.corpus.rows import RefusalReason, Refused, excerpt_of

BLOCK_BYTES = 2**20


class Overlong(NamedTuple):
    """A line longer than allowed: how it begins, and how long it was."""

    head: bytes
    length: int


def read_lines(stream: ByteStream, limit: int) -> Iterator[bytes | Overlong]:
    """Give the lines of a stream without their ends; at most `limit` bytes of a line are held."""
    parts: list[bytes] = []
    held = dropped = 0
    while block := stream.read(BLOCK_BYTES):
        *whole, rest = block.split(b"\n")
        for line in whole:
            if parts or dropped or len(line) > limit:
                yield _joined(parts, line, held, dropped, limit)
                parts, held, dropped = [], 0, 0
            else:
                yield line
        if not rest:
            continue
        if held + len(rest) <= limit:
            parts.append(rest)
            held += len(rest)
        else:
            parts = parts or [rest[:4096]]
            dropped += len(rest)
    if parts or dropped:
        yield _joined(parts, b"", held, dropped, limit)


def refuse_overlong(line: Overlong, limit: int, place: str) -> Refused:
    """Say that a line is too long."""
    found = f"{line.length:,} bytes in one row, at most {limit:,} are read"
    remedy = "split it into several documents"
    return Refused(place, RefusalReason.TEXT_TOO_LONG, found, remedy, excerpt_of(line.head))


def _joined(parts: list[bytes], last: bytes, held: int, dropped: int, limit: int) -> bytes | Overlong:
    length = held + dropped + len(last)
    if dropped or length > limit:
        return Overlong((parts[0] if parts else last)[:4096], length)
    return b"".join((*parts, last))
