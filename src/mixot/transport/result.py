"""What a solved transport problem is, with whatever has n rows on demand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from mixot.transport.shares import PLAIN, near_shares, plain_shares, shares
from mixot.types import Array, Mask, Status


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows' costs, taken apart as the solver saw them: C = low + shifts + epsilon costs.

    rows: which they are; low: (m,); shifts: (K',); costs: (K', m) >= 0; weights: (m,) their shares.
    """

    rows: slice
    low: Array
    shifts: Array
    costs: Array
    weights: Array


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What the plan is made of besides the costs.

    weights: b (K,); kept: (K,) where b > 0; potential: (K',) g / epsilon as the blocks' costs see
    it; constant: what the gauge adds to f; tau: the penalty of the column marginal, 0 if it is free
    and inf if it is fixed; near: whether all exponents are small; finite: whether all costs are.
    """

    epsilon: float
    weights: Array
    kept: Mask
    potential: Array
    constant: float
    tau: float
    near: bool
    finite: bool

    def shares(self, block: RowBlock) -> tuple[Array, Array]:
        """Return the responsibilities (K', m) of a block's rows, and their f (m,)."""
        base = np.log(self.weights[self.kept])
        rows, log_total = (near_shares if self.near else shares)(block.costs, base, self.potential)
        return rows, block.low - self.epsilon * log_total + self.constant

    def plan(self, block: RowBlock) -> Array:
        """Return what a block's rows send (K', m); the block's costs are overwritten."""
        tilt = np.log(self.weights[self.kept]) + self.potential
        if self.finite and not self.near and float(np.ptp(tilt)) < PLAIN:
            return plain_shares(block.costs, tilt, block.weights)
        rows = self.shares(block)[0]
        rows *= block.weights
        return rows


class Source(Protocol):
    """Where a result finds the costs again."""

    @property
    def n_samples(self) -> int:
        """Number of rows."""

    @property
    def sample_weight(self) -> Array:
        """The rows' marginal a (n,)."""

    def blocks(self, kept: Mask) -> Iterator[RowBlock]:
        """Go through the rows, with the costs of the columns that are kept."""

    def column(self, k: int) -> Array:
        """Return the costs (n,) of one column."""

    def linear(self, solution: Solution) -> float:
        """Return <C, P>."""


@dataclass(frozen=True, eq=False)
class TransportResult:
    """A solved transport problem.

    value: <C, P> + epsilon KL(P | a x b), and tau KL(P'1 | b) if that is penalised, +inf if
    there is no plan; dual_value: a lower bound of it; gap: an upper bound, from a plan that meets
    the constraints, minus dual_value; marginal_error: L1 distance of the column marginal from the
    wanted one; n_sweeps: passes over the costs; status and message: how it ended; g and marginal:
    (K,) the column potential and the plan's column sums. What else there is, is made when it is
    first asked for.
    """

    value: float
    dual_value: float
    gap: float
    marginal_error: float
    n_sweeps: int
    converged: bool
    status: Status
    message: str
    g: Array
    marginal: Array
    solution: Solution = field(repr=False)
    source: Source = field(repr=False)

    @cached_property
    def value_linear(self) -> float:
        """The transport cost <C, P>."""
        return self.source.linear(self.solution)

    @cached_property
    def potentials(self) -> tuple[Array, Array]:
        """The potentials f (n,) and g (K,), with plan = a b exp((f + g - C) / epsilon)."""
        f = np.empty(self.source.n_samples)
        for block in self.source.blocks(self.solution.kept):
            f[block.rows] = self.solution.shares(block)[1]
        return f, self.g

    @cached_property
    def marginals(self) -> tuple[Array, Array]:
        """The plan's row sums (n,) and column sums (K,)."""
        return self.source.sample_weight, self.marginal

    def plan_blocks(self) -> Iterator[tuple[slice, Array]]:
        """Go through the plan: rows, and what they send (m, K)."""
        for rows, sent in self._sent():
            part = np.zeros((sent.shape[1], self.g.size))
            part[:, self.solution.kept] = sent.T
            yield rows, part

    @cached_property
    def plan(self) -> Array:
        """The plan, (n, K)."""
        shape, every = (self.source.n_samples, self.g.size), self.solution.kept.all()
        plan = np.empty(shape) if every else np.zeros(shape)
        for rows, sent in self._sent():
            if every:
                plan[rows] = sent.T
            else:
                plan[rows, self.solution.kept] = sent.T
        return plan

    def _sent(self) -> Iterator[tuple[slice, Array]]:
        """Go through the plan by blocks (K', m)."""
        for block in self.source.blocks(self.solution.kept):
            yield block.rows, self.solution.plan(block)


def linear_cost(source: Source, solution: Solution) -> float:
    """Return <C, P>, block by block."""
    total, reduced = 0.0, 0.0
    for block in source.blocks(solution.kept):
        rows = solution.shares(block)[0] * block.weights
        reduced += float(np.vdot(rows, np.where(np.isfinite(block.costs), block.costs, 0.0)))
        total += float(rows.sum(axis=0) @ block.low + rows.sum(axis=1) @ block.shifts)
    return total + solution.epsilon * reduced
