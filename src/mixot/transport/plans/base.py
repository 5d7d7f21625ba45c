"""What a plan kind decides.

Every plan here is determined by a tilt of the columns and a row rule: with
t_k = (log pi_k or 0) + g_k / T, row i is the rule applied to t_k - C_ik / T. T is epsilon, except
for hard plans, which are the limit epsilon -> 0 and are computed at T = 1. The value of the plan's
problem is T (<pi, g / T> - sum_i a_i l_i), l_i the rule's log-normaliser.
"""

from dataclasses import dataclass
from typing import Protocol

from mixot.engines.rules import RowRule
from mixot.transport.columns import Oracle
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Chosen:
    """The tilt that a plan kind chose, before the rows are swept.

    weights: (K,) the weights of the problem (moved only by kinds that own them); tilt: (K,);
    g: (K,) column potential in the cost's units, zero in columns without weight;
    column_error: L1 violation of the column marginal, zero if it is not constrained;
    feasible: False if no plan meets the constraints.
    """

    weights: Array
    tilt: Array
    g: Array
    column_error: float = 0.0
    feasible: bool = True


class Plan(Protocol):
    """A kind of plan between samples and components."""

    @property
    def rows(self) -> RowRule:
        """The row rule."""

    @property
    def weights(self) -> str:
        """Who moves the weights: "m_step" (may also be fixed), "fixed", or "plan"."""

    @property
    def hard(self) -> bool:
        """Whether the plan is the limit epsilon -> 0, which takes no epsilon."""

    @property
    def iterative(self) -> bool:
        """Whether `choose` sweeps the rows, so that keeping log-densities between passes pays."""

    def choose(self, oracle: Oracle, weights: Array, epsilon: float, g: Array | None) -> Chosen:
        """Choose the tilt for `weights` (K,); g is the potential of an earlier, nearby plan."""
