"""The three estimators of `_two_normals` for many samples at once, and hard assignment.

Every replicate is a row of the points (R, n), and a pass over them yields the means over n of
r, r x, h, h x and h x^2 with h = r (1 - r), from which the equations E_n[s] = 0 and their
derivative follow. A few steps of EM (of Sinkhorn EM for the balanced estimator: the means, then
the tilt of the plan) begin at the truth, so that it is the local root that is found; then Newton's
method takes over in each replicate whose objective is convex there, and EM goes on in the others.

The library's fits are the measure of this, not the other way round: see `efficiency`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from mixot.experiments._two_normals import Method, Truth
from mixot.types import Array, Mask

_EM_STEPS = 3
_MAX_STEPS = 500
# Equations are solved to this; a mean of 1e4 terms of order 1 is known to about 1e-14.
_SOLVED = 1e-12
# Tilts are solved to this before Newton's method takes all equations together.
_TILTED = 1e-6
# Newton's steps are not trusted beyond this length, in deviations of a component.
_LONGEST = 0.5


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates of one method from R samples.

    theta: (R, 3) log-odds, or the plan's tilt, and means; slope: (R, 3, 3) derivative of the
    equations there; residual: (R,) the largest of the equations, infinite where the root is no
    minimum.
    """

    theta: Array
    slope: Array
    residual: Array

    @classmethod
    def join(cls, parts: Sequence["Estimates"]) -> "Estimates":
        """Put the replicates of several blocks one after the other."""
        return cls(
            np.concatenate([part.theta for part in parts]),
            np.concatenate([part.slope for part in parts]),
            np.concatenate([part.residual for part in parts]),
        )


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pass over the points finds: equations (R, 3), slope (R, 3, 3), images under EM."""

    equations: Array
    slope: Array
    images: Array
    convex: Mask


def estimate(points: Array, method: Method, truth: Truth) -> Estimates:
    """Solve the method's equations for every row of the points (R, n), from the truth."""
    n_replicates = points.shape[0]
    theta = np.tile(truth.theta, (n_replicates, 1))
    for _ in range(_EM_STEPS):
        theta = _em(points, theta, method, truth)
    slope = np.empty((n_replicates, 3, 3))
    residual = np.empty(n_replicates)
    rows = np.arange(n_replicates)
    for _ in range(_MAX_STEPS):
        chosen = points if rows.size == n_replicates else points[rows]
        now = theta[rows]
        here = _pass(chosen, now, method, truth)
        slope[rows] = here.slope
        residual[rows] = np.where(here.convex, np.abs(here.equations).max(axis=1), np.inf)
        going = residual[rows] > _SOLVED
        if not going.any():
            break
        step = -np.linalg.solve(here.slope, here.equations[..., None])[..., 0]
        newton = here.convex & (np.abs(step).max(axis=1) < _LONGEST)
        after = np.where(newton[:, None], now + step, here.images)
        if method == "balanced" and not newton.all():
            after[~newton, 0] = _tilt(chosen[~newton], after[~newton], truth)
        theta[rows[going]] = after[going]
        rows = rows[going]
    return Estimates(theta, slope, residual)


def equations(points: Array, theta: Array, method: Method, truth: Truth) -> Array:
    """Return the equations (R, 3) of the method at theta (R, 3)."""
    return _pass(points, theta, method, truth).equations


def hard(points: Array, truth: Truth) -> Estimates:
    """Return where Lloyd's algorithm ends from the truth: it has no slope, and moves no more."""
    theta = np.tile(truth.theta, (points.shape[0], 1))
    for _ in range(_MAX_STEPS):
        inside = points < 0.5 * (theta[:, 1] + theta[:, 2])[:, None]
        share = inside.mean(axis=1)
        first = np.where(inside, points, 0.0).mean(axis=1)
        second = points.mean(axis=1) - first
        after = np.stack([logit(share), first / share, second / (1.0 - share)], axis=1)
        if np.array_equal(after, theta):
            break
        theta = after
    nothing = np.zeros((len(theta), 3, 3))
    return Estimates(theta, nothing, nothing[:, 0, 0])


