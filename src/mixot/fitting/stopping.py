"""When a fit has converged: the distance to the limit, not the size of the last progress.

The length of a step is measured in the metric of the problem itself, the square root of twice the
KL terms of the energy balance (D2): it has no units and does not depend on the parametrisation. A
linearly convergent iteration with rate rho has r = step * rho / (1 - rho) still to go, which can be
hundreds of times the step (N6), so that the rule asks for the projected distance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mixot.types import Array

_WINDOW = 5
# Steps of this length are round-off; their ratios no longer estimate a rate.
_FLOOR = 1e-14


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far the fit is from its limit, in nats and in their square root.

    step: length of the last step; rate: estimated linear rate (NaN before there are two steps);
    distance: projected distance to the limit; objective_gap: projected decrease still to come.
    """

    step: float
    rate: float
    distance: float
    objective_gap: float


# Called after each step as stop(F_0 .. F_t, certificate).
Stop = Callable[[Sequence[float], Certificate], bool]


def certify(steps: Array, decrease: float) -> Certificate:
    """Estimate rate and distance from the lengths of all steps so far, and the last decrease.

    The rate is the largest of the last ratio and the mean ratio over a few steps, which guards
    against the early phase in which the fast directions still dominate.
    """
    if steps.size == 0:
        return Certificate(np.inf, np.nan, np.inf, np.inf)
    last = float(steps[-1])
    if last <= _FLOOR:
        return Certificate(last, 0.0, last, max(decrease, 0.0))
    if steps.size == 1 or steps[-2] <= 0.0:
        return Certificate(last, np.nan, np.inf, np.inf)
    window = min(_WINDOW, steps.size - 1)
    ratio = last / float(steps[-2])
    mean_ratio = (last / float(steps[-1 - window])) ** (1.0 / window) if steps[-1 - window] else 1.0
    rate = max(ratio, mean_ratio)
    if rate >= 1.0:
        return Certificate(last, rate, np.inf, np.inf)
    gap = max(decrease, 0.0) * rate**2 / (1.0 - rate**2)
    return Certificate(last, rate, last * rate / (1.0 - rate), gap)


def within(tol: float) -> Stop:
    """Return the rule that ends a fit when the projected distance to the limit is at most tol."""

    def rule(objectives: Sequence[float], certificate: Certificate) -> bool:
        del objectives
        return certificate.distance <= tol

    return rule
