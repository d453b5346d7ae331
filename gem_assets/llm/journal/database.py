"""The journal's SQLite file: one connection on a thread of its own, and who else has it open.

Does not belong here: what is in the tables (`journal.py`, `places.py`, `rates.py`, `budget.py`).
"""

import asyncio
import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import ConfigurationError

T = TypeVar("T")
logger = logging.getLogger(__name__)
SCHEMA = Path(__file__).with_name("journal.sql")
SCHEMA_VERSION = 2
BUSY_SECONDS = 120

# Owners of this process whose journal is open: a row of another owner under our own pid is nobody's.
_open_owners: set[str] = set()


@dataclass(frozen=True)
class Owner:
    """A process that has the file open, told apart from a later process of the same pid."""

    name: str
    pid: int

    @property
    def is_alive(self) -> bool:
        """Whether it still runs: no heartbeat is needed where all processes are on one machine."""
        if self.pid == os.getpid():
            return self.name in _open_owners
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return _started(self.pid) == self.name.partition("-")[0]


class Database:
    """One connection, used by one thread of its own: nothing here blocks an event loop."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raise ConfigurationError when a newer gem_assets wrote it."""
        self.path = path
        self.me = Owner(f"{_started(os.getpid())}-{uuid.uuid4().hex[:12]}", os.getpid())
        path.parent.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gem-journal")
        try:
            self.connection = self._thread.submit(_connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        _open_owners.add(self.me.name)

    async def work(self, work: Callable[[], T]) -> T:
        """Do something on the thread; raises StopRunError where the file cannot be used any more."""
        # Shielded: a cancelled caller must not take back the writing of an answer that was paid for.
        try:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        except sqlite3.Error as error:
            raise StopRunError(
                f"the journal {self.path} cannot be used ({error}): is the disk full?"
            ) from error

    def work_now(self, work: Callable[[], T]) -> T:
        """Do something on the thread and wait for it."""
        return self._thread.submit(work).result()

    def in_transaction(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Do something whole or not at all; on the thread only.

        What is not `durable` outlives the process and may be lost when the power fails: places, claims.
        """
        self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        with self._transaction():
            return work(self.connection)

    def close(self, last: Callable[[sqlite3.Connection], None]) -> None:
        """Do a last thing and close the file."""
        _open_owners.discard(self.me.name)
        try:
            self.work_now(lambda: self.in_transaction(last))
        except sqlite3.Error as error:
            # No harm: what belongs to an owner who is gone is taken over.
            logger.warning("%s: claims were left behind (%s)", self.path, error)
        finally:
            self.work_now(self.connection.close)
            self._thread.shutdown()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        _enter_wal_mode(connection)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < SCHEMA_VERSION:
            # Every statement of the file may be run again, so processes that start together do no harm.
            connection.executescript(f"BEGIN IMMEDIATE;\n{SCHEMA.read_text('utf-8')}\nCOMMIT;")
    except sqlite3.DatabaseError as error:
        raise ConfigurationError(
            f"the journal {path} cannot be opened ({error}): is it a journal?"
        ) from error
    if version > SCHEMA_VERSION:
        connection.close()
        raise ConfigurationError(
            f"the journal {path} has version {version} and this gem_assets reads {SCHEMA_VERSION}: "
            "install the newer gem_assets that wrote it"
        )
    return connection


def _enter_wal_mode(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite does not apply its own waiting to this when processes start together."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _started(pid: int) -> str:
    """When a process started, in clock ticks; `0` where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "0"
    return stat.rpartition(")")[2].split()[19]