def _responsibilities(points: Array, theta: Array) -> Array:
    """Return r (R, n): its log-odds are linear in x, as both variances are 1."""
    eta, left, right = theta.T
    offset = eta + 0.5 * (right - left) * (right + left)
    return np.asarray(expit((left - right)[:, None] * points + offset[:, None]))


def _mean(values: Array, points: Array) -> Array:
    return np.asarray(np.einsum("rn,rn->r", values, points)) / points.shape[1]


def _pass(points: Array, theta: Array, method: Method, truth: Truth) -> _Pass:
    r = _responsibilities(points, theta)
    eta, left, right = theta.T
    share, first, second = r.mean(axis=1), _mean(r, points), points.mean(axis=1)
    second = second - first
    h = r - r * r
    hx = h * points
    h0, h1, h2 = h.mean(axis=1), hx.mean(axis=1), _mean(hx, points)
    # E[h (x - mu_j)], and E[h (x - mu_j)(x - mu_k)].
    to_left, to_right = h1 - left * h0, h1 - right * h0
    across = h2 - (left + right) * h1 + left * right * h0
    slope = np.empty((theta.shape[0], 3, 3))
    slope[:, 0, 0] = h0
    slope[:, 0, 1] = slope[:, 1, 0] = to_left
    slope[:, 0, 2] = slope[:, 2, 0] = -to_right
    slope[:, 1, 1] = h2 - 2.0 * left * h1 + left**2 * h0 - share
    slope[:, 1, 2] = slope[:, 2, 1] = -across
    slope[:, 2, 2] = h2 - 2.0 * right * h1 + right**2 * h0 - (1.0 - share)
    equations = np.stack(
        [share - truth.weight, first - left * share, second - right * (1.0 - share)], axis=1
    )
    images = np.stack([eta, first / share, second / (1.0 - share)], axis=1)
    if method == "free":
        weight = expit(eta)
        equations[:, 0] = share - weight
        slope[:, 0, 0] -= weight * (1.0 - weight)
        images[:, 0] = logit(share)
    elif method == "fixed":
        # The log-odds stay where they are.
        equations[:, 0] = 0.0
        slope[:, 0] = [1.0, 0.0, 0.0]
    return _Pass(equations, slope, images, _convex(slope, method))


def _convex(slope: Array, method: Method) -> Mask:
    """Say where the objective, with the best log-odds or tilt put in, is convex in the means."""
    corner = slope[:, 0, 0]
    bent = -slope[:, 1:, 1:]
    if method != "fixed":
        bent = bent + slope[:, 1:, :1] * slope[:, :1, 1:] / corner[:, None, None]
    minimum = (bent[:, 0, 0] > 0.0) & (bent[:, 0, 0] * bent[:, 1, 1] > bent[:, 0, 1] ** 2)
    # In the tilt the balanced objective is a maximum, in the log-odds the likelihood's a minimum.
    return np.asarray(minimum & (corner < 0.0 if method == "free" else corner > 0.0))


def _em(points: Array, theta: Array, method: Method, truth: Truth) -> Array:
    images = _pass(points, theta, method, truth).images
    if method == "balanced":
        images[:, 0] = _tilt(points, images, truth)
    return images


def _tilt(points: Array, theta: Array, truth: Truth) -> Array:
    """Return the log-odds (R,) for which the plan nearly has the column marginal pi."""
    theta = theta.copy()
    # E_n[r] increases in them: a bracket is kept round Newton's iterates.
    low, high = theta[:, 0] - 60.0, theta[:, 0] + 60.0
    for _ in range(100):
        r = _responsibilities(points, theta)
        missing = truth.weight - r.mean(axis=1)
        if np.abs(missing).max() < _TILTED:
            break
        eta = theta[:, 0]
        low, high = np.where(missing > 0.0, eta, low), np.where(missing > 0.0, high, eta)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = missing / (r - r * r).mean(axis=1)
        # Between distant components E_n[r] is a staircase, on whose treads Newton's step is long.
        step = eta + np.clip(step, -1.0, 1.0)
        theta[:, 0] = np.where((step > low) & (step < high), step, 0.5 * (low + high))
    return theta[:, 0]
