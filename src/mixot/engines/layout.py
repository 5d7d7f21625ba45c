"""How rows are cut: into parts, runs and blocks, whoever sweeps them.

A *part* is what a worker holds; it follows from the number of rows alone, so that data need not
move when the model changes. Within a part *blocks* fit a core's cache, and a *run* of blocks is
what one thread takes and what is read from a file at once. All follow from the sizes of the
problem, never from threads, files or workers, and sums are added in the same order everywhere:
blocks to runs, runs to parts, parts to the whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from math import prod
from operator import add
from typing import TypeVar

import numpy as np

from mixot.types import Array

# Bytes of a block's features and log-kernel together, about what a second-level cache of 1 MB
# takes: one thread loses nothing by the eighth beyond, and two wait for each other a third less
# than in blocks of three quarters. Shorter blocks than the smallest cost more in calls than their
# features do outside of that cache.
_BLOCK_BYTES = 9 << 17
_SMALLEST, _LARGEST = 384, 8192
# Rows begin at multiples of this many doubles: vector loads then never cross a cache line.
_LINE = 8
# A run is worth the way to a thread, and leaves work for several.
_FEWEST_BLOCKS, _MOST_BLOCKS = 4, 16
# Parts are few, since their sums are what travels between machines, and so many that some hundred
# workers find work.
_PART_ROWS = 1 << 16
_MOST_PARTS = 256

Summand = TypeVar("Summand")


@dataclass(frozen=True, slots=True)
class Layout:
    """A cut of n rows into parts, runs and blocks of so many rows, the last ones shorter."""

    n_samples: int
    part: int
    run: int
    block: int

    def parts(self) -> list[slice]:
        """Return the rows of each part."""
        return cuts(slice(0, self.n_samples), self.part)

    def runs(self, part: slice) -> list[slice]:
        """Return the rows of each run of a part."""
        return cuts(part, self.run)

    def blocks(self, run: slice) -> list[slice]:
        """Return the rows of each block of a run."""
        return cuts(run, self.block)


def layout(n_samples: int, n_columns: int) -> Layout:
    """Cut for blocks whose working arrays have `n_columns` columns in all."""
    fitting = _BLOCK_BYTES // (8 * n_columns)
    block = int(np.clip(fitting, _SMALLEST, _LARGEST)) // _LINE * _LINE
    n_blocks = -(-n_samples // block)
    run = block * int(np.clip(n_blocks // 8, _FEWEST_BLOCKS, _MOST_BLOCKS))
    return Layout(n_samples, part_rows(n_samples), run, block)


def part_rows(n_samples: int) -> int:
    """Return the number of rows of a part."""
    return _PART_ROWS * max(1, -(-n_samples // (_PART_ROWS * _MOST_PARTS)))


def cuts(rows: slice, size: int) -> list[slice]:
    """Cut rows into pieces of this size, the last one shorter."""
    return [
        slice(start, min(start + size, rows.stop)) for start in range(rows.start, rows.stop, size)
    ]


def added(values: Iterable[Summand]) -> Summand:
    """Add values in their order, which fixes the rounding."""
    return reduce(add, values)


def added_by_part(cut: Layout, parts: Iterable[slice], runs: Iterator[Summand]) -> list[Summand]:
    """Return the sum of each part, given the results of all runs of these parts in order."""
    return [added(islice(runs, len(cut.runs(part)))) for part in parts]


def aligned(*shape: int) -> Array:
    """Return an uninitialised array whose first entry begins a cache line."""
    size = prod(shape)
    raw = np.empty(size + _LINE)
    offset = (-raw.ctypes.data // 8) % _LINE
    return raw[offset : offset + size].reshape(shape)
