"""Put files in place whole: written aside, flushed to disk, renamed; and one writer per name.

A reader sees the old file or the new one, never a part; a crash leaves at most a temporary file behind.
"""

import errno
import fcntl
import os
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gem_assets.store.home import StoreError

# Named after the writer's process; DuckDB puts its log beside the file it writes.
_TEMPORARY = re.compile(r"\..+\.(\d+)\.tmp(?:\.wal)?")

_REMEDIES = {
    errno.ENOSPC: "free some space and run this again",
    errno.EDQUOT: "free some space and run this again",
    errno.EROFS: "make the folder writable, or set GEM_HOME to one that is",
    errno.EACCES: "make the folder writable, or set GEM_HOME to one that is",
    errno.EPERM: "make the folder writable, or set GEM_HOME to one that is",
}


@contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Give a temporary path to write to; on leaving without an error it takes the place of `path`."""
    with replacing_all([path]) as temporaries:
        yield temporaries[0]


@contextmanager
def replacing_all(paths: Sequence[Path]) -> Generator[list[Path]]:
    """Give temporary paths to write to; without an error they take the places of `paths`, in order.

    The paths are of one folder, which is flushed to disk once.

    Raises:
        StoreError: the file system refuses; what the block raises comes out as it is.
    """
    folder = paths[0].parent
    temporaries = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths]
    # Not around the block: what it reads may refuse, too.
    with map_os_errors(str(paths[0])):
        folder.mkdir(parents=True, exist_ok=True)
        # What a dead process of the same number left would be opened instead of a new file.
        for temporary in temporaries:
            _discard(temporary)
    try:
        yield temporaries
        with map_os_errors(str(paths[0])):
            for temporary in temporaries:
                _flush(temporary)
            for temporary, path in zip(temporaries, paths, strict=True):
                temporary.replace(path)
            _flush(folder)
    finally:
        for temporary in temporaries:
            _discard(temporary)


@contextmanager
def map_os_errors(what: str) -> Generator[None]:
    """Turn what the file system refuses while `what` is written into a StoreError with what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(unwritten(what, error)) from error


def unwritten(what: str, error: Exception) -> str:
    """Write the sentence about a refusal of the file system, also one that a library quotes."""
    number = error.errno if isinstance(error, OSError) else None
    if number is None:
        number = next((known for known in _REMEDIES if os.strerror(known) in str(error)), None)
    reason = str(error).partition("\n")[0] if number is None else os.strerror(number)
    remedy = _REMEDIES.get(number) if number is not None else None
    return f"{what} could not be written: {reason}" + (f": {remedy}" if remedy else "")


def write_text(path: Path, text: str) -> None:
    """Replace a text file whole; raises StoreError where the file system refuses."""
    with map_os_errors(str(path)), replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def append_line(path: Path, line: str) -> None:
    """Append one line, durably, also while other processes append; raises StoreError where that is refused.

    A line that a crash left unfinished is closed first, so that it spoils nothing but itself.
    """
    with map_os_errors(str(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0, os.SEEK_END)
            torn = False
            if file.tell():
                file.seek(-1, os.SEEK_END)
                torn = file.read(1) != b"\n"
            file.write((b"\n" if torn else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def only_writer(lock: Path, what: str, *, wait: bool = False) -> Generator[None]:
    """Hold a lock file while writing; without `wait` raises StoreError when another process holds it.

    The lock belongs to the open file, so the kernel frees it when its holder dies.
    """
    with map_os_errors(what):
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise StoreError(
                f"another process is writing {what}: wait for it, or stop it, and run this again"
            ) from error
        yield


def is_writable(folder: Path) -> bool:
    """Say whether files can be put into a folder: not where the home is read-only, or another's."""
    return os.access(folder, os.W_OK)


def sweep(folder: Path) -> int:
    """Remove temporary files whose writer is dead; returns how many."""
    removed = 0
    for path in folder.rglob(".*.tmp*"):
        name = _TEMPORARY.fullmatch(path.name)
        if name is not None and not is_alive(int(name[1])):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _discard(temporary: Path) -> None:
    temporary.unlink(missing_ok=True)
    temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)


def is_alive(process: int) -> bool:
    """Say whether a process of this number is running, whoever owns it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
