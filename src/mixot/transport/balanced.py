"""Balanced plans: Newton's method on the semi-dual in the K column potentials.

Maximise <b, t> - value(t) (`mixot.transport.columns`), smooth and concave in the tilt t and flat
along constants. Each trial costs one sweep, and near the solution the marginal error squares from
one trial to the next. Far from it responsibilities saturate and the Hessian is nearly singular, so
the steps are damped in the metric diag(b), with a damping that vanishes with the error. Statements
C1, I4, N2.
"""

from dataclasses import dataclass

import numpy as np

from mixot.transport.columns import Columns, Oracle
from mixot.types import Array, Mask

_DAMPING = 1e-3
_MAX_DAMPING = 1e12
# The first steps change the logarithm of a column's weight by at most this much; where the rows
# are saturated the semi-dual is nearly linear, and the radius grows with every success.
_RADIUS = 30.0
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True)
class Tilt:
    """The solution of the semi-dual.

    tilt: (K,) t = log b + g / epsilon, gauge <b, t - log b> = 0 over the columns with b > 0, and
    -inf in the others; columns: the sums at it; marginal_error: L1; n_sweeps: sweeps used.
    """

    tilt: Array
    columns: Columns
    marginal_error: float
    n_sweeps: int
    converged: bool


def match_marginal(
    oracle: Oracle, target: Array, start: Array, *, tol: float = 1e-13, max_iter: int = 200
) -> Tilt:
    """Find the tilt whose marginal is `target` (K,), from the tilt `start` (K,).

    Ends when the L1 marginal error is at most `tol`, or when it is at round-off and no step
    improves it, or after `max_iter` sweeps; `converged` says whether 10 * tol was reached.
    """
    active = target > 0.0
    goal = target[active]
    tilt = np.full(target.shape, -np.inf)
    tilt[active] = np.where(np.isfinite(start[active]), start[active], np.log(goal))

    def at(active_tilt: Array) -> Columns:
        full = np.full(target.shape, -np.inf)
        full[active] = active_tilt
        return oracle(full, True)

    position = tilt[active]
    columns = at(position)
    error = float(np.abs(goal - columns.marginal[active]).sum())
    damping, radius, sweeps = _DAMPING, _RADIUS, 1
    while error > tol and sweeps < max_iter and damping < _MAX_DAMPING:
        move = _move(columns, active, goal, damping * error, radius)
        trial = at(position + move)
        trial_error = float(np.abs(goal - trial.marginal[active]).sum())
        sweeps += 1
        gain = float(goal @ move) - (trial.value - columns.value)
        slope = float((goal - columns.marginal[active]) @ move)
        # The gain decides until it drowns in round-off, and the error from there on.
        level = abs(gain) <= _ROUNDING * (1.0 + abs(columns.value))
        if np.isfinite(trial_error) and (
            gain >= 0.1 * slope > 0.0 or (level and trial_error < 0.5 * error)
        ):
            position, columns, error = position + move, trial, trial_error
            damping, radius = max(damping * 0.1, 1e-15), 4.0 * radius
        else:
            damping, radius = damping * 10.0, max(0.25 * radius, 1.0)
    position = position - goal @ (position - np.log(goal)) / goal.sum()
    tilt[active] = position
    return Tilt(tilt, columns, error, sweeps, error <= 10.0 * tol)


def _move(columns: Columns, active: Mask, goal: Array, damping: float, radius: float) -> Array:
    assert columns.hessian is not None
    hessian = columns.hessian[np.ix_(active, active)]
    gradient = goal - columns.marginal[active]
    gradient = gradient - goal * (gradient.sum() / goal.sum())
    # goal goal' fills the null direction of constants and leaves the other directions alone.
    system = hessian + np.outer(goal, goal) + damping * np.diag(goal)
    scale = 1.0 / np.sqrt(goal)
    try:
        move = scale * np.linalg.solve(scale[:, None] * system * scale, scale * gradient)
    except np.linalg.LinAlgError:
        move = gradient / goal
    largest = float(np.max(np.abs(move), initial=0.0))
    if not np.isfinite(largest):
        return gradient / goal
    return move * min(1.0, radius / largest) if largest > 0.0 else move
