"""One pass over the data: from a mixture and a tilt to additive statistics.

The plan is never stored. Blocks of rows give their log-densities, the row rule turns them into
responsibilities, and only sums leave the block: the log-normalisers, the column marginal, the
family's statistics, and the divergence from an earlier plan. Blocks are fixed by row index and
summed in order, so that the sums do not depend on where the blocks are computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.special import entr

from mixot.families.base import Family
from mixot.transport.columns import Columns, row_sums
from mixot.transport.rows import RowRule, hard
from mixot.types import Array, Parameters, Sample

_BLOCK = 4096
# Log-densities of at most this many entries are kept between the passes over one mixture; beyond,
# each pass evaluates them again.
_CACHE = 1 << 20


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one pass.

    log_normaliser: sum_i a_i l_i; marginal: (K,) column sums of the plan; statistics: (K, p);
    row_error: sum_i a_i |1 - sum_k r_ik|; entropy: sum_i a_i H(r_i).
    """

    log_normaliser: float
    marginal: Array
    statistics: Array
    row_error: float
    entropy: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """Passes over one sample at one set of component parameters and one temperature."""

    sample: Sample
    family: Family
    parameters: Parameters
    temperature: float
    _kept: dict[int, Array] = field(default_factory=dict)

    def columns(self, tilt: Array, hessian: bool) -> Columns:
        """Return the sums that the transport solvers ask for (an `Oracle`)."""
        value, marginal, second = 0.0, np.zeros_like(tilt), None
        for start, weights in self._blocks():
            part = row_sums(self.kernel(start, tilt), weights, hessian)
            value += part.value
            marginal = marginal + part.marginal
            if part.hessian is not None:
                second = part.hessian if second is None else second + part.hessian
        return Columns(value, marginal, second)

    def totals(self, tilt: Array, rule: RowRule) -> Totals:
        """Return the sums that the objective and the M-step need."""
        value = error = entropy = 0.0
        marginal = np.zeros_like(tilt)
        statistics: Array | None = None
        for start, weights in self._blocks():
            log_normaliser, rows = rule(self.kernel(start, tilt))
            plan = weights[:, None] * rows
            value += float(weights @ log_normaliser)
            error += float(weights @ np.abs(1.0 - rows.sum(axis=1)))
            entropy += float(weights @ entr(rows).sum(axis=1))
            marginal = marginal + plan.sum(axis=0)
            part = self.family.statistics(self._points(start), plan, self.parameters)
            statistics = part if statistics is None else statistics + part
        assert statistics is not None
        return Totals(value, marginal, statistics, error, entropy)

    def plan_divergence(self, tilt: Array, rule: RowRule, old: "Sweep", old_tilt: Array) -> float:
        """Return KL(P_old | P) of the plan at `old` from the plan here, term by term.

        For hard plans, whose KL is infinite, it is the limit of epsilon KL: what the old
        assignment loses against the best one here.
        """
        total = 0.0
        for start, weights in self._blocks():
            kernel, old_kernel = self.kernel(start, tilt), old.kernel(start, old_tilt)
            log_normaliser, rows = rule(kernel)
            old_normaliser, old_rows = rule(old_kernel)
            # Subnormal responsibilities are underflow: against a probability that has become an
            # exact zero they would make the divergence infinite.
            old_rows = np.where(old_rows > np.finfo(float).tiny, old_rows, 0.0)
            with np.errstate(invalid="ignore", over="ignore"):
                log_rows = kernel - log_normaliser[:, None]
                if rule is hard:
                    terms = np.where(old_rows > 0.0, -log_rows, 0.0)
                else:
                    change = log_rows - (old_kernel - old_normaliser[:, None])
                    # Both forms are the same non-negative term; the first keeps its digits where
                    # the plans nearly agree, the second where one of them has no mass.
                    near = old_rows * (np.expm1(change) - change)
                    far = np.where(old_rows > 0.0, -old_rows * change, 0.0) + rows - old_rows
                    terms = np.where(np.abs(change) < 0.5, near, far)
            total += float(weights @ terms.sum(axis=1))
        return total

    def cost_difference(self, rule: RowRule, old: "Sweep", old_tilt: Array) -> float:
        """Return <C_old - C, P_old> for the plan at `old`: what its M-step gained (D2)."""
        nothing = np.zeros_like(old_tilt)
        total = 0.0
        for start, weights in self._blocks():
            _, rows = rule(old.kernel(start, old_tilt))
            with np.errstate(invalid="ignore"):
                change = self.kernel(start, nothing) - old.kernel(start, nothing)
                gained = np.where(rows > np.finfo(float).tiny, rows * change, 0.0)
            total += self.temperature * float(weights @ gained.sum(axis=1))
        return total

    def kernel(self, start: int, tilt: Array) -> Array:
        """Return t_k - C_ik / T for the block that begins at row `start`, shape (block, K)."""
        scaled = self._kept.get(start)
        if scaled is None:
            scaled = self.family.log_density(self._points(start), self.parameters)
            if self.temperature != 1.0:
                scaled = scaled / self.temperature
            if self.sample.points.shape[0] * tilt.size <= _CACHE:
                self._kept[start] = scaled
        return scaled + tilt

    def _points(self, start: int) -> Array:
        return self.sample.points[start : start + _BLOCK]

    def _blocks(self) -> Iterator[tuple[int, Array]]:
        for start in range(0, self.sample.weights.size, _BLOCK):
            yield start, self.sample.weights[start : start + _BLOCK]
