"""Runs asynchronous work so that Ctrl-C and SIGTERM let the calls in flight come home first.

Does not belong here: how long they are waited for (`pacing.py`).
"""

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Mapping
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
TICK_SECONDS = 0.25


def run_until_stopped(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; a signal cancels it, waits until it has cleaned up, then takes its usual course.

    A second signal does not wait. Outside the main thread, which hears no signals, this is `asyncio.run`.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        return asyncio.run(_listening(work, received, before))
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


async def _listening(
    work: Coroutine[Any, Any, T], received: list[int], before: Mapping[signal.Signals, Any]
) -> T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def stop(number: int) -> None:
        received.append(number)
        task.cancel()

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop, number)

    # Not the loop's own handlers: Dagster's button to cancel a run interrupts the main thread from another
    # one, which is no signal of the system and which they do not hear.
    for number in SIGNALS:
        signal.signal(number, heard)
    ticking = asyncio.create_task(_tick())
    try:
        return await task
    finally:
        ticking.cancel()
        _restore(before)


async def _tick() -> None:
    """Come to now and then: an interruption from another thread does not wake a loop that waits."""
    while True:
        await asyncio.sleep(TICK_SECONDS)
