"""How the library's loop moves centroids that nearly coincide, for the cost |x - mu|^2.

The map is `fitting.step`, mixture to mixture. At a fixed point, here centroids with copies, its
derivative along a displacement v of the means and w of the weights is a difference of five points;
a displacement that the derivative lengthens is one along which copies part. Displacements are
compared in the norm of the plan, |v|^2 = sum_k pi_k |v_k|^2, for which the derivative at collapse
is self-adjoint.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import scipy.optimize

from mixot import fitting
from mixot.experiments._squares import FAMILY, costs
from mixot.reference import em, likelihood
from mixot.transport.plans import balanced, semirelaxed
from mixot.types import Array, Mixture, Sample

# Which weights and plan: the loop's free weights, the same fixed, or fixed and balanced.
Loop = Literal["free", "fixed", "balanced"]
LOOPS: tuple[Loop, ...] = ("free", "fixed", "balanced")
_OPTIONS: dict[Loop, dict[str, Any]] = {
    "free": {"plan": semirelaxed.PLAN, "weights": "free"},
    "fixed": {"plan": semirelaxed.PLAN, "weights": "fixed"},
    "balanced": {"plan": balanced.PLAN, "weights": "fixed"},
}
# Length of a displacement beside the spread of the points: truncation is its fourth power, and
# rounding its inverse times 1e-16.
_LENGTH = 1e-3
# Two factors in a row that differ by less are the same: differences are good to about as much.
_SETTLED = 1e-12


def covariance(points: Array, shares: Array) -> Array:
    """Return the covariance (d, d) of points under shares (n,) that sum to anything."""
    shares = shares / shares.sum()
    centred = points - shares @ points
    return np.asarray((centred * shares[:, None]).T @ centred)


def collapsed(sample: Sample, weights: Array) -> Mixture:
    """Return the mixture whose means are all the sample's."""
    return Mixture(weights, {"means": np.tile(sample.weights @ sample.points, (weights.size, 1))})


def derivative(
    sample: Sample,
    at: Mixture,
    epsilon: float,
    loop: Loop,
    means: Array,
    weights: Array | None = None,
) -> tuple[Array, Array]:
    """Return how means (K, d) and weights (K,) respond to a displacement of both."""
    change = np.zeros(at.n_components) if weights is None else weights
    centres = np.asarray(at.parameters["means"])
    reach = max(float(np.abs(means).max()), float(np.abs(change).max()))
    length = _LENGTH / reach

    def image(t: float) -> tuple[Array, Array]:
        moved = Mixture(at.weights + t * change, {"means": centres + t * means})
        after = fitting.step(sample, moved, FAMILY, epsilon=epsilon, **_OPTIONS[loop])
        return np.asarray(after.parameters["means"]), after.weights

    ends = {t: image(t * length) for t in (-2, -1, 1, 2)}
    found = [
        (8.0 * (ends[1][part] - ends[-1][part]) - (ends[2][part] - ends[-2][part]))
        / (12.0 * length)
        for part in (0, 1)
    ]
    return found[0], found[1]


def growth(
    respond: Callable[[Array], Array], start: Array, weights: Array, n_iter: int = 200
) -> tuple[float, Array]:
    """Return the largest factor by which `respond` lengthens, and its direction, from `start`."""
    direction, rate = start / _norm(start, weights), np.nan
    for _ in range(n_iter):
        image = respond(direction)
        before, rate = rate, _norm(image, weights)
        direction = image / rate
        if abs(rate - before) <= _SETTLED * rate:
            break
    return rate, direction


def critical(
    rate: Callable[[float], float], low: float, high: float, relative: float = 1e-12
) -> float:
    """Return the temperature between low and high at which a rate falls through 1, by bisection."""
    for _ in range(100):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if rate(float(middle)) > 1.0 else (low, middle)
        if high <= low * (1.0 + relative):
            break
    return float(np.sqrt(low * high))


def settled(sample: Sample, start: Mixture, epsilon: float, tol: float = 1e-12) -> Mixture:
    """Return the fixed point that the library's fit reaches, weights free."""
    return fitting.fit(
        sample,
        start,
        FAMILY,
        epsilon=epsilon,
        tol=tol,
        acceleration="anderson",
        max_iter=2000,
        n_threads=1,
    ).mixture


def reference_fixed_point(sample: Sample, start: Mixture, epsilon: float) -> Mixture:
    """Return the fixed point next to `start`, as a root of the reference's map.

    A few of its iterations come first, so that the root is the one that they tend to.
    """
    points, a = sample.points, sample.weights
    shape = np.shape(start.parameters["means"])

    def image(packed: Array) -> Array:
        weights = np.append(packed[: shape[0] - 1], 1.0 - packed[: shape[0] - 1].sum())
        cost = costs(points, packed[shape[0] - 1 :].reshape(shape))
        plan = likelihood.estep_plan(cost, a, weights, epsilon)
        means = em.m_step("gaussian-known", points, plan)["means"]
        return np.append(plan.sum(axis=0)[:-1], means.ravel())

    packed = np.append(start.weights[:-1], np.ravel(start.parameters["means"]))
    for _ in range(30):
        packed = image(packed)
    found = scipy.optimize.root(lambda z: image(z) - z, packed, tol=1e-13).x
    weights = np.append(found[: shape[0] - 1], 1.0 - found[: shape[0] - 1].sum())
    return Mixture(weights, {"means": found[shape[0] - 1 :].reshape(shape)})


def _norm(means: Array, weights: Array) -> float:
    return float(np.sqrt(weights @ (means**2).sum(axis=1)))
