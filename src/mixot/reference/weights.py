"""Weights at fixed parameters: both convex problems of B1, and their certificate N3.

    min over pi of NLL(theta, pi)   and   min over pi of OT_eps(a, pi; C)

have one minimum and one set of minimisers (theory B1).  Each is minimised here by itself: SciPy's
SLSQP from its value and gradient (E5: -eps D for the NLL, g for OT), finished by Newton steps on
the support.  With D_k = sum_i a_i p_ik^{1/eps} / m_i the minimum is certified from one side by

    L_eps(pi) - min L_eps <= eps log max_k D_k                                        (N3)

and pi is optimal where D_k = 1 on the support and D_k <= 1 off it (Kuhn-Tucker).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.optimize

from .likelihood import kl_divergence, negative_log_likelihood
from .parameters import Array
from .sinkhorn import marginal_jacobian, semidual


class WeightsMinimum(NamedTuple):
    """Weights (K,), the value there, and how far they are from stationary.

    `residual` is max_k of |pi_k (D_k - 1)| and of (D_k - 1)+, without units; `gap` the certified
    bound eps log max D on the value.
    """

    weights: Array
    value: float
    residual: float
    gap: float
    iterations: int


def gradient_function(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> Array:
    """Return D_k = sum_i a_i p_ik^{1/eps} / m_i (K,), also where pi_k = 0 (N3)."""
    return sample_weights @ _density_ratios(cost, weights, epsilon)


def stationarity(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> tuple[float, float]:
    """Return the Kuhn-Tucker residual and the certified gap eps log max D of any weights."""
    ratios = gradient_function(cost, sample_weights, weights, epsilon)
    inside = np.abs(weights * (ratios - 1)).max()
    return float(max(inside, (ratios - 1).max())), epsilon * math.log(max(1.0, ratios.max()))


def certificate(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float = 1.0
) -> tuple[float, float, float]:
    """Return the ends of N3: eps KL(pihat | pi) below, eps log max D and eps (max D - 1) above."""
    ratios = gradient_function(cost, sample_weights, weights, epsilon)
    lower = kl_divergence(weights * ratios, weights)
    return epsilon * lower, epsilon * math.log(ratios.max()), epsilon * (ratios.max() - 1)


def blahut_arimoto(
    cost: Array,
    sample_weights: Array,
    start: Array,
    epsilon: float = 1.0,
    *,
    gap: float = 1e-9,
    max_iter: int = 200_000,
) -> WeightsMinimum:
    """Iterate pi <- pi D (exponentiated gradient of unit step) to a certified gap (B1, N3).

    Stops at `max_iter` without complaint: read `gap`.  Slow, like 1 / t, where a weight must
    vanish.
    """
    weights = start.copy()
    for iterations in range(max_iter + 1):
        ratios = gradient_function(cost, sample_weights, weights, epsilon)
        if epsilon * math.log(max(1.0, ratios.max())) <= gap or iterations == max_iter:
            break
        weights = weights * ratios
        weights = weights / weights.sum()
    value = negative_log_likelihood(cost, sample_weights, weights, epsilon)
    return WeightsMinimum(
        weights, value, *stationarity(cost, sample_weights, weights, epsilon), iterations
    )


def minimise_likelihood(
    cost: Array, sample_weights: Array, start: Array, epsilon: float = 1.0
) -> WeightsMinimum:
    """Return argmin over the simplex of L_eps(pi), boundary included, to round-off (B1).

    The search begins half way between `start` and uniform weights: the problem is convex, and a
    vertex is no place to begin.
    """
    inner = (start + 1 / start.size) / 2

    def value_and_slope(weights: Array) -> tuple[float, Array]:
        value = negative_log_likelihood(cost, sample_weights, weights, epsilon)
        return value, -epsilon * gradient_function(cost, sample_weights, weights, epsilon)

    rough = _slsqp(value_and_slope, inner)
    weights, iterations = _newton_on_support(cost, sample_weights, rough, epsilon)
    return WeightsMinimum(
        weights,
        negative_log_likelihood(cost, sample_weights, weights, epsilon),
        *stationarity(cost, sample_weights, weights, epsilon),
        iterations,
    )


def minimise_transport(
    cost: Array, sample_weights: Array, start: Array, epsilon: float = 1.0, *, drop: float = 1e-6
) -> WeightsMinimum:
    """Return argmin over the simplex of OT_eps(a, pi; C), using OT's values and potentials only.

    SLSQP with gradient g; weights that end below `drop` are set to zero (OT then runs over the
    other columns; a wrong drop shows in `residual`); then Newton steps with the Hessian
    eps (H^+ - diag(1/pi)) of OT on the tangent, H = diag(pi) - P' diag(1/a) P, each kept only if
    it lowers max |pi_k g_k|.  Where components hardly overlap OT is all but piecewise linear in
    pi, Newton has nothing to add, and `residual` stays near 1e-9 (values still agree to 1e-12).
    """

    def value_and_slope(weights: Array) -> tuple[float, Array]:
        solved = semidual(cost, sample_weights, weights, epsilon)
        return solved.value, solved.g

    # Positive weights are needed along the way, but not tiny ones: their potentials are steep.
    rough = _slsqp(value_and_slope, start, floor=1e-3 * drop)
    support = rough > drop
    columns = cost[:, support]
    weights = rough[support] / rough[support].sum()
    best, lowest = weights, math.inf
    iterations = 0
    while iterations < 30:
        solved = semidual(columns, sample_weights, weights, epsilon)
        largest = float(np.abs(weights * solved.g).max())
        if largest >= lowest:
            break
        best, lowest = weights, largest
        weights = _tangent_newton(solved.plan, sample_weights, weights, solved.g, epsilon)
        iterations += 1
    found = np.zeros(start.size)
    found[support] = best
    return WeightsMinimum(
        found,
        semidual(columns, sample_weights, best, epsilon).value,
        *stationarity(cost, sample_weights, found, epsilon),
        iterations,
    )


def _density_ratios(cost: Array, weights: Array, epsilon: float) -> Array:
    """Return p_ik^{1/eps} / m_i (n, K), capped at e^700 where an empty component is far better."""
    smallest = cost[:, weights > 0].min(axis=1, keepdims=True)
    densities = np.exp(np.minimum(-(cost - smallest) / epsilon, 700.0))
    return densities / (densities @ weights)[:, None]


def _slsqp(
    value_and_slope: Callable[[Array], tuple[float, Array]],
    start: Array,
    floor: float = 0.0,
) -> Array:
    result = scipy.optimize.minimize(
        lambda weights: value_and_slope(_onto_simplex(weights, floor)),
        start,
        jac=True,
        method="SLSQP",
        bounds=[(floor, 1.0)] * start.size,
        constraints={
            "type": "eq",
            "fun": lambda weights: weights.sum() - 1.0,
            "jac": lambda weights: np.ones(weights.size),
        },
        options={"ftol": 1e-14, "maxiter": 500},
    )
    return _onto_simplex(result.x, floor)


def _onto_simplex(weights: Array, floor: float) -> Array:
    # SLSQP oversteps its bounds and its constraint by round-off.
    clipped = np.maximum(weights, floor)
    return clipped / clipped.sum()


def _newton_on_support(
    cost: Array, sample_weights: Array, weights: Array, epsilon: float
) -> tuple[Array, int]:
    """Newton on D = 1 over the support, letting weights reach zero and come back."""
    # What SLSQP leaves of a weight that it drops is rounding, and would make the system singular.
    weights = _onto_simplex(np.where(weights > 1e-14, weights, 0.0), 0.0)
    best, best_residual = weights, stationarity(cost, sample_weights, weights, epsilon)[0]
    for iterations in range(60):
        ratios = _density_ratios(cost, weights, epsilon)
        slope = sample_weights @ ratios - 1
        support = (weights > 0) | (slope > 0)
        hessian = ratios[:, support].T @ (ratios[:, support] * sample_weights[:, None])
        step = np.zeros(weights.size)
        step[support] = np.linalg.lstsq(hessian, slope[support], rcond=None)[0]
        shrinking = step < 0
        limits = weights[shrinking] / -step[shrinking]
        length = min(1.0, limits.min(initial=1.0))
        trial = np.maximum(weights + length * step, 0.0)
        if length < 1.0:
            trial[np.flatnonzero(shrinking)[limits.argmin()]] = 0.0
        trial = trial / trial.sum()
        residual = stationarity(cost, sample_weights, trial, epsilon)[0]
        if residual < best_residual:
            best, best_residual = trial, residual
        elif iterations > 10:
            break
        weights = trial
    return best, iterations + 1


def _tangent_newton(
    plan: Array, sample_weights: Array, weights: Array, g: Array, epsilon: float
) -> Array:
    size = weights.size
    kernel = marginal_jacobian(plan, sample_weights)
    scale = np.trace(kernel)
    # H^+ up to a multiple of 11', which moves nothing on the tangent: H is known to vanish on 1
    # alone, and a pseudo-inverse would have to guess that from eigenvalues as small as round-off.
    deflated = kernel + np.full((size, size), scale / size)
    if np.linalg.cond(deflated) > 1e14:
        # One component, or some that share no sample with the rest: no curvature to step by.
        return weights
    inverse = np.linalg.inv(deflated)
    bordered = np.ones((size + 1, size + 1))
    bordered[:size, :size] = epsilon * (inverse - np.diag(1 / weights))
    bordered[size, size] = 0.0
    step = np.linalg.solve(bordered, np.append(-g, 0.0))[:size]
    shrinking = step < 0
    length = min(1.0, 0.9 * (weights[shrinking] / -step[shrinking]).min(initial=np.inf))
    moved = weights + length * step
    return moved / moved.sum()
