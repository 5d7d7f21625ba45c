"""Samples in memory, swept by threads.

Runs of blocks are summed by themselves and their sums added in order, so that the result has the
same bits for any number of threads.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from time import perf_counter

from threadpoolctl import ThreadpoolController

from mixot.engines.kernel import Block, Workspace, folded, run_blocks
from mixot.engines.layout import Layout, aligned, blocks, layout
from mixot.engines.task import Sums, Task, total
from mixot.families.linear import LinearForm, Moments
from mixot.types import Array, Sample

# Log-densities of at most this many entries are kept between the passes over one density.
_KEEP = 1 << 20


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Memory:
    """An engine over a sample in memory, in the frame of one linear form (or none).

    n_threads: None measures whether threads are faster than none for each kind of pass: a block is
    a dozen calls of NumPy, and on small blocks the threads wait for the interpreter's lock.
    """

    def __init__(
        self, sample: Sample, form: LinearForm | None, n_components: int, n_threads: int | None
    ) -> None:
        self.sample = sample
        self.form = form
        self.size = sample.size
        n_samples, n_features = sample.points.shape
        width = form.n_rows if form is not None else n_features
        self._layout: Layout = layout(n_samples, n_components + width)
        self._framed = None if form is None else _frame(sample.points, form, self._layout)
        self._threads = available_threads() if n_threads is None else n_threads
        self._pace = _Pace(forced=n_threads is not None)
        self._pool: ThreadPoolExecutor | None = None
        self._local = threading.local()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold the threads for many passes; outside of it each pass runs on the caller's alone.

        The blocks' matrix products are small, so that threads of the linear algebra library would
        fight with these: it is held at one.
        """
        with _linear_algebra().limit(limits=1, user_api="blas"):
            if self._threads == 1 or self._layout.n_samples <= self._layout.run:
                yield
                return
            with ThreadPoolExecutor(self._threads) as pool:
                self._pool = pool
                try:
                    yield
                finally:
                    self._pool = None

    def moments(self) -> Moments | None:
        """Return what the linear form needs to know of the sample."""
        if self.form is None or self._framed is None:
            return None
        found: Moments | None = None
        size = self._layout.block
        for number, framed in enumerate(self._framed):
            weights = self.sample.weights[number * size : (number + 1) * size]
            part = self.form.moments(framed, weights)
            found = part if found is None else found + part
        return found

    def memo(self, n_components: int) -> dict[int, Array] | None:
        """Return an empty store for a density's values if they are few enough to keep."""
        return {} if self._layout.n_samples * n_components <= _KEEP else None

    def run(self, task: Task) -> Sums:
        """Sweep all rows."""
        fast = folded(task)
        runs = self._layout.runs()

        def part(rows: slice) -> Sums:
            return self._run(rows, task, fast)

        kind = (task.statistics, task.hessian, task.earlier is None)
        if self._pool is None or len(runs) == 1:
            return total([part(rows) for rows in runs])
        threaded = self._pace.threaded(kind)
        begin = perf_counter()
        parts = list(self._pool.map(part, runs)) if threaded else [part(rows) for rows in runs]
        self._pace.note(kind, threaded, perf_counter() - begin)
        return total(parts)

    def _run(self, rows: slice, task: Task, fast: tuple[Array, float] | None) -> Sums:
        n_components = task.tilt.size
        return run_blocks(
            self._blocks(rows),
            task,
            lambda block: self._space(n_components, block.weights.size),
            fast,
        )

    def _blocks(self, rows: slice) -> Iterator[Block]:
        size = self._layout.block
        for inside in blocks(rows, size):
            first, last = rows.start + inside.start, rows.start + inside.stop
            yield Block(
                self.sample.points[first:last],
                None if self._framed is None else self._framed[first // size],
                self.sample.weights[first:last],
                first,
            )

    def _space(self, n_components: int, m: int) -> Workspace:
        spaces: dict[tuple[int, int], Workspace] | None = getattr(self._local, "spaces", None)
        if spaces is None:
            spaces = self._local.spaces = {}
        found = spaces.get((n_components, m))
        if found is None:
            found = spaces[n_components, m] = Workspace(self.form, n_components, m)
        return found


@cache
def _linear_algebra() -> ThreadpoolController:
    return ThreadpoolController()


def _frame(points: Array, form: LinearForm, cut: Layout) -> list[Array]:
    framed = []
    for inside in blocks(slice(0, cut.n_samples), cut.block):
        values = form.to_frame(points[inside])
        block = aligned(*values.shape)
        block[:] = values
        framed.append(block)
    return framed


class _Pace:
    """Chooses between threads and none by the clock, for each kind of pass."""

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
