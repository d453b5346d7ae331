"""Do something for many items, several at a time, keeping their order.

Does not belong here: what is done.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def each(work: Callable[[T], R], items: Sequence[T], at_once: int) -> list[R]:
    """Give the result for each item; after the first error nothing new is begun, and the error is raised."""
    if at_once == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
