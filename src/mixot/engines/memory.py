"""Samples in memory, swept by threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from mixot.engines.kernel import Block, Spaces, folded, run_blocks
from mixot.engines.layout import added, added_by_part, aligned, layout
from mixot.engines.task import Sums, Task, kind
from mixot.engines.threads import Pace, available_threads, in_order, one_blas_thread
from mixot.families.linear import LinearForm, Moments
from mixot.types import Array, Sample

# Log-densities of at most this many entries are kept between the passes over one density.
_KEEP = 1 << 20


class Memory:
    """An engine over a sample in memory, in the frame of one linear form (or none).

    n_threads: None measures whether threads are faster than none for each kind of pass. labels:
    (n,) those of rows that belong to one component for certain, -1 for the others.
    """

    def __init__(
        self,
        sample: Sample,
        form: LinearForm | None,
        n_components: int,
        n_threads: int | None,
        labels: NDArray[np.intp] | None = None,
    ) -> None:
        self.sample = sample
        self.form = form
        self.size = sample.size
        n_samples, n_features = sample.points.shape
        self._layout = layout(n_samples, columns(form, n_components, n_features))
        with one_blas_thread():
            self._runs = [
                [_block(sample, form, rows, labels) for rows in self._layout.blocks(run)]
                for part in self._layout.parts()
                for run in self._layout.runs(part)
            ]
        self._threads = available_threads() if n_threads is None else n_threads
        self._pace = Pace(forced=n_threads is not None)
        self._pool: ThreadPoolExecutor | None = None
        self._spaces = Spaces(form)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold the threads for many passes; outside of it each pass runs on the caller's alone."""
        with one_blas_thread():
            if self._threads == 1 or len(self._runs) == 1:
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
        form = self.form
        if form is None:
            return None

        def of_run(blocks: list[Block]) -> Moments:
            return added(_moments(form, block) for block in blocks)

        with one_blas_thread():
            parts = self._layout.parts()
            return added(added_by_part(self._layout, parts, map(of_run, self._runs)))

    def memo(self, n_components: int) -> dict[int, Array] | None:
        """Return an empty store for a density's values if they are few enough to keep."""
        return {} if self._layout.n_samples * n_components <= _KEEP else None

    def run(self, task: Task) -> Sums:
        """Sweep all rows."""
        fast = folded(task)

        def of_run(blocks: list[Block]) -> Sums:
            return run_blocks(blocks, task, self._spaces.of(task), fast)

        parts = self._layout.parts()
        if self._pool is None:
            return added(added_by_part(self._layout, parts, map(of_run, self._runs)))
        threaded = self._pace.threaded(kind(task))
        begin = perf_counter()
        runs: Iterator[Sums] = map(of_run, self._runs)
        if threaded:
            runs = in_order(self._pool, of_run, self._runs, ahead=len(self._runs))
        sums = added(added_by_part(self._layout, parts, runs))
        self._pace.note(kind(task), threaded, perf_counter() - begin)
        return sums


def columns(form: LinearForm | None, n_components: int, n_features: int) -> int:
    """Return the number of columns of a block's working arrays."""
    return n_components + (n_features if form is None else form.n_rows)


def _block(
    sample: Sample, form: LinearForm | None, rows: slice, labels: NDArray[np.intp] | None
) -> Block:
    points, weights, framed = sample.points[rows], sample.weights[rows], None
    if form is not None:
        values = form.to_frame(points)
        framed = aligned(*values.shape)
        framed[:] = values
    known = None if labels is None or (labels[rows] < 0).all() else labels[rows]
    return Block(points, framed, weights, rows.start, float(np.add.reduce(weights)), known)


def _moments(form: LinearForm, block: Block) -> Moments:
    assert block.framed is not None
    return form.moments(block.framed, block.weights)
