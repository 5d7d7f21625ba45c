"""A cost matrix cut into blocks of rows that fit a core's cache, components first.

Subtracting the smallest cost of each row and then of each column changes the potentials and not
the plan: C_ik = r_i + q_k + epsilon c_ik with c >= 0. Rows lose theirs always, columns where it is
larger than the temperature.
"""

from dataclasses import dataclass

import numpy as np

from mixot.engines.layout import aligned, cuts
from mixot.errors import InputError
from mixot.types import Array, Mask

# Bytes of a block's costs. With many components the product of its rows with themselves wants them
# long, and sweeps that only multiply do not mind where the costs lie.
_BLOCK_BYTES = 1 << 20
_LARGEST = 8192
_LINE = 8
# No finite cost over the temperature goes above the inverse of this.
_SAFE = 1e-305


@dataclass(frozen=True, slots=True, eq=False)
class Offsets:
    """The part of a cost that potentials absorb: C_ik = rows_i + columns_k + epsilon c_ik.

    rows: (n,); columns: (K',) for the columns that are kept; kept: (K,).
    """

    rows: Array
    columns: Array
    kept: Mask
    epsilon: float

    def block(self, cost: Array, rows: slice) -> Array:
        """Return c of these rows, (K', m) in C order; finite numbers do not overflow."""
        (block,) = empty_blocks(self.columns.size, [rows])
        _transpose(cost, rows, self.kept, block)
        np.subtract(block, self.rows[rows], out=block)
        _scale(block, self.epsilon)
        if self.columns.any():
            _lower(block, self.columns / self.epsilon)
        return block


def lay_out(
    cost: Array, epsilon: float, kept: Mask, tilted: bool
) -> tuple[Offsets, tuple[Array, ...], float, bool]:
    """Return the offsets, c in blocks (K', m), its largest finite entry, and if some are infinite.

    tilted: whether columns may be lowered too. Raises InputError if the costs' range is not a
    finite number.
    """
    width = int(kept.sum())
    low, columns = np.empty(cost.shape[0]), np.full(width, np.inf)
    cut, largest, forbidden = block_rows(cost.shape[0], width), 0.0, False
    blocks = empty_blocks(width, cut)
    for rows, block in zip(cut, blocks, strict=True):
        _transpose(cost, rows, kept, block)
        smallest = np.minimum.reduce(block, axis=0, out=low[rows])
        if not np.all(smallest > -np.inf):
            raise InputError("cost must be an (n, K) array without NaN or -inf")
        smallest[np.isposinf(smallest)] = 0.0
        with np.errstate(over="ignore"):
            np.subtract(block, smallest, out=block)
        size, infinite = _scale(block, epsilon)
        # Infinite only where the cost is.
        if infinite and np.isposinf(block).sum() > np.isposinf(cost[rows][:, kept]).sum():
            raise InputError("cost: the range of a row must be a finite number")
        largest, forbidden = max(largest, size), forbidden or infinite
        np.minimum(columns, np.minimum.reduce(block, axis=1), out=columns)
    columns[(columns <= 1.0) | np.isposinf(columns)] = 0.0
    if not tilted:
        columns[:] = 0.0
    if columns.any():
        largest = max(_lower(block, columns) for block in blocks)
    offsets = Offsets(low, columns * epsilon, kept, epsilon)
    return offsets, blocks, largest, forbidden


def block_rows(n_samples: int, n_components: int) -> list[slice]:
    """Cut rows into blocks that fit the cache."""
    fitting = _BLOCK_BYTES // (8 * max(n_components, 1))
    size = min(max(fitting, 2 * _LINE), _LARGEST)
    return cuts(slice(0, n_samples), size // _LINE * _LINE)


def empty_blocks(n_components: int, cut: list[slice]) -> tuple[Array, ...]:
    """Return an uninitialised block (K, m) for each piece of the rows.

    All of them are one piece of memory: the system hands that out in large pages, and small ones
    would take longer than what is written to them.
    """
    whole = aligned(n_components * sum(rows.stop - rows.start for rows in cut))
    blocks, start = [], 0
    for rows in cut:
        m = rows.stop - rows.start
        blocks.append(whole[start : start + n_components * m].reshape(n_components, m))
        start += n_components * m
    return tuple(blocks)


def _transpose(cost: Array, rows: slice, kept: Mask, block: Array) -> None:
    np.copyto(block, (cost[rows] if kept.all() else cost[rows][:, kept]).T)


def _scale(block: Array, epsilon: float) -> tuple[float, bool]:
    """Divide costs >= 0 in place; return the largest finite one, and if some are infinite."""
    largest, infinite = float(block.max()), False
    if np.isinf(largest):
        infinite = True
        largest = _largest_finite(block)
    most = epsilon / _SAFE
    if largest > most:
        np.minimum(block, most, out=block, where=np.isfinite(block))
        largest = most
    np.divide(block, epsilon, out=block)
    return largest / epsilon, infinite


def _lower(block: Array, columns: Array) -> float:
    """Subtract the columns' share in place, and return the largest finite entry that is left."""
    np.subtract(block, columns[:, None], out=block)
    # The subtraction rounds, and what was the smallest may be so by that much.
    np.maximum(block, 0.0, out=block)
    largest = float(block.max(initial=0.0))
    return largest if np.isfinite(largest) else _largest_finite(block)


def _largest_finite(block: Array) -> float:
    return float(block.max(initial=0.0, where=np.isfinite(block)))
