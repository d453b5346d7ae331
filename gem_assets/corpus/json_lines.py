"""JSON Lines: one object per line.

Does not belong here: JSON that spreads over lines (`json_values.py`).
"""

from collections.abc import Iterator
from itertools import chain

from gem_assets.corpus.decompressing import ByteStream
from gem_assets.corpus.json_objects import read_object
from gem_assets.corpus.json_values import read_values
from gem_assets.corpus.lines import Overlong, read_lines, refuse_overlong
from gem_assets.corpus.rows import BLANK, FieldNames, Found
from gem_assets.settings import IngestSettings

_OPENINGS = (b"[", b"{", b"[{", b"[ {")


def read_json_lines(stream: ByteStream, names: FieldNames, limits: IngestSettings) -> Iterator[Found]:
    """Read one object per line; a file that is one indented JSON value is read as that."""
    lines = read_lines(stream, limits.maximum_row_bytes)
    first: list[bytes | Overlong] = []
    for line in lines:
        first.append(line)
        if isinstance(line, Overlong) or line.strip():
            break
    if first and not isinstance(first[-1], Overlong) and first[-1].strip() in _OPENINGS:
        yield from read_values(_Rejoined(chain(first, lines)), names, limits, element="row")
        return
    for number, line in enumerate(chain(first, lines), start=1):
        if isinstance(line, Overlong):
            yield refuse_overlong(line, limits.maximum_row_bytes, f"line {number}")
        elif not line or line.isspace():
            yield BLANK
        else:
            yield read_object(line, f"line {number}", names, limits)


class _Rejoined:
    """Lines as a stream again."""

    def __init__(self, lines: Iterator[bytes | Overlong]) -> None:
        self._lines = lines

    def read(self, size: int, /) -> bytes:
        line = next(self._lines, None)
        if line is None:
            return b""
        # A line too long is too long for a value too: it is given broken, and refused as that.
        return (line.head if isinstance(line, Overlong) else line) + b"\n"
