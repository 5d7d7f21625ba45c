"""The balanced plan at the best weights: min over pi of OT(a, pi; C) at each theta (B1, D7).

The plan owns the weights. They move by descent on OT's gradient in pi, never by pi <- P'1, which
stands still.
"""

from dataclasses import dataclass

import numpy as np

from mixot.transport.columns import Oracle
from mixot.transport.free import minimise
from mixot.transport.plans.base import Chosen
from mixot.transport.rows import RowRule, soft
from mixot.types import Array

_INFEASIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class BalancedFree:
    """Both marginals are binding and the column marginal is minimised over."""

    rows: RowRule = soft
    weights: str = "plan"
    hard: bool = False

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Minimise over the weights from the current ones."""
        del g
        solved = minimise(oracle, weights, epsilon)
        active = solved.weights > 0.0
        potential = np.zeros_like(solved.weights)
        potential[active] = epsilon * (solved.tilt[active] - np.log(solved.weights[active]))
        feasible = solved.marginal_error <= _INFEASIBLE
        return Chosen(solved.weights, solved.tilt, potential, solved.marginal_error, feasible)


PLAN = BalancedFree()
