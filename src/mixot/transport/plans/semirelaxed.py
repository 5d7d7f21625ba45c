"""The semi-relaxed plan in closed form: the E-step (A1), tempered at epsilon != 1 (F)."""

from dataclasses import dataclass

import numpy as np

from mixot.engines.rules import RowRule, soft
from mixot.transport.columns import Oracle
from mixot.transport.plans.base import Chosen
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class SemiRelaxed:
    """Only the samples' marginal is binding, so that the columns are not tilted: g = 0."""

    rows: RowRule = soft
    weights: str = "m_step"
    hard: bool = False
    iterative: bool = False

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Return the tilt log pi."""
        del oracle, epsilon, g
        with np.errstate(divide="ignore"):
            return Chosen(weights, np.log(weights), np.zeros_like(weights))


PLAN = SemiRelaxed()
