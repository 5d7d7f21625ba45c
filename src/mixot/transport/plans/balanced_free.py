"""The balanced plan at the best weights: min over pi of OT(a, pi; C) at each theta (B1, D7).

The plan owns the weights. They move by descent on OT's gradient in pi, never by pi <- P'1, which
stands still. The column marginal is met by construction: pi is read off the tilt.
"""

from dataclasses import dataclass

from mixot.engines.rules import RowRule, soft
from mixot.transport.columns import Oracle
from mixot.transport.free import minimise
from mixot.transport.plans.base import Chosen
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class BalancedFree:
    """Both marginals are binding and the column marginal is minimised over."""

    rows: RowRule = soft
    weights: str = "plan"
    hard: bool = False
    iterative: bool = True

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Minimise over the weights from the current ones."""
        del g
        solved = minimise(oracle, weights, epsilon)
        return Chosen(solved.weights, solved.tilt, solved.g)


PLAN = BalancedFree()
