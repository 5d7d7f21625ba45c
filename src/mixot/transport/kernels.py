"""Sweeps in the kernel domain: exponentials are taken once, and a sweep is products with them.

With E = exp(s - c - top) for the costs c of a block (K, m), a tilt s to begin with, the largest
exponent of each row, u = exp(t - s - max (t - s)) and the rows' shares a,

    total = u'E,    marginal = u * (E (a / total)),    shared = u u' * (E diag(a / total^2) E').

Nothing of the pass over an exponential's argument is left, which is three quarters of a sweep with
few components. Every product has to be a number: a row has an entry of 1, so that its total is at
least exp(-range of t - s), which bounds them all; and entries that are taken for zero are nothing
to a total of that size. A tilt that has moved too far is begun with anew, as stabilised Sinkhorn
does [Schmitzer 2019, absorption].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixot.engines.layout import aligned
from mixot.engines.rules import nearly_exponentials
from mixot.transport.blocks import empty_blocks
from mixot.transport.columns import Columns, shared
from mixot.types import Array

# The range of t - s within which no sum leaves that of doubles.
_WIDEST = 150.0
# Entries of all kernels together, half a gigabyte.
_MOST = 1 << 26


def in_reach(blocks: Sequence[Array]) -> bool:
    """Say whether a second copy is to be had of so many costs."""
    return sum(block.size for block in blocks) <= _MOST


class Buffers:
    """What one thread needs for a block of m rows and size = K m entries."""

    def __init__(self, size: int, m: int) -> None:
        self.kernel, self.scaled = aligned(size), aligned(size)
        self.total, self.ratio = aligned(m), aligned(m)


@dataclass(slots=True)
class _Made:
    """A kernel (K, m), and the mean over the rows' shares of what its exponents are short of."""

    entries: Array
    short: float


class Kernels:
    """The kernels of blocks of finite costs (K, m), with shares (m,), at one temperature.

    They are made when they are first asked for; `begin` is the tilt s (K,) that they contain.
    """

    def __init__(self, blocks: Sequence[Array], weights: Sequence[Array], cooling: float) -> None:
        self._blocks, self._weights, self._cooling = blocks, weights, cooling
        self._made: list[_Made | None] = [None] * len(blocks)
        ends = np.cumsum([block.shape[1] for block in blocks]).tolist()
        cut = [slice(end - block.shape[1], end) for end, block in zip(ends, blocks, strict=True)]
        self._entries = empty_blocks(blocks[0].shape[0], cut)
        self.begin = np.zeros(blocks[0].shape[0])

    def reach(self, tilt: Array) -> bool:
        """Begin anew at a tilt (K,) that is too far from the one before; False if it is infinite.

        A row's largest entry must not belong to a column that receives nothing.
        """
        if not np.isfinite(tilt).all():
            return False
        if np.ptp(tilt - self.begin) > _WIDEST:
            self.begin = tilt.copy()
            self._made = [None] * len(self._made)
        return True

    def sweep(
        self, run: slice, roots: Sequence[Array], tilt: Array, hessian: bool, buffers: Buffers
    ) -> Columns:
        """Return the sums over a run of blocks, the Hessian's those of r_i r_i'.

        roots: those of the shares, of all blocks. No two threads ask for one run at once.
        """
        ahead = tilt - self.begin
        most = float(ahead.max())
        factors = np.exp(ahead - most)
        value, sent = 0.0, np.zeros(tilt.size)
        second = np.zeros((tilt.size, tilt.size)) if hessian else None
        for number in range(*run.indices(len(self._blocks))):
            made = self._made[number]
            if made is None:
                made = self._fill(number)
            kernel, weights = made.entries, self._weights[number]
            row, part = buffers.total[: weights.size], buffers.ratio[: weights.size]
            np.matmul(factors, kernel, out=row)
            sent += kernel @ np.divide(weights, row, out=part)
            if second is not None:
                product = buffers.scaled[: kernel.size].reshape(kernel.shape)
                second += shared(kernel, np.divide(roots[number], row, out=part), product)
            value += made.short + float(weights @ np.log(row, out=row))
            value += most * float(np.add.reduce(weights))
        if second is not None:
            second *= factors[:, None] * factors
        return Columns(value, factors * sent, second)

    def _fill(self, number: int) -> _Made:
        """Write the kernel of a block, and remember that."""
        costs, entries, short = self._blocks[number], self._entries[number], 0.0
        np.multiply(costs, -self._cooling, out=entries)
        if self.begin.any():
            np.add(entries, self.begin[:, None], out=entries)
            top = np.maximum.reduce(entries, axis=0)
            np.subtract(entries, top, out=entries)
            short = float(self._weights[number] @ top)
        made = _Made(nearly_exponentials(entries), short)
        self._made[number] = made
        return made
