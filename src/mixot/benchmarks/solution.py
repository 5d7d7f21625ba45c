"""What both sides of a comparison return, and whether it took them the same work to get there."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from mixot.benchmarks.record import Check, UnavailableError
from mixot.reference.densities import costs
from mixot.reference.likelihood import extended_negative_log_likelihood
from mixot.types import Array, Mixture

# Rows that the independent evaluation takes at once.
_BLOCK = 1 << 15
# Objectives, per observation, within this of each other are the same.
TOLERANCE = 1e-9
# An iteration that moves the objective by less than this multiple of it could be left out unseen.
TELLING = 100.0


@dataclass(frozen=True, slots=True)
class Solution:
    """A Gaussian mixture, covariances shaped by their type, and how it came about.

    n_iter: the iterations that the side says it made; stamps: for each of them the time, by
    `time.perf_counter`, at which it ended; reported: the objective that the side itself gives, NaN
    of none.
    """

    mixture: Mixture
    n_iter: int
    stamps: tuple[float, ...] = ()
    reported: float = np.nan

    def lengths(self, first: int) -> list[float]:
        """Return the seconds of every iteration after the `first` ones, of which there is one.

        Raises UnavailableError unless every iteration has its stamp.
        """
        if len(self.stamps) != self.n_iter:
            raise UnavailableError(
                f"told when {len(self.stamps)} of {self.n_iter} iterations ended: no time of one"
            )
        return [float(length) for length in np.diff(self.stamps[first - 1 :])]


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
    """Return the negative log-likelihood per observation, by the code of `mixot.reference`.

    All rows count, in extended precision; blocks of them are evaluated at once by two threads.
    """

    def total(start: int) -> np.longdouble:
        block = np.asarray(points[start : start + _BLOCK])
        cost = costs(family, block, dict(mixture.parameters))
        equal = np.ones(block.shape[0])
        return block.shape[0] * extended_negative_log_likelihood(cost, equal, mixture.weights)

    with ThreadPoolExecutor(2) as pool:
        totals = list(pool.map(total, range(0, points.shape[0], _BLOCK)))
    return float(np.sum(totals) / points.shape[0])


def equal_work(points: Array, family: str, sides: Mapping[str, Kept], high: int) -> Check:
    """Check that all sides, from the same start, made the iterations asked for and agree at `high`.

    Agreement is telling only while the iterations still move: so must the objective in the last of
    them, for which the first side makes one fewer once more.
    """
    first = next(iter(sides.values()))
    before = first(high - 1)
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
    # Unlike Python's own extrema these keep a NaN, whichever side it is on.
    difference = float(np.ptp(list(values.values())))
    moved = abs(objective(points, before.mixture, family) - next(iter(values.values())))
    numbers |= {f"objective of {side}": value for side, value in values.items()}
    numbers |= {"difference": difference, "moved": moved}
    if not difference <= TOLERANCE:
        why = f"objectives differ by {difference:.1e} after {high} iterations"
        return Check(False, why, numbers)
    if not moved > TELLING * TOLERANCE:
        return Check(False, f"iteration {high} moves too little to be counted", numbers)
    return Check(True, "", numbers)
