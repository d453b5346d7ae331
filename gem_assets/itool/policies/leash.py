"""Run a command that ends with whoever started it: `python leash.py COMMAND…`, its input being a pipe.

The pipe closes however the other side ends, killed or not. A server that outlived its campaign would hold the
devices' memory, and the campaign that goes on could not load its model. Imports nothing of the project.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

GRACE_SECONDS = 30


def main(command: Sequence[str]) -> int:
    """Run the command until it ends or the input does; returns its exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_end_with_input, args=(child,), daemon=True).start()
    status = child.wait()
    # A server's own workers are of its group, and may be left when it crashed.
    _signal_all(child, signal.SIGKILL)
    return status if status >= 0 else 128 - status


def _end_with_input(child: "subprocess.Popen[bytes]") -> None:
    sys.stdin.buffer.read()
    _signal_all(child, signal.SIGTERM)
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal_all(child, signal.SIGKILL)


def _signal_all(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
