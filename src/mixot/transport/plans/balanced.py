"""The balanced plan with fixed weights: the E-step of Sinkhorn EM (H)."""

from dataclasses import dataclass

import numpy as np

from mixot.engines.rules import RowRule, soft
from mixot.transport.balanced import match_marginal
from mixot.transport.columns import Oracle
from mixot.transport.plans.base import Chosen
from mixot.types import Array

# A plan that misses its column marginal by more than this after all sweeps has no solution to
# find: the semi-dual's Newton method ends at round-off wherever there is one.
_INFEASIBLE = 1e-6


@dataclass(frozen=True, slots=True)
class Balanced:
    """Both marginals are binding; the potential g comes from the semi-dual."""

    rows: RowRule = soft
    weights: str = "fixed"
    hard: bool = False
    iterative: bool = True

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Solve the semi-dual, starting from the potential g if there is one."""
        with np.errstate(divide="ignore"):
            log_weights = np.log(weights)
        start = log_weights if g is None else log_weights + g / epsilon
        solved = match_marginal(oracle, weights, start)
        active = weights > 0.0
        potential = np.zeros_like(weights)
        potential[active] = epsilon * (solved.tilt[active] - log_weights[active])
        feasible = solved.marginal_error <= _INFEASIBLE
        return Chosen(weights, solved.tilt, potential, solved.marginal_error, feasible)


PLAN = Balanced()
