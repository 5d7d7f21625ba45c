"""A cost matrix in memory, laid out so that sweeps over its rows are fast.

Subtracting the smallest cost of each row and then of each column changes the potentials and not
the plan: C_ik = r_i + q_k + epsilon c_ik with c >= 0. One copy of c is kept, in blocks of rows that
fit a core's cache, components first; everything else is a buffer of one block.

A sweep runs at a cooling x in (0, 1], that is at the temperature epsilon / x.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixot.errors import InputError
from mixot.transport.columns import Columns, Oracle, laplacian, shared
from mixot.transport.costs import Finish, rounding
from mixot.transport.objective import objective
from mixot.transport.shares import LOWEST, SMALL, lower, near_shares, shares
from mixot.types import Array, Mask

# Bytes of a block's costs. With a kernel of the same size and the product of its rows it fills
# about half of a second-level cache of 2 MB.
_BLOCK_BYTES = 1 << 19
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
        block = _transposed(cost, rows, self.kept)
        np.subtract(block, self.rows[rows], out=block)
        self.finish(block)
        return block

    def finish(self, block: Array) -> tuple[float, bool]:
        """Turn costs without their row offsets into c, in place; return the largest finite c.

        The second result says whether some c are infinite.
        """
        if self.columns.any():
            np.subtract(block, self.columns[:, None], out=block)
            # The subtraction rounds, and r_i + q_k may exceed C_ik by that much.
            np.maximum(block, 0.0, out=block)
        largest, forbidden = float(block.max()), False
        if np.isinf(largest):
            forbidden = True
            largest = float(block.max(initial=0.0, where=np.isfinite(block)))
        most = self.epsilon / _SAFE
        if largest > most:
            np.minimum(block, most, out=block, where=np.isfinite(block))
            largest = most
        np.divide(block, self.epsilon, out=block)
        return largest / self.epsilon, forbidden


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A cost matrix in blocks.

    blocks: c, each (K', m); weights and roots: a and its square root, each (m,); spread: the
    largest finite c; forbidden: whether some c is infinite.
    """

    offsets: Offsets
    blocks: tuple[Array, ...]
    weights: tuple[Array, ...]
    roots: tuple[Array, ...]
    spread: float
    forbidden: bool

    def oracle(self, cooling: float = 1.0) -> Oracle:
        """Return the sums over the rows, at the temperature epsilon / cooling."""
        width = max(block.shape[1] for block in self.blocks)
        kernel, scaled = aligned(self.blocks[0].size), aligned(self.blocks[0].size)
        total, top = aligned(width), aligned(width)

        def oracle(tilt: Array, hessian: bool) -> Columns:
            shift = float(tilt.max())
            below = (tilt - shift)[:, None]
            wide = self.forbidden or self.spread * cooling - float(below.min()) > -LOWEST
            value, marginal = shift * self.mass, np.zeros(tilt.size)
            second = np.zeros((tilt.size, tilt.size)) if hessian else None
            for costs, weights, roots in zip(self.blocks, self.weights, self.roots, strict=True):
                rows = kernel[: costs.size].reshape(costs.shape)
                row = total[: weights.size]
                if cooling == 1.0:
                    np.subtract(below, costs, out=rows)
                else:
                    np.multiply(costs, -cooling, out=rows)
                    np.add(rows, below, out=rows)
                if wide:
                    value += float(weights @ lower(rows, top[: weights.size]))
                np.exp(rows, out=rows)
                np.add.reduce(rows, axis=0, out=row)
                marginal += rows @ (weights / row)
                if second is not None:
                    second += shared(rows, roots / row, scaled[: costs.size].reshape(costs.shape))
                value += float(weights @ np.log(row, out=row))
            return Columns(value, marginal, None if second is None else laplacian(second))

        return oracle

    @property
    def mass(self) -> float:
        """The sum of the sample weights."""
        return float(sum(weights.sum() for weights in self.weights))

    @property
    def shifts(self) -> Array:
        """The part (K',) of the costs that was taken out of each column."""
        return self.offsets.columns

    def finish(self, base: Array, potential: Array) -> Finish:
        """Return the sums at log b = base and g / epsilon = potential, with all their digits."""
        offsets, value, size = self.offsets, 0.0, 0.0
        marginal, start = np.zeros(base.size), 0
        small = self.near(potential)
        for costs, weights in zip(self.blocks, self.weights, strict=True):
            rows, log_total = (near_shares if small else shares)(costs, base, potential)
            marginal += rows @ weights
            f = offsets.rows[start : start + weights.size] - offsets.epsilon * log_total
            start += weights.size
            held = np.where(weights > 0.0, f, 0.0)
            value += float(weights @ held)
            size += float(weights @ np.abs(held))
        return Finish(value, size, marginal)

    def near(self, potential: Array) -> bool:
        """Say whether all exponents are small."""
        return not self.forbidden and self.spread + float(np.ptp(potential)) < SMALL

    def rounded(self, base: Array, potential: Array, target: Array) -> float:
        """Return the objective of the plan there, rounded to its marginals; +inf if it has none."""
        offsets, value = self.offsets, 0.0
        keep, spread = rounding(self.oracle()(base + potential, False).marginal, target)
        for costs, weights in zip(self.blocks, self.weights, strict=True):
            rows = shares(costs, base, potential)[0] * keep[:, None]
            rows += np.maximum(1.0 - rows.sum(axis=0), 0.0) * spread[:, None]
            value += objective((rows * weights).T, costs.T, weights, target, 1.0)
        rest = float(np.concatenate(self.weights) @ offsets.rows + target @ offsets.columns)
        return offsets.epsilon * value + rest

    def pattern(self) -> Oracle:
        """Return the sums over the rows if allowed pairs cost nothing."""
        blocks = tuple(np.where(np.isinf(block), np.inf, 0.0) for block in self.blocks)
        return replace(self, blocks=blocks, spread=0.0).oracle()

    def reached(self, order: NDArray[np.intp]) -> Array:
        """Return the mass (K',) by the first column in this order that a row may reach."""
        weights = np.concatenate(self.weights)
        mass = np.bincount(self._first(order), weights, minlength=order.size + 1)
        return np.asarray(mass[:-1], dtype=np.float64)

    def senders(self, columns: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows that may reach some of the columns."""
        return np.flatnonzero(self._first(columns) < columns.size)

    def _first(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        allowed = [np.isfinite(block[order]) for block in self.blocks]
        return np.concatenate(
            [np.where(some.any(axis=0), some.argmax(axis=0), order.size) for some in allowed]
        )


def dense(
    cost: Array,
    sample_weight: Array,
    epsilon: float,
    kept: Mask | None = None,
    *,
    tilted: bool = True,
) -> Dense:
    """Lay out a cost matrix (n, K), without the columns that are not kept.

    tilted: whether the columns' potentials are free, and may absorb the smallest cost of each.
    Raises InputError if the costs' range is not a finite number.
    """
    n_samples, n_components = cost.shape
    kept = np.ones(n_components, dtype=np.bool_) if kept is None else kept
    width = int(kept.sum())
    cuts = block_rows(n_samples, width)
    lowest, columns = np.empty(n_samples), np.full(width, np.inf)
    blocks = []
    for rows in cuts:
        block = _transposed(cost, rows, kept)
        smallest = block.min(axis=0)
        if not np.all(smallest > -np.inf):
            raise InputError("cost must be an (n, K) array without NaN or -inf")
        smallest[np.isposinf(smallest)] = 0.0
        lowest[rows] = smallest
        infinite = np.isposinf(block) if np.isposinf(block.max()) else None
        with np.errstate(over="ignore"):
            np.subtract(block, smallest, out=block)
        overflown = np.isposinf(block) if np.isposinf(block.max()) else None
        if overflown is not None and (infinite is None or (overflown & ~infinite).any()):
            raise InputError("cost: the range of a row must be a finite number")
        np.minimum(columns, block.min(axis=1), out=columns)
        blocks.append(block)
    if not tilted:
        columns[:] = 0.0
    columns[np.isposinf(columns)] = 0.0
    offsets = Offsets(lowest, columns, kept, epsilon)
    sizes = [offsets.finish(block) for block in blocks]
    spread, forbidden = max(size for size, _ in sizes), any(some for _, some in sizes)
    weights = tuple(sample_weight[rows] for rows in cuts)
    return Dense(offsets, tuple(blocks), weights, tuple(map(np.sqrt, weights)), spread, forbidden)


def dense_oracle(cost: Array, sample_weight: Array, epsilon: float) -> Oracle:
    """Build the oracle of a cost matrix in memory, in which t and value contain all of C."""
    laid = dense(cost, sample_weight, epsilon)
    reduced = laid.oracle()
    constant = float(sample_weight @ laid.offsets.rows) / epsilon
    columns = laid.offsets.columns / epsilon

    def oracle(tilt: Array, hessian: bool) -> Columns:
        sums = reduced(tilt - columns, hessian)
        return Columns(sums.value - constant, sums.marginal, sums.hessian)

    return oracle


def _transposed(cost: Array, rows: slice, kept: Mask) -> Array:
    part = cost[rows] if kept.all() else cost[rows][:, kept]
    result = aligned(part.shape[1], part.shape[0])
    np.copyto(result, part.T)
    return result


def block_rows(n_samples: int, n_components: int) -> list[slice]:
    """Cut rows into blocks that fit the cache."""
    size = int(np.clip(_BLOCK_BYTES // (8 * max(n_components, 1)), 2 * _LINE, _LARGEST))
    size = size // _LINE * _LINE
    return [slice(start, min(start + size, n_samples)) for start in range(0, n_samples, size)]


def aligned(*shape: int) -> Array:
    """Return an uninitialised array whose first entry begins a cache line."""
    size = int(np.prod(shape))
    raw = np.empty(size + _LINE)
    offset = (-raw.ctypes.data // 8) % _LINE
    return raw[offset : offset + size].reshape(shape)
