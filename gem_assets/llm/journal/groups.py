"""Group commit: what is to be written at the same time is written in one transaction, on one thread.

A commit waits for the disk, and many calls may end while one does. Work of the same kind is handed over
together, so that it can be one statement, too. Who asked hears back when the whole group is on disk; what
fails does so alone, and the others are done again: work has to bear being done twice. Does not belong here:
what is written.
"""

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

G = TypeVar("G")
T = TypeVar("T")
Kind = Literal["read", "agree", "durable"]
"""What work needs: nothing written, written to outlive the process, or the power failing, too."""
Work = Callable[[Sequence[G]], Sequence[T]]
"""Does something for each of what is given, and returns as many results."""


@dataclass(eq=False)
class _Piece:
    work: Work[Any, Any]
    given: object
    kind: Kind
    loop: asyncio.AbstractEventLoop | None = None
    future: asyncio.Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.future is None or self.future.done():
            return  # nobody waits any more; the work was done all the same
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Groups:
    """Pieces of work over one connection, in about the order in which they were handed in."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gem-journal")
        try:
            self.connection = self._thread.submit(connect).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._synchronous = ""
        self._lock = threading.Lock()
        self._waiting: deque[_Piece] = deque()
        self._someday: deque[_Piece] = deque()
        self._working = False

    async def do(self, work: Work[G, T], given: G, kind: Kind) -> T:
        """Have something done on the thread; a cancelled caller does not take it back."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._waiting.append(_Piece(work, given, kind, loop, future))
            if not self._working:
                self._working = True
                self._thread.submit(self._work_off)
        return await future

    def someday(self, work: Work[G, object], given: G) -> None:
        """Have something written together with what is written next, or before the end."""
        self._someday.append(_Piece(work, given, "agree"))

    def do_now(self, work: Work[G, T], given: G, kind: Kind) -> T:
        """Have something done on the thread and wait for it."""
        piece = _Piece(work, given, kind)
        self._thread.submit(self._do_all, [piece]).result()
        if piece.error is not None:
            raise piece.error
        return piece.result

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._thread.submit(self.connection.close).result()
        self._thread.shutdown()

    def _work_off(self) -> None:
        while True:
            with self._lock:
                pieces = list(self._waiting)
                self._waiting.clear()
                if not pieces:
                    self._working = False
                    return
            self._do_all(pieces)
            _tell(pieces)

    def _do_all(self, pieces: Iterable[_Piece]) -> None:
        reading = [piece for piece in pieces if piece.kind == "read"]
        writing = [piece for piece in pieces if piece.kind != "read"]
        if writing:
            while self._someday:
                writing.append(self._someday.popleft())
            _each_or_alone(writing, self._write)
        if reading:  # last, so that nobody reads what was there before his own writing
            _each_or_alone(reading, self._read)

    def _read(self, pieces: Sequence[_Piece]) -> None:
        for work, alike in _by_work(pieces):
            for piece, result in zip(alike, work([piece.given for piece in alike]), strict=True):
                piece.result = result

    def _write(self, pieces: Sequence[_Piece]) -> None:
        self._begin("FULL" if any(piece.kind == "durable" for piece in pieces) else "NORMAL")
        try:
            self._read(pieces)
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _begin(self, synchronous: str) -> None:
        if synchronous != self._synchronous:
            self.connection.execute(f"PRAGMA synchronous = {synchronous}")
            self._synchronous = synchronous
        self.connection.execute("BEGIN IMMEDIATE")


def _each_or_alone(pieces: Sequence[_Piece], do: Callable[[Sequence[_Piece]], None]) -> None:
    """Do all at once; where that fails, one by one, so that each learns what became of it."""
    try:
        do(pieces)
    except BaseException as error:  # whatever it is, whoever waits has to hear of it
        if len(pieces) == 1:
            pieces[0].error = error
            return
        for piece in pieces:
            _each_or_alone([piece], do)


def _by_work(pieces: Iterable[_Piece]) -> Iterable[tuple[Work[Any, Any], list[_Piece]]]:
    alike: dict[Work[Any, Any], list[_Piece]] = {}
    for piece in pieces:
        alike.setdefault(piece.work, []).append(piece)
    return alike.items()


def _tell(pieces: Iterable[_Piece]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Piece]] = {}
    for piece in pieces:
        if piece.loop is not None:
            by_loop.setdefault(piece.loop, []).append(piece)
    for loop, told in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it who waited
            loop.call_soon_threadsafe(_tell_all, told)


def _tell_all(pieces: Iterable[_Piece]) -> None:
    for piece in pieces:
        piece.tell()
