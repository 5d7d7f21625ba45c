"""Passes over the data at one mixture: from a tilt to what the loop and the solvers need.

The plan is never stored: an engine (`mixot.engines`) turns each pass into additive sums, and this
module turns the sums into the objective's value, the marginal and the family's statistics.
"""

from dataclasses import dataclass

import numpy as np

from mixot.engines import Density, Engine, Sums, Task
from mixot.engines.rules import RowRule, soft
from mixot.families.linear import Moments
from mixot.transport.columns import Columns
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of one pass.

    log_normaliser: sum_i a_i l_i; marginal: (K,) column sums of the plan; statistics: (K, q);
    row_error: sum_i a_i |1 - sum_k r_ik|; plan_kl: KL(P_old | P) and cost_change:
    <C_old - C, P_old>, against an earlier plan.
    """

    log_normaliser: float
    marginal: Array
    statistics: Array
    row_error: float
    plan_kl: float
    cost_change: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """Passes over the rows of an engine at one density; `moments` are those of its linear form."""

    engine: Engine
    density: Density
    moments: Moments | None

    def columns(self, tilt: Array, hessian: bool) -> Columns:
        """Return the sums that the transport solvers ask for (an `Oracle`)."""
        sums = self.engine.run(Task(self.density, tilt, soft, hessian=hessian))
        return Columns(sums.value + self._base(), sums.marginal, sums.hessian)

    def totals(
        self, tilt: Array, rule: RowRule, earlier: tuple["Sweep", Array] | None = None
    ) -> Totals:
        """Return the sums that the objective and the M-step need.

        earlier: the sweep and the tilt of an earlier plan to compare with.
        """
        other = None if earlier is None else (earlier[0].density, earlier[1])
        sums = self.engine.run(Task(self.density, tilt, rule, statistics=True, earlier=other))
        cost_change = sums.cost_change
        if earlier is not None:
            cost_change += self._base() - earlier[0]._base()
        return Totals(
            sums.value + self._base(),
            sums.marginal,
            self._statistics(sums),
            sums.row_error,
            sums.plan_kl,
            self.density.temperature * cost_change,
        )

    def entropy(self, tilt: Array, rule: RowRule) -> float:
        """Return the mean entropy of the responsibilities, in nats."""
        return self.engine.run(Task(self.density, tilt, rule, entropy=True)).entropy

    def _base(self) -> float:
        coefficients = self.density.coefficients
        return 0.0 if coefficients is None else coefficients.base / self.density.temperature

    def _statistics(self, sums: Sums) -> Array:
        coefficients, form = self.density.coefficients, self.density.form
        if coefficients is None or form is None:
            assert sums.statistics is not None
            return sums.statistics
        assert sums.features is not None
        assert self.moments is not None
        result = form.statistics(sums.features, self.density.parameters, self.moments)
        if sums.statistics is not None:
            result[np.flatnonzero(~coefficients.accurate)] = sums.statistics
        return result
