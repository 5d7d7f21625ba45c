"""Costs that are minus log-densities of points, evaluated anew in every sweep of an engine.

Engines add up what a row rule returns, and everything that the solvers ask for is such a sum: see
`mixot.transport.point_rules`. A term of the log-densities that all components share (the base of a
linear form) moves values and no plan: sums leave it out, and `Points.base` is its weighted mean.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mixot.engines import Density, Engine, Sums, Task
from mixot.engines.rules import RowRule, soft
from mixot.transport.columns import Columns, Oracle, laplacian
from mixot.transport.costs import Finish, rounding, share_of_plain
from mixot.transport.point_rules import First, Linear, Normalised, Pattern, Rounded, survey
from mixot.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points in an engine, and the densities of the K' components with weight.

    density: at the temperature epsilon; base: the weighted mean of what all components share, in
    the cost's units; spread: the mean range of a row's costs over the temperature; forbidden:
    whether some densities are zero.
    """

    engine: Engine
    density: Density
    n_components: int
    base: float
    spread: float
    forbidden: bool

    @property
    def shifts(self) -> Array:
        """Nothing is taken out of the columns."""
        return np.zeros(self.n_components)

    def oracle(self, cooling: float = 1.0) -> Oracle:
        """Return the sums over the rows, at the temperature epsilon / cooling."""
        density = replace(self.density, temperature=self.density.temperature / cooling)

        def oracle(tilt: Array, hessian: bool) -> Columns:
            return _columns(self.engine.run(Task(density, tilt, soft, hessian=hessian)))

        return oracle

    @property
    def plain(self) -> float:
        """What a sweep without the Hessian costs of one with it."""
        return share_of_plain(self.engine.size, self.n_components, exponentials=True)

    def coarse(self) -> None:
        """Know of no other rows."""

    def finish(self, base: Array, potential: Array, columns: Columns) -> Finish:
        """Return the sums at log b = base and g / epsilon = potential, with all their digits."""
        del columns
        sums = self._sums(Normalised(base, potential))
        rows = self.base - self.density.temperature * sums.value
        return Finish(rows, abs(rows), sums.marginal)

    def rounded(self, base: Array, potential: Array, target: Array) -> float:
        """Return the objective of the plan there, rounded to its marginals; +inf if it has none."""
        marginal = self.oracle()(base + potential, False).marginal
        sums = self._sums(Rounded(base, potential, *rounding(marginal, target)))
        return self.base + self.density.temperature * sums.value

    def linear(self, base: Array, potential: Array) -> float:
        """Return <C, P>."""
        return self.base + self.density.temperature * self._sums(Linear(base, potential)).value

    def pattern(self) -> Oracle:
        """Return the sums over the rows if allowed pairs cost nothing."""

        def oracle(tilt: Array, hessian: bool) -> Columns:
            return _columns(self._sums(Pattern(tilt), hessian))

        return oracle

    def reached(self, order: NDArray[np.intp]) -> Array:
        """Return the mass (K',) by the first column in this order that a row may reach."""
        return self._sums(First(order)).marginal[order]

    def senders(self, columns: NDArray[np.intp]) -> None:
        """Name no rows: sums do not know them."""
        del columns

    def _sums(self, rule: RowRule, hessian: bool = False) -> Sums:
        return self.engine.run(
            Task(self.density, np.zeros(self.n_components), rule, hessian=hessian)
        )


def points(engine: Engine, density: Density, n_components: int) -> Points:
    """Survey the points at the temperature of a density; one pass."""
    base = 0.0 if density.coefficients is None else -density.coefficients.base
    sums = engine.run(Task(density, np.zeros(n_components), survey))
    forbidden = bool((sums.marginal > 0.0).any())
    return Points(engine, density, n_components, base, sums.value, forbidden)


def _columns(sums: Sums) -> Columns:
    # The engine's diagonal is marginal minus square, which would cancel.
    second = None if sums.hessian is None else laplacian(-sums.hessian)
    return Columns(sums.value, sums.marginal, second)
