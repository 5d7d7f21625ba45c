"""The balanced problem with free weights: min over pi of OT(a, pi; C), by descent on its gradient.

OT is convex in pi, its gradient on the simplex is the column potential g (E5), and its Hessian is
epsilon (H^+ - diag(1/pi)), where H is the Hessian of the semi-dual. Alternating pi <- P'1 cannot
move, because a balanced plan already has that marginal (D7). Here each evaluation solves the
balanced problem, and the steps are Newton's, damped, kept inside the simplex and accepted only if
the value or the projected gradient falls. The minimum is that of the semi-relaxed problem (B1),
reached without using it.
"""

from dataclasses import dataclass

import numpy as np

from mixot.transport.balanced import Tilt, match_marginal
from mixot.transport.columns import Oracle
from mixot.types import Array

_TO_BOUNDARY = 0.99


@dataclass(frozen=True, slots=True)
class FreeWeights:
    """Minimiser over the weights, with tilt (K,) of its balanced plan.

    value: min over pi of OT; projected_gradient: |pi - proj(pi - g / epsilon)|_inf.
    """

    weights: Array
    tilt: Array
    value: float
    projected_gradient: float
    marginal_error: float
    n_sweeps: int
    converged: bool


def minimise(
    oracle: Oracle, start: Array, epsilon: float, *, tol: float = 1e-10, max_iter: int = 200
) -> FreeWeights:
    """Minimise OT(a, pi) over pi from the weights `start` (K,), which must be positive.

    A weight that starts at zero stays there: the minimum is then over the others.
    """
    weights = start / start.sum()
    solved = match_marginal(oracle, weights, _log(weights))
    value, slope = _value(weights, solved)
    residual = projected_gradient(weights, slope)
    sweeps, damping = solved.n_sweeps, 1e-10
    for _ in range(max_iter):
        if residual <= tol or damping > 1e10:
            break
        direction = _direction(weights, slope, solved, damping)
        trial = _inside(weights, direction)
        with np.errstate(invalid="ignore"):
            guess = solved.tilt + _log(trial) - _log(weights)
        trial_solved = match_marginal(oracle, trial, guess)
        sweeps += trial_solved.n_sweeps
        trial_value, trial_slope = _value(trial, trial_solved)
        trial_residual = projected_gradient(trial, trial_slope)
        gain = value - trial_value
        expected = float(slope @ (weights - trial))
        if trial_solved.converged and (
            gain >= 0.1 * expected > 0.0 or trial_residual < 0.7 * residual
        ):
            weights, solved, value, slope = trial, trial_solved, trial_value, trial_slope
            residual = trial_residual
            damping = max(damping * 0.1, 1e-10)
        else:
            damping = max(damping * 30.0, 1e-3)
    return FreeWeights(
        weights,
        solved.tilt,
        epsilon * value,
        residual,
        solved.marginal_error,
        sweeps,
        residual <= tol,
    )


def projected_gradient(weights: Array, gradient: Array) -> float:
    """Return |pi - proj(pi - gradient)|_inf, the distance from stationarity on the simplex."""
    active = weights > 0.0
    moved = project_simplex(weights[active] - gradient[active])
    return float(np.abs(weights[active] - moved).max())


def project_simplex(vector: Array) -> Array:
    """Return the nearest point of the probability simplex to `vector` (K,)."""
    ordered = np.sort(vector)[::-1]
    excess = (np.cumsum(ordered) - 1.0) / np.arange(1, vector.size + 1)
    threshold = excess[np.nonzero(ordered > excess)[0][-1]]
    return np.maximum(vector - threshold, 0.0)


def _log(weights: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(weights)


def _value(weights: Array, solved: Tilt) -> tuple[float, Array]:
    """Return OT / epsilon and its gradient g / epsilon, zero in columns without weight."""
    active = weights > 0.0
    slope = np.zeros_like(weights)
    slope[active] = solved.tilt[active] - np.log(weights[active])
    slope[active] -= weights[active] @ slope[active]
    tilted = solved.tilt[active] - np.log(weights[active])
    return float(weights[active] @ tilted) - solved.columns.value, slope


def _direction(weights: Array, slope: Array, solved: Tilt, damping: float) -> Array:
    """Return the damped Newton direction, in the coordinates e = d / sqrt(pi).

    There the Hessian is S^+ - I with S = D^-1/2 H D^-1/2, whose eigenvalues lie in [0, 1]: written
    as below nothing is inverted that may vanish.
    """
    assert solved.columns.hessian is not None
    active = weights > 0.0
    root = np.sqrt(weights[active])
    scaled = solved.columns.hessian[np.ix_(active, active)] / np.outer(root, root)
    eigenvalues, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    eigenvalues = np.clip(eigenvalues, 0.0, 1.0)
    gain = eigenvalues / (1.0 - eigenvalues + damping * eigenvalues + 1e-15)
    descent = vectors @ (gain * (vectors.T @ (root * slope[active])))
    descent -= root * (root @ descent)
    direction = np.zeros_like(weights)
    direction[active] = -root * descent
    return direction


def _inside(weights: Array, direction: Array) -> Array:
    shrinking = direction < 0.0
    step = 1.0
    if shrinking.any():
        longest = float(np.min(-weights[shrinking] / direction[shrinking]))
        step = min(1.0, _TO_BOUNDARY * longest)
    trial = weights + step * direction
    return np.asarray(trial / trial.sum())
