"""Sweeps over a cost matrix in memory that is laid out for them (`mixot.transport.blocks`).

One copy of the costs is kept, and one of their kernels where they are not too many; everything else
is a buffer of one block. Runs of blocks are shared by threads and their sums added in order, so
that no bit depends on the number of threads.

A sweep runs at a cooling x in (0, 1], that is at the temperature epsilon / x.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mixot.engines.layout import added, cuts
from mixot.engines.threads import available_threads, in_order, one_blas_thread
from mixot.transport.blocks import Offsets, block_rows, empty_blocks, lay_out
from mixot.transport.columns import Columns, Oracle, laplacian, shared
from mixot.transport.costs import COARSEN, Finish, rounding, share_of_plain
from mixot.transport.kernels import Buffers, Kernels, in_reach
from mixot.transport.objective import objective
from mixot.transport.shares import LOWEST, SMALL, lower, near_shares, shares
from mixot.types import Array, Mask

# Blocks are swept in so many runs at most, which threads share; sums are added in their order.
_MOST_RUNS = 32
# Exponents so far below a row's largest add nothing to it, however many they are.
_NOTHING = 60.0
# Fewer rows make no coarse problem.
_FEWEST, _FEWEST_A_COLUMN = 500, 4


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A cost matrix in blocks.

    blocks: c, each (K', m); weights and roots: a and its square root, each (m,); spread: the
    largest finite c; forbidden: whether some c is infinite; latest: the last kernels by cooling.
    """

    offsets: Offsets
    blocks: tuple[Array, ...]
    weights: tuple[Array, ...]
    roots: tuple[Array, ...]
    spread: float
    forbidden: bool
    n_threads: int = 1
    latest: dict[float, Kernels] = field(default_factory=dict)

    def oracle(self, cooling: float = 1.0) -> Oracle:
        """Return the sums over the rows, at the temperature epsilon / cooling."""
        local = threading.local()
        runs = _runs(len(self.blocks))
        threads = min(self.n_threads, len(runs))
        kernels = self._kernels(cooling) if self._in_reach else None

        def oracle(tilt: Array, hessian: bool) -> Columns:
            fast = kernels is not None and kernels.reach(tilt)

            def of_run(run: slice) -> Columns:
                if not hasattr(local, "buffers"):
                    local.buffers = Buffers(self.blocks[0].size, self.blocks[0].shape[1])
                if kernels is not None and fast:
                    return kernels.sweep(run, self.roots, tilt, hessian, local.buffers)
                return self._sweep(run, local.buffers, cooling, tilt, hessian)

            if threads == 1:
                sums = added(map(of_run, runs))
            else:
                with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
                    sums = added(in_order(pool, of_run, runs, ahead=len(runs)))
            second = None if sums.hessian is None else laplacian(sums.hessian)
            return Columns(sums.value, sums.marginal, second)

        return oracle

    @property
    def plain(self) -> float:
        """What a sweep without the Hessian costs of one with it."""
        n_samples, n_components = self.offsets.rows.size, self.offsets.columns.size
        return share_of_plain(n_samples, n_components, exponentials=not self._in_reach)

    def _kernels(self, cooling: float) -> Kernels:
        """Return the kernels at a temperature, the latest of which is kept."""
        found = self.latest.get(cooling)
        if found is None:
            self.latest.clear()
            found = self.latest[cooling] = Kernels(self.blocks, self.weights, cooling)
        return found

    @property
    def _in_reach(self) -> bool:
        """Whether kernels are to be had."""
        return not self.forbidden and in_reach(self.blocks)

    def _sweep(
        self,
        run: slice,
        buffers: Buffers,
        cooling: float,
        tilt: Array,
        hessian: bool,
    ) -> Columns:
        """Return the sums over a run of blocks, the Hessian's still those of r_i r_i'."""
        most = float(tilt.max())
        below = (tilt - most)[:, None]
        depth = float(below.min())
        # A row's cheapest column is at least that deep, and what lies far below it is nothing.
        floor = depth - _NOTHING
        wide = floor < LOWEST or self.forbidden
        clipped = not wide and depth - self.spread * cooling < floor
        value, marginal = 0.0, np.zeros(tilt.size)
        second = np.zeros((tilt.size, tilt.size)) if hessian else None
        blocks = zip(self.blocks[run], self.weights[run], self.roots[run], strict=True)
        for costs, weights, roots in blocks:
            rows = buffers.kernel[: costs.size].reshape(costs.shape)
            row, ratio = buffers.total[: weights.size], buffers.ratio[: weights.size]
            if cooling == 1.0:
                np.subtract(below, costs, out=rows)
            else:
                np.multiply(costs, -cooling, out=rows)
                np.add(rows, below, out=rows)
            if wide:
                value += float(weights @ lower(rows, row))
            elif clipped:
                np.maximum(rows, floor, out=rows)
            np.exp(rows, out=rows)
            np.add.reduce(rows, axis=0, out=row)
            marginal += rows @ np.divide(weights, row, out=ratio)
            if second is not None:
                scaled = buffers.scaled[: costs.size].reshape(costs.shape)
                second += shared(rows, np.divide(roots, row, out=ratio), scaled)
            value += float(weights @ np.log(row, out=row))
            value += most * float(np.add.reduce(weights))
        return Columns(value, marginal, second)

    def coarse(self) -> "Dense | None":
        """Return every so many-th row as a problem of its own, None if there are few."""
        n_samples, n_components = self.offsets.rows.size, self.offsets.columns.size
        if self.forbidden or n_samples < COARSEN * max(_FEWEST, _FEWEST_A_COLUMN * n_components):
            return None
        weights = np.concatenate([held[::COARSEN] for held in self.weights])
        mass = float(weights.sum())
        if not mass > 0.5 / COARSEN:
            return None
        costs = np.concatenate([block[:, ::COARSEN] for block in self.blocks], axis=1)
        pieces = block_rows(weights.size, n_components)
        weights /= mass
        held = tuple(weights[rows] for rows in pieces)
        offsets = replace(self.offsets, rows=np.zeros(weights.size))
        blocks = empty_blocks(n_components, pieces)
        for rows, block in zip(pieces, blocks, strict=True):
            np.copyto(block, costs[:, rows])
        return Dense(offsets, blocks, held, tuple(map(np.sqrt, held)), self.spread, False)

    @property
    def mass(self) -> float:
        """The sum of the sample weights."""
        return float(sum(weights.sum() for weights in self.weights))

    @property
    def shifts(self) -> Array:
        """The part (K',) of the costs that was taken out of each column."""
        return self.offsets.columns

    def finish(self, base: Array, potential: Array, columns: Columns) -> Finish:
        """Return the sums at log b = base and g / epsilon = potential, with all their digits.

        columns: the sums of a sweep there, which have them unless exponents are small.
        """
        offsets, weights = self.offsets, np.concatenate(self.weights)
        small = self.near(potential)
        if not (small or self.forbidden):
            rest = offsets.epsilon * columns.value
            size = float(weights @ np.abs(offsets.rows)) + abs(rest)
            return Finish(float(weights @ offsets.rows) - rest, size, columns.marginal)
        marginal, log_total = np.zeros(base.size), []
        for costs, held in zip(self.blocks, self.weights, strict=True):
            rows, log_totals = (near_shares if small else shares)(costs, base, potential)
            marginal += rows @ held
            log_total.append(log_totals)
        f = offsets.rows - offsets.epsilon * np.concatenate(log_total)
        f[weights == 0.0] = 0.0
        return Finish(float(weights @ f), float(weights @ np.abs(f)), marginal)

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
        return replace(self, blocks=blocks, spread=0.0, latest={}).oracle()

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
    n_threads: int | None = 1,
) -> Dense:
    """Lay out a cost matrix (n, K), without the columns that are not kept.

    tilted: whether the columns' potentials are free, and may absorb the smallest cost of each;
    n_threads: of the sweeps, None for one a core. Raises InputError if the costs' range is not a
    finite number.
    """
    threads = available_threads() if n_threads is None else n_threads
    kept = np.ones(cost.shape[1], dtype=np.bool_) if kept is None else kept
    offsets, blocks, spread, forbidden = lay_out(cost, epsilon, kept, tilted)
    weights = tuple(sample_weight[rows] for rows in block_rows(cost.shape[0], int(kept.sum())))
    roots = tuple(map(np.sqrt, weights))
    return Dense(offsets, blocks, weights, roots, spread, forbidden, threads)


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


def _runs(n_blocks: int) -> list[slice]:
    """Cut blocks into runs, in a way that follows from their number alone."""
    return cuts(slice(0, n_blocks), -(-n_blocks // _MOST_RUNS))
