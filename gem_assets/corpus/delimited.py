"""CSV and TSV with a header. A broken quote costs one line, not the rest of the file.

Does not belong here: which column is which (`columns.py`).
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import Literal

from gem_assets.corpus.columns import missing_text, row_of
from gem_assets.corpus.decompressing import ByteStream
from gem_assets.corpus.lines import Overlong, read_lines, refuse_overlong
from gem_assets.corpus.rows import (
    BLANK,
    FieldNames,
    Found,
    RefusalReason,
    Refused,
    RefusedFileError,
    excerpt_of,
)
from gem_assets.settings import IngestSettings

_SEPARATORS = ",;\t|"
_REREAD_BYTES = 64 * 2**20
"""How much is read again after broken quotes in one file, so that a hostile one stays bounded."""


def read_delimited(stream: ByteStream, names: FieldNames, limits: IngestSettings) -> Iterator[Found]:
    """Read the records of a table with a header.

    Raises:
        RefusedFileError: no header names the text.
    """
    # Both limits of the csv module are of the process; a record is bounded by its lines before it.
    csv.field_size_limit(limits.maximum_row_bytes)
    yield from _Table(stream, names, limits).rows()


class _Table:
    """A table while it is read: its lines, how far it is, and what must be read again."""

    def __init__(self, stream: ByteStream, names: FieldNames, limits: IngestSettings) -> None:
        self._lines = read_lines(stream, limits.maximum_row_bytes)
        self._names, self._limits = names, limits
        self._waiting: deque[tuple[int, bytes | Overlong]] = deque()
        self._number = 0
        self._reread = _REREAD_BYTES
        self._separator = ","
        self._header: list[str] = []

    def rows(self) -> Iterator[Found]:
        """Read header and records."""
        if not (yield from self._read_header()):
            return
        while (line := self._next()) is not None:
            number, data = line
            if isinstance(data, Overlong):
                yield refuse_overlong(data, self._limits.maximum_row_bytes, f"line {number}")
            elif not data.strip():
                yield BLANK
            else:
                yield self._record(number, data)

    def _next(self) -> tuple[int, bytes | Overlong] | None:
        if self._waiting:
            return self._waiting.popleft()
        data = next(self._lines, None)
        if data is None:
            return None
        self._number += 1
        return self._number, data

    def _read_header(self) -> Iterator[Found]:  # pyright: ignore[reportReturnType] - its value is a bool
        while (line := self._next()) is not None:
            number, data = line
            if not isinstance(data, Overlong) and not data.strip():
                yield BLANK
                continue
            head = data.head if isinstance(data, Overlong) else data
            text = _text(head, number).rstrip("\r")
            if "\r" in text:
                found = "its lines end in carriage returns alone"
                raise RefusedFileError(
                    RefusalReason.BAD_CSV, found, "save it with line feeds", excerpt_of(text)
                )
            self._choose_columns(text, overlong=isinstance(data, Overlong))
            return True
        return False

    def _choose_columns(self, line: str, *, overlong: bool) -> None:
        wanted = {name.casefold() for name in self._names.text}
        best: list[str] = []
        for separator in _SEPARATORS:
            cells = (
                []
                if overlong
                else [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
            )
            if len(cells) > self._limits.maximum_columns:
                found = f"{len(cells):,} columns, at most {self._limits.maximum_columns:,} are read"
                remedy = "keep those that hold text, id and title"
                raise RefusedFileError(RefusalReason.TOO_LARGE, found, remedy, excerpt_of(line))
            if wanted & {cell.casefold() for cell in cells}:
                self._separator, self._header = separator, cells
                self._names = _by_case(self._names, cells)
                break
            best = max(best, cells, key=len)
        else:
            found, remedy = missing_text(best, self._names)
            remedy += ", or give the file a header"
            raise RefusedFileError(RefusalReason.MISSING_TEXT, found, remedy, excerpt_of(line))
        twice = [name for name in (*self._names.text, *self._names.id) if self._header.count(name) > 1]
        if twice:
            found = f"two columns are named {excerpt_of(twice[0])}"
            raise RefusedFileError(RefusalReason.BAD_CSV, found, "rename one", excerpt_of(line))

    def _record(self, number: int, first: bytes) -> Found:
        """Read the record that begins on this line; a quote that is never closed gives its lines back."""
        try:
            text = _text(first, number)
        except RefusedFileError as error:
            return error.at(f"line {number}")
        if '"' not in text:
            return self._row_of(text.rstrip("\r").split(self._separator), number, text)
        taken: list[tuple[int, bytes | Overlong]] = []
        lines, size = [text], len(first)
        state = _state_at_end(text, self._separator, inside=False)
        while state == "open":
            following = self._follow(taken, size)
            if following is None:
                return self._give_back(number, text, taken)
            lines.append(following)
            size += len(taken[-1][1])
            state = _state_at_end(following, self._separator, inside=True)
        if state == "broken":
            return self._give_back(number, text, taken)
        try:
            cells = next(csv.reader([f"{line}\n" for line in lines], delimiter=self._separator), [])
        except csv.Error as error:
            remedy = "quote the field that holds it"
            return Refused(f"line {number}", RefusalReason.BAD_CSV, str(error), remedy, excerpt_of(text))
        return self._row_of(cells, number, text)

    def _follow(self, taken: list[tuple[int, bytes | Overlong]], size: int) -> str | None:
        """Take the next line into an open record; None where it cannot belong to it."""
        line = self._next()
        if line is None:
            return None
        taken.append(line)
        if isinstance(line[1], Overlong) or size + len(line[1]) > self._limits.maximum_row_bytes:
            return None
        try:
            return line[1].decode()
        except UnicodeDecodeError:
            return None

    def _give_back(self, number: int, text: str, taken: list[tuple[int, bytes | Overlong]]) -> Refused:
        size = sum(len(data.head) if isinstance(data, Overlong) else len(data) for _, data in taken)
        found = "a quote is never closed"
        if size <= self._reread:
            self._reread -= size
            self._waiting.extendleft(reversed(taken))
            found += "; only this line is left out"
        elif taken:
            found += f"; it swallows lines {number} to {taken[-1][0]}"
        return Refused(
            f"line {number}", RefusalReason.BAD_CSV, found, "close it, or double it", excerpt_of(text)
        )

    def _row_of(self, cells: list[str], number: int, text: str) -> Found:
        place = f"line {number}"
        if len(cells) != len(self._header):
            found = f"{len(cells)} columns where the header has {len(self._header)}"
            return Refused(
                place, RefusalReason.BAD_CSV, found, "quote the field that holds it", excerpt_of(text)
            )
        return row_of(
            dict(zip(self._header, cells, strict=True)), place, self._names, self._limits.maximum_text_bytes
        )


def _state_at_end(line: str, separator: str, *, inside: bool) -> Literal["open", "closed", "broken"]:
    """Say whether a line ends within quotes; quotes inside an unquoted field are characters like any other.

    Broken is a line that closes the quote of an earlier one in the middle of a field: that quote was astray.
    """
    at = 0
    while True:
        if not inside and line[at : at + 1] != '"':
            at = line.find(separator, at) + 1
            if not at:
                return "closed"
            continue
        closing = line.find('"', at if inside else at + 1)
        while closing >= 0 and line[closing + 1 : closing + 2] == '"':
            closing = line.find('"', closing + 2)
        if closing < 0:
            return "open"
        if inside and line[closing + 1 : closing + 2] not in ("", "\r", separator):
            return "broken"
        inside = False
        at = line.find(separator, closing) + 1
        if not at:
            return "closed"


def _by_case(names: FieldNames, header: list[str]) -> FieldNames:
    """Turn the usual names into those the header writes, whatever their case."""
    there = {cell.casefold(): cell for cell in reversed(header)}
    chosen = {
        field: next((there[name.casefold()] for name in usual if name.casefold() in there), None)
        for field, usual in names.usual().items()
    }
    return names.chosen(**chosen)


def _text(data: bytes, number: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        found = f"not UTF-8 at byte {error.start} of line {number}"
        raise RefusedFileError(
            RefusalReason.NOT_UTF8, found, "save it as UTF-8, or give --encoding", excerpt_of(data)
        ) from error
