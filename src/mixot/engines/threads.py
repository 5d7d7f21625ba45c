"""Threads: how many there are, whether they pay, and how they take turns."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_blas_thread() -> AbstractContextManager[object]:
    """Hold the linear algebra library at one thread from now on, and until the context ends.

    The blocks' matrix products are small, so that its threads would only fight with those here;
    and two of them may round otherwise than one.
    """
    limit: AbstractContextManager[object] = _linear_algebra().limit(limits=1, user_api="blas")
    return limit


@cache
def hold_one_blas_thread() -> None:
    """Hold the linear algebra library at one thread as long as the process lives.

    For workers: contexts in several of their threads would lift each other's limits.
    """
    one_blas_thread()


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


def in_order(
    pool: ThreadPoolExecutor, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """Yield function(item) for every item in order, with at most `ahead` more under way."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def read_ahead(pool: ThreadPoolExecutor, items: Iterator[Item]) -> Generator[Item, None, None]:
    """Yield the items, fetching one while the one before is in use."""
    fetched: Future[Item | None] = pool.submit(next, items, None)
    try:
        while (item := fetched.result()) is not None:
            fetched = pool.submit(next, items, None)
            yield item
    finally:
        # Whoever stops early must not close the source under the thread that still reads.
        fetched.cancel() or fetched.exception()


class Pace:
    """Chooses between threads and none by the clock, for each kind of pass.

    A block is a dozen calls of NumPy, and on small blocks threads wait for the interpreter's lock.
    """

    def __init__(self, forced: bool) -> None:
        self._forced = forced
        self._best: dict[tuple[object, bool], float] = {}
        self._tries: dict[tuple[object, bool], int] = {}

    def threaded(self, kind: object) -> bool:
        """Say whether the next pass of this kind runs on threads."""
        if self._forced:
            return True
        counts = {way: self._tries.get((kind, way), 0) for way in (False, True)}
        if min(counts.values()) < 2:
            return counts[True] < counts[False]
        return self._best[kind, True] < self._best[kind, False]

    def note(self, kind: object, threaded: bool, seconds: float) -> None:
        """Remember how long a pass took."""
        key = (kind, threaded)
        self._tries[key] = self._tries.get(key, 0) + 1
        self._best[key] = min(self._best.get(key, seconds), seconds)
