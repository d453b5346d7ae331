"""Runs asynchronous work so that Ctrl-C and SIGTERM let the calls in flight come home first.

Does not belong here: how long they are waited for (`pacing.py`).
"""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; a signal cancels it, waits until it has cleaned up, then takes its usual course.

    A second signal does not wait. Outside the main thread, which hears no signals, this is `asyncio.run`.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        return asyncio.run(_listening(work, received))
    except asyncio.CancelledError:
        _restore(before)
        if received:
            os.kill(os.getpid(), received[0])
        raise KeyboardInterrupt from None
    finally:
        _restore(before)


def _restore(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


async def _listening(work: Coroutine[Any, Any, T], received: list[int]) -> T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def stop(number: int) -> None:
        received.append(number)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
