"""The balanced problem with free weights: min over pi of OT(a, pi; C), by descent on its gradient.

OT is convex in pi and its gradient on the simplex is the column potential g (E5). Alternating
pi <- P'1 cannot move, because a balanced plan already has that marginal (D7). Here pi is moved
through its own potential: with the tilt t = log pi + g / epsilon the balanced plan of every
pi = marginal(t) is known, so that a trial costs one sweep and no inner problem, and

    OT / epsilon = <pi, t - log pi> - value(t),     gradient in t:  H g / epsilon,
    Hessian in t at the minimum:                    H - H diag(1/pi) H,

H the Hessian of the semi-dual. The step t <- t - g / epsilon is mirror descent, which never
increases OT (C5); Newton's step divides it, in the eigenvectors of D^-1/2 H D^-1/2, by one minus
the eigenvalue. The damping interpolates between the two. The minimum is that of the semi-relaxed
problem (B1).
"""

from dataclasses import dataclass

import numpy as np

from mixot.transport.columns import Columns, Oracle
from mixot.types import Array, Mask

# No logarithm of a weight moves further than this in one step.
_MAX_MOVE = 4.0
# The value is a sum over all rows; differences below this fraction of it are the sum's round-off.
_ROUNDING = 1e-14
# Weights below the first do not enter Newton's system, which they would only make singular: they
# move by the sign of their slope, and no further down than the second, from where they can return.
# Weights that start below the third are not in the support.
_MINUTE = 1e-12
_LOWEST = 1e-20
_GONE = 1e-30


@dataclass(frozen=True, slots=True)
class FreeWeights:
    """Minimiser over the weights, with the potential (K,) of its balanced plan.

    weights: (K,); g: (K,) in the cost's units, <pi, g> = 0; tilt: (K,) log pi + g / epsilon, -inf
    where pi is zero; value: min over pi of OT; projected_gradient: |pi - proj(pi - g/eps)|_inf.
    """

    weights: Array
    g: Array
    tilt: Array
    value: float
    projected_gradient: float
    n_sweeps: int
    converged: bool


@dataclass(frozen=True, slots=True)
class _Point:
    """A point on the curve of solved problems: pi = marginal(tilt), OT and g over epsilon."""

    tilt: Array
    weights: Array
    slope: Array
    value: float
    residual: float
    hessian: Array


def minimise(
    oracle: Oracle, start: Array, epsilon: float, *, tol: float = 1e-10, max_iter: int = 500
) -> FreeWeights:
    """Minimise OT(a, pi) over pi from the weights `start` (K,).

    A weight that starts at zero stays there: the minimum is then over the others.
    """
    active = start > _GONE

    def at(tilt: Array) -> _Point:
        full = np.full(start.shape, -np.inf)
        full[active] = tilt
        return _point(tilt, oracle(full, True), active)

    point = at(np.log(start[active] / start[active].sum()))
    sweeps, damping = 1, 1e-12
    while point.residual > tol and sweeps < max_iter:
        move = _move(point, damping)
        trial = at(point.tilt + move)
        sweeps += 1
        gain = point.value - trial.value
        expected = -float(move @ (point.hessian @ point.slope))
        rounding = _ROUNDING * max(1.0, abs(point.value))
        # Armijo, so that an overshoot does not empty a component; but a step whose gain is below
        # rounding (from a minute weight, or next to the minimum) is taken, and so is a mirror step.
        enough = 0.1 * abs(expected) if abs(expected) > rounding and damping < 1.0 else -rounding
        if np.isfinite(trial.value) and gain >= enough:
            point = trial
            damping = max(0.01 * damping, 1e-12)
        elif damping >= 1.0:
            break
        else:
            damping = min(1.0, max(damping * 100.0, 1e-6))
    weights, g, tilt = np.zeros_like(start), np.zeros_like(start), np.full(start.shape, -np.inf)
    weights[active], g[active], tilt[active] = point.weights, epsilon * point.slope, point.tilt
    return FreeWeights(
        weights, g, tilt, epsilon * point.value, point.residual, sweeps, point.residual <= tol
    )


def projected_gradient(weights: Array, gradient: Array) -> float:
    """Return |pi - proj(pi - gradient)|_inf, the distance from stationarity on the simplex."""
    return float(np.abs(weights - project_simplex(weights - gradient)).max())


def project_simplex(vector: Array) -> Array:
    """Return the nearest point of the probability simplex to `vector` (K,)."""
    ordered = np.sort(vector)[::-1]
    excess = (np.cumsum(ordered) - 1.0) / np.arange(1, vector.size + 1)
    threshold = excess[np.nonzero(ordered > excess)[0][-1]]
    return np.maximum(vector - threshold, 0.0)


def _point(tilt: Array, columns: Columns, active: Mask) -> _Point:
    assert columns.hessian is not None
    weights = np.maximum(columns.marginal[active], _GONE)
    slope = tilt - np.log(weights)
    mean = float(weights @ slope)
    value = mean - columns.value
    centred = slope - mean
    hessian = columns.hessian[np.ix_(active, active)]
    return _Point(
        tilt - mean, weights, centred, value, projected_gradient(weights, centred), hessian
    )


def _move(point: _Point, damping: float) -> Array:
    newton = point.weights > _MINUTE
    root = np.sqrt(point.weights[newton])
    scaled = point.hessian[np.ix_(newton, newton)] / np.outer(root, root)
    eigenvalues, vectors = np.linalg.eigh(0.5 * (scaled + scaled.T))
    eigenvalues = np.clip(eigenvalues, 0.0, 1.0)
    stretch = 1.0 / np.maximum(1.0 - eigenvalues + damping * eigenvalues, 1e-14)
    shrinks = np.where(point.weights > _LOWEST, -_MAX_MOVE, 0.0)
    move = np.where(point.slope < 0.0, _MAX_MOVE, shrinks)
    move[newton] = -(vectors @ (stretch * (vectors.T @ (root * point.slope[newton])))) / root
    return np.clip(move, -_MAX_MOVE, _MAX_MOVE)
