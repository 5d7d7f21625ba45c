"""Hard assignment, the limit epsilon -> 0 of F: the weights drop out (F5).

With Gaussian components of one known covariance this is k-means.
"""

from dataclasses import dataclass

import numpy as np

from mixot.engines.rules import RowRule
from mixot.engines.rules import hard as hard_rows
from mixot.transport.columns import Oracle
from mixot.transport.plans.base import Chosen
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Hard:
    """Each observation goes to its cheapest component, or to its likeliest if `weighted`."""

    weighted: bool = False
    rows: RowRule = hard_rows
    weights: str = "m_step"
    hard: bool = True
    iterative: bool = False

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Return no tilt, or log pi."""
        del oracle, epsilon, g
        nothing = np.zeros_like(weights)
        if not self.weighted:
            return Chosen(weights, nothing, nothing)
        with np.errstate(divide="ignore"):
            return Chosen(weights, np.log(weights), nothing)


PLAN = Hard()
