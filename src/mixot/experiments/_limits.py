"""What the tempered value tends to, written from the costs alone.

As eps -> 0, with k*(i) the cheapest component of row i and ties summed,

    L_eps = sum_i a_i min_k C_ik + eps S - R,       S = - sum_i a_i log pi_{k*(i)},
    0 <= R <= eps sum_i a_i sum_{k not tied} (pi_k / pi_{k*(i)}) e^{-(C_ik - min_k C_ik) / eps},

and as eps -> infinity L_eps is -eps times a sum of cumulant functions of C under pi, at -1 / eps.
"""

from dataclasses import dataclass

import numpy as np

from mixot.types import Array, Mask


@dataclass(frozen=True, slots=True)
class HardLimit:
    """The limit eps -> 0 at costs (n, K), of which only components with weight are looked at.

    value: sum_i a_i min_k C_ik; slope: S; delta: the smallest distance from a row's cheapest cost
    to the next larger one; best: (n, K) which components are cheapest, ties included; excess:
    (n, K) costs less the row's smallest.
    """

    value: float
    slope: float
    delta: float
    best: Mask
    excess: Array

    def rows(self, weights: Array) -> Array:
        """Return the limit of the responsibilities (n, K): ties are shared by weight."""
        shared = np.where(self.best, weights, 0.0)
        return shared / shared.sum(axis=1, keepdims=True)

    def remainder(self, a: Array, weights: Array, epsilon: float) -> float:
        """Return the upper bound of R."""
        paid = np.where(self.best, weights, 0.0).sum(axis=1)
        others = np.where(self.best, 0.0, weights * np.exp(-self.excess / epsilon)).sum(axis=1)
        return epsilon * float(a @ (others / paid))


def hard_limit(cost: Array, a: Array, weights: Array, tie: float = 1e-9) -> HardLimit:
    """Return the limit; costs that are within `tie` of the smallest count as equal to it."""
    excess = cost - cost.min(axis=1, keepdims=True)
    best = excess <= tie
    paid = np.where(best, weights, 0.0).sum(axis=1)
    return HardLimit(
        value=float(a @ cost.min(axis=1)),
        slope=-float(a @ np.log(paid)),
        delta=float(excess[~best].min()),
        best=best,
        excess=excess,
    )


def cumulants(cost: Array, a: Array, weights: Array) -> Array:
    """Return (3,) the coefficients of 1, 1 / eps and 1 / eps^2 of L_eps for a large eps.

    They are the mean over a of the mean, of -1/2 the variance, and of 1/6 the third central moment
    of a row's costs under pi.
    """
    means = cost @ weights
    centred = cost - means[:, None]
    variances, thirds = (centred**power @ weights for power in (2, 3))
    return np.array([a @ means, -(a @ variances) / 2.0, a @ thirds / 6.0])
