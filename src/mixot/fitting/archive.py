"""Which fits have found the same optimum.

Two mixtures are compared as laws of an observation and its component, up to the numbering of the
components: with w, v their weights and p, q their components,

    distance^2 = min over permutations s of  sum_k [ w_k KL(p_k | q_s(k)) + v_s(k) KL(q_s(k) | p_k)
                                                     + (w_k - v_s(k)) log(w_k / v_s(k)) ],

the symmetrised Kullback-Leibler divergence; the permutation is a linear assignment. The objective
alone does not tell: mirror images have equal ones. For nearby mixtures this is the metric in which
`stopping` measures steps and distances to the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.special import rel_entr

from mixot.families.base import Family, take
from mixot.fitting.fit import Fit
from mixot.types import Mixture, Status

# A fit with one of these is a mixture of the components asked for; any other has lost some.
PROPER = (Status.CONVERGED, Status.MAX_ITER)
# What a certificate may add to the distance at which two fits count as one.
_MOST_SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Attempt:
    """A fit and the number of its start, counted from 0."""

    number: int
    fit: Fit


@dataclass(frozen=True, slots=True)
class Optimum:
    """Fits that ended in one place.

    fit: the converged one of the lowest objective (if none converged, the lowest); numbers: the
    starts that led here, that of `fit` first; gap: how much its objective exceeds that of the best
    optimum, nats.
    """

    fit: Fit
    numbers: tuple[int, ...]
    gap: float

    @property
    def hits(self) -> int:
        """How many starts led here."""
        return len(self.numbers)

    @property
    def status(self) -> Status:
        """How the fit ended: converged, or max_iter if no start got to the end of the way."""
        return self.fit.status


def distance(family: Family, one: Mixture, other: Mixture) -> tuple[float, NDArray[np.intp]]:
    """Return the distance of two mixtures, and which component of `other` matches each of `one`.

    The distance is infinite if every matching has components that exclude each other's points.
    """
    size = one.n_components
    first, second = (grid.ravel() for grid in np.indices((size, size)))
    ours = take(family, one.parameters, first)
    theirs = take(family, other.parameters, second)
    w, v = one.weights[first], other.weights[second]
    with np.errstate(invalid="ignore"):
        costs = w * family.divergence(ours, theirs) + v * family.divergence(theirs, ours)
    costs = np.where(np.isnan(costs), np.inf, costs) + rel_entr(w, v) + rel_entr(v, w)
    table = costs.reshape(size, size)
    try:
        rows, matched = linear_sum_assignment(table)
    except ValueError:
        return np.inf, np.arange(size)
    # Rounding can leave a divergence of equal components just below 0.
    return float(np.sqrt(max(table[rows, matched].sum(), 0.0))), matched


def distinct_optima(
    family: Family, attempts: Sequence[Attempt], same: float
) -> tuple[Optimum, ...]:
    """Group proper fits that are at most `same` apart, from the best optimum to the worst.

    Converged fits may besides be as far apart as their certificates allow.
    """
    by_value = sorted(
        attempts, key=lambda a: (a.fit.status is not Status.CONVERGED, a.fit.objective, a.number)
    )
    groups: list[list[Attempt]] = []
    for attempt in by_value:
        for group in groups:
            reach = same + _slack(attempt.fit) + _slack(group[0].fit)
            if distance(family, attempt.fit.mixture, group[0].fit.mixture)[0] <= reach:
                group.append(attempt)
                break
        else:
            groups.append([attempt])
    groups.sort(key=lambda group: group[0].fit.objective)
    return tuple(
        Optimum(
            group[0].fit,
            (group[0].number, *sorted(attempt.number for attempt in group[1:])),
            group[0].fit.objective - groups[0][0].fit.objective,
        )
        for group in groups
    )


def _slack(fit: Fit) -> float:
    if fit.status is not Status.CONVERGED:
        return 0.0
    # Twice, because projected distances are estimates.
    return min(2.0 * fit.certificate.distance, _MOST_SLACK)
