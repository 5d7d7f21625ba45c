"""The plan whose column marginal is penalised by tau KL(P'1 | pi): from EM to Sinkhorn EM.

tau -> 0 is the semi-relaxed plan, tau -> infinity the balanced one. The M-step's weights minimise
epsilon KL(P | a x pi) + tau KL(P'1 | pi), which is pi = P'1 as in EM. With the weights free every
finite tau therefore has the minimum of the likelihood (B1), and approaches it in steps that become
smaller as tau grows, because the plan holds on to the weights that it was given.
"""

from dataclasses import dataclass

import numpy as np

from mixot.engines.rules import RowRule, soft
from mixot.errors import InputError
from mixot.transport.columns import Columns, Oracle
from mixot.transport.plans.base import Chosen
from mixot.transport.unbalanced import match_penalty
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Unbalanced:
    """Only the samples' marginal is binding; tau > 0 is what leaving the weights costs."""

    tau: float = 1.0
    rows: RowRule = soft
    weights: str = "m_step"
    hard: bool = False
    iterative: bool = True

    def __post_init__(self) -> None:
        """Refuse a tau that is not a finite number > 0."""
        if not (np.isfinite(self.tau) and self.tau > 0.0):
            raise InputError(
                f"plan 'unbalanced': tau must be a finite number > 0, got {self.tau}; its limits "
                "are the plans 'semirelaxed' and 'balanced'"
            )

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Maximise the dual, starting from the potential g if there is one.

        The dual's value is -epsilon value(tilt). So that T (<pi, g / T> - sum_i a_i l_i) is it too,
        g is returned in the gauge <pi, g> = 0, a constant away from epsilon (tilt - log pi).
        """
        active = weights > 0.0
        target = weights[active]
        start = np.zeros(target.size) if g is None else g[active] / epsilon

        def at(tilt: Array, hessian: bool) -> Columns:
            full = np.full(weights.shape, -np.inf)
            full[active] = tilt
            sums = oracle(full, hessian)
            second = None if sums.hessian is None else sums.hessian[np.ix_(active, active)]
            return Columns(sums.value, sums.marginal[active], second)

        found = match_penalty(at, target, start, self.tau / epsilon, tol=1e-13, max_iter=200)
        tilt, potential = np.full(weights.shape, -np.inf), np.zeros_like(weights)
        tilt[active] = np.log(target) + found.potential
        potential[active] = epsilon * (found.potential - target @ found.potential)
        return Chosen(weights, tilt, potential, found.error)


PLAN = Unbalanced()
