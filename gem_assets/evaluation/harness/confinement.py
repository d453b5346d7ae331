"""Shuts a harness process in before it evaluates text that a model wrote. Imports nothing of ours.

BFCL passes model output to `eval` behind a list of forbidden names. So the process has no key in its
environment, limited memory and time, and an audit hook, which nothing can take out again, refuses programs,
connections other than to the relay, and writing outside the scratch folder. It keeps mishaps and mischief of
a model in; it is no jail for an attacker who knows CPython's insides: use a container for that.
"""

import os
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEMORY_BYTES = 8 * 2**30
"""Address space, not memory used: 800 entries were scored in 160 MB."""
FILE_BYTES = 4 * 2**30
SECONDS_OF_CPU = 6 * 3600

_PROGRAMS = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
}
_CHANGES = {
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "shutil.rmtree",
    "shutil.move",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def die_with_parent() -> None:
    """End when standard input does, which whoever started this process holds open."""

    def wait() -> None:
        while sys.stdin.buffer.raw.read(4096):  # pyright: ignore[reportAttributeAccessIssue]
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def limit_resources() -> None:
    """Bound memory, file sizes and processor time; leave no core dumps."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CPU, SECONDS_OF_CPU),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def shut_in(scratch: Path, port: int | None) -> None:
    """Refuse, from here on: programs, other connections than to `port` of 127.0.0.1, writing elsewhere."""
    rules = _rules(os.path.realpath(scratch) + os.sep, port)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        rule = rules.get(event)
        if rule is not None and not rule(arguments):
            raise PermissionError(f"{event} is not allowed in a harness")

    sys.addaudithook(hook)


def _rules(scratch: str, port: int | None) -> dict[str, Callable[[tuple[Any, ...]], bool]]:
    def inside(path: Any) -> bool:  # noqa: ANN401 - what the caller gave as a path
        if isinstance(path, int):
            return True
        text = os.fsdecode(path)
        return text == os.devnull or (os.path.realpath(text) + os.sep).startswith(scratch)

    def opened(arguments: tuple[Any, ...]) -> bool:
        path, mode, flags = arguments[0], arguments[1], arguments[2] or 0
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool(flags & _WRITING)
        return not writes or inside(path)

    rules: dict[str, Callable[[tuple[Any, ...]], bool]] = {
        name: lambda arguments: False for name in (*_PROGRAMS, "socket.bind")
    }
    rules |= {
        name: lambda arguments: all(inside(a) for a in arguments[:2] if isinstance(a, str | bytes))
        for name in _CHANGES
    }
    rules["open"] = opened
    rules["socket.connect"] = lambda arguments: arguments[1] == ("127.0.0.1", port)
    rules["socket.getaddrinfo"] = lambda arguments: arguments[0] in ("127.0.0.1", b"127.0.0.1", "localhost")
    return rules
