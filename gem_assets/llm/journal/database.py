"""The journal's SQLite file: one connection on a thread of its own, and who else has it open.

Does not belong here: what is in the tables (`journal.py`, `places.py`, `rates.py`, `budget.py`), how work is
put together in transactions (`groups.py`).
"""

import logging
import os
import sqlite3
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gem_assets.llm.journal.groups import Groups, Kind, Work
from gem_assets.llm.protocol import StopRunError
from gem_assets.llm.roles import ConfigurationError

G = TypeVar("G")
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
        self._groups = Groups(lambda: _connect(path))
        self.connection = self._groups.connection
        self.write_someday = self._groups.someday
        _open_owners.add(self.me.name)

    async def read(self, work: Work[G, T], given: G) -> T:
        """Read on the thread; raises StopRunError where the file cannot be used any more."""
        return await self._do(work, given, "read")

    async def write(self, work: Work[G, T], given: G, *, durable: bool = True) -> T:
        """Do something whole or not at all; raises StopRunError where the file cannot be used any more.

        What is not `durable` outlives the process and may be lost when the power fails: places, claims.
        """
        return await self._do(work, given, "durable" if durable else "agree")

    def read_now(self, work: Work[G, T], given: G) -> T:
        """Read on the thread and wait for it."""
        return self._groups.do_now(work, given, "read")

    def close(self, last: Work[None, object]) -> None:
        """Write a last thing and close the file."""
        _open_owners.discard(self.me.name)
        try:
            self._groups.do_now(last, None, "durable")
        except sqlite3.Error as error:
            # No harm: what belongs to an owner who is gone is taken over.
            logger.warning("%s: claims were left behind (%s)", self.path, error)
        finally:
            self._groups.close()

    async def _do(self, work: Work[G, T], given: G, kind: Kind) -> T:
        try:
            return await self._groups.do(work, given, kind)
        except sqlite3.Error as error:
            raise StopRunError(
                f"the journal {self.path} cannot be used ({error}): is the disk full?"
            ) from error


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
