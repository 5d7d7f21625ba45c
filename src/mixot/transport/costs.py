"""What the solvers ask of the costs, which are a matrix in memory or come from points.

All tilts and potentials are over the temperature, and belong to the columns with weight, K' of
them. Costs may have had a part taken out of each column, which the solver knows as `shifts`.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mixot.transport.columns import Columns, Oracle
from mixot.types import Array

# Of so many rows a coarse problem has one.
COARSEN = 8
# Nanoseconds of a sweep over no rows.
_OVERHEAD = 6e4


@dataclass(frozen=True, slots=True)
class Finish:
    """Sums at a solution. rows: <a, f>; size: of the terms that it sums; marginal: (K',)."""

    rows: float
    size: float
    marginal: Array


class Costs(Protocol):
    """The costs between n rows and K' columns."""

    @property
    def shifts(self) -> Array:
        """The part (K',) of the costs that was taken out of each column."""

    @property
    def spread(self) -> float:
        """How far a row's costs lie apart, over the temperature."""

    @property
    def forbidden(self) -> bool:
        """Whether some costs are infinite."""

    def oracle(self, cooling: float = 1.0) -> Oracle:
        """Return the sums over the rows, at the temperature epsilon / cooling."""

    @property
    def plain(self) -> float:
        """What a sweep without the Hessian costs of one with it, in (0, 1]."""

    def coarse(self) -> "Costs | None":
        """Return a problem of fewer rows with a near solution, None if that is not to be had."""

    def finish(self, base: Array, potential: Array, columns: Columns) -> Finish:
        """Return the sums at log b = base and g / epsilon = potential, with all their digits.

        columns: the sums of a sweep there.
        """

    def rounded(self, base: Array, potential: Array, target: Array) -> float:
        """Return the objective of the plan there, rounded to its marginals; +inf if it has none."""

    def pattern(self) -> Oracle:
        """Return the sums over the rows if allowed pairs cost nothing."""

    def reached(self, order: NDArray[np.intp]) -> Array:
        """Return the mass (K',) by the first column in this order that a row may reach."""

    def senders(self, columns: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """Return the rows that may reach some of the columns, None if that takes too long."""


def share_of_plain(n_samples: float, n_components: int, exponentials: bool) -> float:
    """Return what a sweep without the Hessian costs of one with it, for n rows and K components.

    exponentials: whether it takes them. From times of sweeps with 5 to 200 components, in
    nanoseconds an entry, and what a sweep costs before it looks at one.
    """
    entries = n_samples * n_components
    sweep = _OVERHEAD + entries * (3.2 if exponentials else 0.25)
    return sweep / (sweep + entries * (0.35 + 0.03 * n_components))


def rounding(marginal: Array, target: Array) -> tuple[Array, Array]:
    """Return factors and shares (K',) that round a plan with exact rows to both marginals.

    Columns with too much keep a fraction, and what a row then misses goes where mass is missing
    [Altschuler, Weed and Rigollet 2017, algorithm 2].
    """
    with np.errstate(divide="ignore"):
        keep = np.minimum(np.where(marginal > 0.0, target / marginal, 1.0), 1.0)
    missing = np.maximum(target - marginal * keep, 0.0)
    total = float(missing.sum())
    return keep, missing / total if total > 0.0 else missing
