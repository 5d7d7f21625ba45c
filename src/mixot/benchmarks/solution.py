"""What both sides of a comparison return, and whether it took them the same work to get there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mixot.benchmarks.record import Check
from mixot.reference.densities import costs
from mixot.reference.likelihood import extended_negative_log_likelihood
from mixot.types import Array, Mixture

# Rows that the independent evaluation takes at once.
_BLOCK = 1 << 17
# Objectives, per observation, within this of each other are the same.
TOLERANCE = 1e-9
# An iteration that moves the objective by less than this multiple of it could be left out unseen.
_TELLING = 100.0


@dataclass(frozen=True, slots=True)
class Solution:
    """A Gaussian mixture, covariances shaped by their type, and the iterations it says it took."""

    mixture: Mixture
    n_iter: int


Solve = Callable[[int], Solution]


@dataclass(slots=True)
class Kept:
    """A solver of n iterations that keeps what it found, so that the timed runs are checked."""

    solve: Solve
    solutions: dict[int, Solution] = field(default_factory=dict)

    def __call__(self, n_iter: int) -> Solution:
        """Solve and keep."""
        self.solutions[n_iter] = self.solve(n_iter)
        return self.solutions[n_iter]


def objective(points: Array, mixture: Mixture, family: str) -> float:
    """Return the negative log-likelihood per observation, by the code of `mixot.reference`."""
    total = np.longdouble(0)
    for start in range(0, points.shape[0], _BLOCK):
        block = np.asarray(points[start : start + _BLOCK])
        cost = costs(family, block, dict(mixture.parameters))
        equal = np.ones(block.shape[0])
        total += block.shape[0] * extended_negative_log_likelihood(cost, equal, mixture.weights)
    return float(total / points.shape[0])


def equal_work(points: Array, family: str, sides: Mapping[str, Kept], high: int) -> Check:
    """Check that all sides, from the same start, made the iterations asked for and agree at `high`.

    Agreement is telling only while the iterations still move: so must the objective between the
    first side's shortest run and there.
    """
    numbers: dict[str, float] = {"iterations": high}
    for side, kept in sides.items():
        for asked, found in kept.solutions.items():
            if found.n_iter != asked:
                why = f"{side} made {found.n_iter} iterations instead of {asked}"
                return Check(False, why, numbers)
    values = {
        side: objective(points, kept.solutions[high].mixture, family)
        for side, kept in sides.items()
    }
    first = next(iter(sides.values())).solutions
    low = min(first)
    earlier = objective(points, first[low].mixture, family)
    # Unlike Python's own extrema these keep a NaN, whichever side it is on.
    difference = float(np.ptp(list(values.values())))
    moved = abs(earlier - next(iter(values.values()))) / (high - low)
    numbers |= {f"objective of {side}": value for side, value in values.items()}
    numbers |= {"difference": difference, "moved": moved}
    if not difference <= TOLERANCE:
        why = f"objectives differ by {difference:.1e} after {high} iterations"
        return Check(False, why, numbers)
    if not moved > _TELLING * TOLERANCE:
        return Check(False, f"iterations {low} to {high} move too little to be counted", numbers)
    return Check(True, "", numbers)
