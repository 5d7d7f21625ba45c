"""How rows are cut: into blocks that fit a core's cache, and runs of blocks that one thread takes.

Both follow from the sizes of the problem alone, never from threads, files or workers, so that every
engine adds the same numbers in the same order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mixot.types import Array

# Bytes of a block's features and log-kernel together. Matrix products pack their operands, so that
# about a quarter of a second-level cache of 2 MB is what a block can fill without leaving it.
_BLOCK_BYTES = 1 << 19
_SMALLEST, _LARGEST = 96, 8192
# Rows begin at multiples of this many doubles: vector loads then never cross a cache line.
_LINE = 8
_BLOCKS_A_RUN = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """A cut of n rows into blocks of `block` rows and runs of `run` rows, the last ones shorter."""

    n_samples: int
    block: int
    run: int

    def runs(self) -> list[slice]:
        """Return the rows of each run."""
        return [
            slice(start, min(start + self.run, self.n_samples))
            for start in range(0, self.n_samples, self.run)
        ]


def layout(n_samples: int, n_columns: int) -> Layout:
    """Cut for blocks whose working arrays have `n_columns` columns in all."""
    fitting = _BLOCK_BYTES // (8 * n_columns)
    block = int(np.clip(fitting, _SMALLEST, _LARGEST)) // _LINE * _LINE
    n_blocks = -(-n_samples // block)
    run = block * int(np.clip(n_blocks // 8, 1, _BLOCKS_A_RUN))
    return Layout(n_samples, block, run)


def blocks(rows: slice, block: int) -> Iterator[slice]:
    """Return the rows of each block of a run, counted from the run's first row."""
    length = rows.stop - rows.start
    for start in range(0, length, block):
        yield slice(start, min(start + block, length))


def aligned(*shape: int) -> Array:
    """Return an uninitialised array whose first entry begins a cache line."""
    size = int(np.prod(shape))
    raw = np.empty(size + _LINE)
    offset = (-raw.ctypes.data // 8) % _LINE
    return raw[offset : offset + size].reshape(shape)
