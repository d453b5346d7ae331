"""JSON that is one array, one object, or objects one after another: cut into values without holding the file.

Only the borders of values are found here, by brackets and quotes; each value is then parsed on its own.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gem_assets.corpus.decompressing import ByteStream
from gem_assets.corpus.json_objects import read_object
from gem_assets.corpus.lines import BLOCK_BYTES, Overlong, refuse_overlong
from gem_assets.corpus.rows import FieldNames, Found, RefusalReason, Refused, RefusedFileError, excerpt_of
from gem_assets.settings import IngestSettings

_STRUCTURE = re.compile(rb'["{}\[\]]')
_ABYSS = 50
_BLANK = b" \t\r\n"
_STRING_END = re.compile(rb'["\\]')


class TooDeep(NamedTuple):
    """A value nested deeper than allowed, and how it begins."""

    head: bytes


def read_values(
    stream: ByteStream, names: FieldNames, limits: IngestSettings, element: str = "row"
) -> Iterator[Found]:
    """Read the objects of an array, or objects that stand one after another, as rows.

    Raises:
        RefusedFileError: the brackets do not match; what came before was given.
    """
    for number, value in enumerate(cut_values(stream, limits), start=1):
        place = f"{element} {number}"
        if isinstance(value, Overlong):
            yield refuse_overlong(value, limits.maximum_row_bytes, place)
        elif isinstance(value, TooDeep):
            found = f"nested deeper than {limits.maximum_nesting} levels"
            yield Refused(place, RefusalReason.TOO_DEEP, found, "flatten it", excerpt_of(value.head))
        else:
            yield read_object(value, place, names, limits)


def cut_values(stream: ByteStream, limits: IngestSettings) -> Iterator[bytes | Overlong | TooDeep]:
    """Cut a stream at the borders of the values of its outermost array, or of its outermost objects."""
    cutter = _Cutter(limits)
    while block := stream.read(BLOCK_BYTES):
        yield from cutter.feed(block)
    yield from cutter.finish()


class _Cutter:
    """Where the scan of a JSON text stands: inside which value, how deep, in a string or not."""

    def __init__(self, limits: IngestSettings) -> None:
        self._limits = limits
        self._outer: int | None = None
        """Depth at which values stand: 1 in an array, 0 otherwise; None before the first byte."""
        self._depth = 0
        self._deepest = 0
        self._in_string = False
        self._escaped = False
        self._value = bytearray()
        self._length = 0
        self._given = False
        self._skipped = b""
        """Commas that parted nothing."""

    def feed(self, block: bytes) -> Iterator[bytes | Overlong | TooDeep]:
        """Scan one block."""
        at = 0
        if self._outer is None:
            stripped = block.lstrip()
            if not stripped:
                return
            at = len(block) - len(stripped)
            self._outer = 1 if block[at : at + 1] == b"[" else 0
            if self._outer:
                self._depth, at = 1, at + 1
        start = at
        while at < len(block):
            if self._in_string:
                at = self._through_string(block, at)
                continue
            found = _STRUCTURE.search(block, at)
            if found is None:
                break
            at = found.end()
            ended = self._structure(found[0])
            if ended is not None:
                self._hold(block[start : at if ended else at - 1])
                start = at
                yield from self._give()
        self._hold(block[start:])

    def finish(self) -> Iterator[bytes | Overlong | TooDeep]:
        """Give what is left; raises RefusedFileError where a bracket or quote was never closed."""
        if self._outer is None:
            return
        rest = bytes(self._value).strip(_BLANK + b",")
        if self._in_string or self._depth > 0:
            raise RefusedFileError(
                RefusalReason.TOO_DEEP
                if self._deepest > self._limits.maximum_nesting
                else RefusalReason.INVALID_JSON,
                "the JSON ends early: a quote or bracket is never closed",
                "fetch the file again, or mend it",
                excerpt_of(rest),
            )
        yield from self._give()
        if self._skipped and not self._given:
            raise RefusedFileError(
                RefusalReason.INVALID_JSON, "commas and no value", "mend the file", excerpt_of(self._skipped)
            )

    def _structure(self, char: bytes) -> bool | None:
        """Take one bracket or quote: True where it ends a value, False where it ends the array, else None."""
        if char == b'"':
            self._in_string = True
            return None
        if char in b"{[":
            self._depth += 1
            if self._depth > self._deepest:
                self._deepest = self._depth
                self._refuse_abyss()
            return None
        self._depth -= 1
        if self._depth < 0:
            raise RefusedFileError(
                RefusalReason.INVALID_JSON,
                "a bracket is closed that was never opened",
                "mend the file",
                excerpt_of(bytes(self._value)),
            )
        if self._outer and self._depth == 0:
            # What follows the array is looked at as values of its own, and refused as such.
            self._outer = 0
            return False
        return True if self._depth == self._outer else None

    def _refuse_abyss(self) -> None:
        """Stop where brackets only open: one value may be too deep, a file of nothing else is no text."""
        if self._depth > _ABYSS * self._limits.maximum_nesting:
            found = f"nested {self._depth:,} levels deep"
            raise RefusedFileError(
                RefusalReason.TOO_DEEP, found, "flatten it", excerpt_of(bytes(self._value))
            )

    def _through_string(self, block: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            return at + 1
        found = _STRING_END.search(block, at)
        if found is None:
            return len(block)
        if found[0] == b'"':
            self._in_string = False
        else:
            self._escaped = True
        return found.end()

    def _hold(self, data: bytes) -> None:
        self._length += len(data)
        room = self._limits.maximum_row_bytes + 1 - len(self._value)
        if room > 0:
            self._value += data[:room]

    def _give(self) -> Iterator[bytes | Overlong | TooDeep]:
        held = bytes(self._value).strip(_BLANK)
        value = held.strip(_BLANK + b",")
        length, deepest = self._length, self._deepest
        self._value.clear()
        self._length, self._deepest = 0, self._depth
        if deepest > self._limits.maximum_nesting:
            yield TooDeep(value[:4096])
        elif length > self._limits.maximum_row_bytes:
            yield Overlong(value[:4096], length)
        elif value:
            self._given = True
            yield value
        elif held:
            self._skipped = held
