"""Rows that are read anew in every pass, and swept while the next ones are read."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from time import perf_counter

import numpy as np

from mixot.engines.kernel import Block, Spaces, folded, run_blocks
from mixot.engines.layout import Layout, added, added_by_part, cuts, layout
from mixot.engines.memory import columns
from mixot.engines.tables import Weighed
from mixot.engines.task import Sums, Task, kind
from mixot.engines.threads import (
    Pace,
    available_threads,
    in_order,
    one_blas_thread,
    read_ahead,
)
from mixot.families.linear import LinearForm, Moments
from mixot.types import Array

# Rows that were read: the run that they are, their points and their shares.
_Read = tuple[slice, Array, Array]


class Stream:
    """An engine over a table of which a few runs at a time are in memory.

    parts: those that are swept, by default all. n_threads: None measures whether threads pay.
    """

    def __init__(
        self,
        rows: Weighed,
        size: float,
        form: LinearForm | None,
        n_components: int,
        n_threads: int | None,
        parts: Sequence[slice] | None = None,
    ) -> None:
        self.form = form
        self.size = size
        self._rows = rows
        self._layout: Layout = layout(
            rows.table.n_samples, columns(form, n_components, rows.table.n_features)
        )
        self._parts = self._layout.parts() if parts is None else parts
        self._runs = [run for part in self._parts for run in self._layout.runs(part)]
        self._threads = available_threads() if n_threads is None else n_threads
        self._pace = Pace(forced=n_threads is not None)
        self._pool: ThreadPoolExecutor | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._spaces = Spaces(form)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold the threads for many passes; outside of it each pass runs on the caller's alone."""
        with one_blas_thread(), ThreadPoolExecutor(1) as reader:
            self._reader = reader
            try:
                if self._threads == 1 or len(self._runs) == 1:
                    yield
                    return
                with ThreadPoolExecutor(self._threads) as self._pool:
                    yield
            finally:
                self._pool = self._reader = None

    def moments(self) -> Moments | None:
        """Return what the linear form needs to know of the rows."""
        if self.form is None:
            return None
        return added(self.part_moments())

    def memo(self, n_components: int) -> dict[int, Array] | None:
        """Keep nothing between passes."""
        del n_components
        return None

    def run(self, task: Task) -> Sums:
        """Sweep all rows."""
        return added(self.part_sums(task))

    def part_moments(self) -> list[Moments]:
        """Return the moments of each part."""
        form = self.form
        assert form is not None

        def of_run(read: _Read) -> Moments:
            return added(
                form.moments(block.framed, block.weights)
                for block in self._blocks(read)
                if block.framed is not None
            )

        with one_blas_thread(), closing(self._read()) as runs:
            return added_by_part(self._layout, self._parts, map(of_run, runs))

    def part_sums(self, task: Task) -> list[Sums]:
        """Return the sums of each part."""
        fast = folded(task)

        def of_run(read: _Read) -> Sums:
            return run_blocks(self._blocks(read), task, self._spaces.of(task), fast)

        threaded = self._pool is not None and self._pace.threaded(kind(task))
        begin = perf_counter()
        with closing(self._read()) as reads:
            runs: Iterator[Sums] = map(of_run, reads)
            if threaded and self._pool is not None:
                runs = in_order(self._pool, of_run, reads, ahead=self._threads)
            sums = added_by_part(self._layout, self._parts, runs)
        self._pace.note(kind(task), threaded, perf_counter() - begin)
        return sums

    def _read(self) -> Generator[_Read, None, None]:
        slabs = self._rows.slabs(self._runs)
        if self._reader is not None:
            slabs = read_ahead(self._reader, slabs)
        with closing(slabs):
            for run, (points, shares) in zip(self._runs, slabs, strict=True):
                yield run, points, shares

    def _blocks(self, read: _Read) -> Iterator[Block]:
        run, points, shares = read
        for inside in cuts(slice(0, len(points)), self._layout.block):
            some, weights = points[inside], shares[inside]
            framed = None if self.form is None else self.form.to_frame(some)
            mass = float(np.add.reduce(weights))
            yield Block(some, framed, weights, run.start + inside.start, mass)
