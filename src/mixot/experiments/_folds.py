"""Folds: where a spurious fixed point merges with an unstable one, and both vanish.

There m' = m and the derivative of m' is 1. With b as an unknown beside m and alpha (notation of
`_opposite_means`) these are three equations without an inner solve,

    E[x T] = m,     E[x^2 S] - 1 = E[x S]^2 / E[S]   (Sinkhorn EM),     E[x^2 S] = 1   (EM),

and the one that defines b. Counting roots near a fold is ill-conditioned, Newton's method on these
equations is not.
"""

from dataclasses import dataclass

import numpy as np

from mixot.experiments._opposite_means import Method, fixed_points, half_logit, population, tilt
from mixot.types import Array


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a spurious fixed point m merges with an unstable one and both vanish, and b there.

    residual: the largest violation of the three equations after Newton's last step.
    """

    weight: float
    mean: float
    tilt: float
    residual: float


def fold(separation: float, method: Method, start: Fold) -> Fold:
    """Return the fold at a separation by Newton's method from that of a neighbouring one."""
    at = np.array([start.mean, start.tilt, start.weight])
    violated, slopes = _fold_equations(separation, method, at)
    for _ in range(60):
        step = np.linalg.solve(slopes, violated)
        # The weight must stay inside its interval, and a first step may be far too long.
        at = at - step * min(1.0, 0.1 / float(np.abs(step).max()))
        violated, slopes = _fold_equations(separation, method, at)
        if np.abs(violated).max() < 1e-14:
            break
    return Fold(float(at[2]), float(at[0]), float(at[1]), float(np.abs(violated).max()))


def rough_fold(separation: float, method: Method, n_halvings: int = 12) -> Fold:
    """Return where bisection over the weight loses the two lower fixed points, to begin with."""
    low, high, mean = 0.501, 0.9995, -0.5 * separation
    for _ in range(n_halvings):
        weight = 0.5 * (low + high)
        found = fixed_points(population(weight, separation, 0.1), method, 201)
        if len(found) < 3:
            high = weight
        else:
            low, mean = weight, 0.5 * (found[0][0] + found[1][0])
    b = tilt(population(low, separation), method, np.array(mean))
    return Fold(low, mean, float(b), float("nan"))


def _fold_equations(separation: float, method: Method, at: Array) -> tuple[Array, Array]:
    """Return the three equations' violations (3,) and their Jacobian (3, 3) in (m, b, alpha)."""
    m, b, weight = at
    truth = population(float(weight), separation)
    x = truth.nodes
    t = np.tanh(m * x + b)
    s = 1.0 - t * t
    bent = -2.0 * t * s
    change = truth.masses[0] - truth.masses[1]

    def moments(values: Array, masses: Array = truth.density) -> tuple[float, ...]:
        return tuple(float(masses @ (values * x**power)) for power in range(4))

    ts, ss, bends = moments(t), moments(s), moments(bent)
    dt, ds = moments(t, change), moments(s, change)
    image_less_m = (ts[1] - m, [ss[2] - 1.0, ss[1], dt[1]])
    if method == "em":
        tilt = (b - half_logit(weight), [0.0, 1.0, -0.5 / (weight * (1.0 - weight))])
        slope = (ss[2] - 1.0, [bends[3], bends[2], ds[2]])
    else:
        tilt = (ts[0] - 2.0 * weight + 1.0, [ss[1], ss[0], dt[0] - 2.0])

        def change_of_slope(d0: float, d1: float, d2: float) -> float:
            return d2 * ss[0] + (ss[2] - 1.0) * d0 - 2.0 * ss[1] * d1

        slope = (
            (ss[2] - 1.0) * ss[0] - ss[1] ** 2,
            [change_of_slope(*bends[1:]), change_of_slope(*bends[:3]), change_of_slope(*ds[:3])],
        )
    rows = (image_less_m, tilt, slope)
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
