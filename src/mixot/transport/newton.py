"""Newton's method for the semi-duals: maximise outer(x) - value(log b + x) over x (K,).

x is the column potential over the temperature. value comes from the rows at the tilt log b + x
(`mixot.transport.columns`); outer is what the columns ask for: <b, x> if their marginal is fixed to
b, and a smooth concave function if it is penalised. Its slope is the marginal that is wanted at x,
so that the error is an L1 distance of marginals either way. x is kept apart from log b, because a
weak penalty makes it so small that the sum would round it away. Each
trial costs one sweep, and near the solution the error squares from one trial to the next. Far from
it responsibilities saturate and the Hessian is nearly singular: the steps are damped in the metric
of the wanted marginal, with a damping that vanishes with the error, and their length is limited.

Near the solution a step with an earlier Hessian shrinks the error as much as Newton's first step
did, again and again, and its sweep does without one, which is most of the work where there are many
components or the rows' exponentials are known. The cheaper way to the tolerance is taken, and the
certificate makes do with the last Hessian that there is [Ortega & Rheinboldt 1970, on Shamanskii].
Statements C1, I4, N2.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg.lapack import dposv

from mixot.transport.columns import FEW, Columns, Oracle
from mixot.types import Array

_DAMPING = 1e-3
_MAX_DAMPING = 1e12
# The first steps change the logarithm of a column's weight by at most this much; where the rows
# are saturated the semi-dual is nearly linear, and the radius grows with every success.
_RADIUS = 30.0
_LEAST_RADIUS = 1e-2
_ROUNDING = 1e-13
# Marginals below this would be divided by.
_LEAST = 1e-250
# An error from which on the next one can be foretold; where it costs little to be wrong, a larger.
_NEAR = 1e-2
# So many trials in a row that change neither value nor error: both are at their rounding.
_MOST_STALLS = 4


@dataclass(frozen=True, slots=True)
class Outer:
    """The columns' side at one x: value, slope (K,) > 0, and minus its Hessian (K, K) or 0."""

    value: float
    slope: Array
    curvature: Array | float = 0.0


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a method ended: x (K,), both sides there, L1 error, sweeps, whether it is small.

    drift: how far apart (the range of the differences) x and the Hessian's own x lie.
    """

    potential: Array
    columns: Columns
    outer: Outer
    error: float
    n_sweeps: int
    converged: bool
    drift: float = 0.0


def maximise(
    oracle: Oracle,
    outer: Callable[[Array], Outer],
    base: Array,
    start: Array,
    *,
    tol: float,
    max_iter: int,
    stretch: float = 1.0,
    plain: float | None = None,
) -> Maximum:
    """Maximise from x = `start` (K,), with log b = `base` (K,).

    Ends when the error is at most `tol`, or when it is at round-off and no step improves it, or
    after `max_iter` sweeps; `converged` says whether 10 * tol was reached. stretch: how much faster
    the wanted marginal changes with x than the rows' does. plain: what a sweep without the Hessian
    costs of one with it, None where nobody knows.
    """
    if plain is None:
        plain = 0.5 if start.size > FEW else 1.0
    position, known_at = start, start
    columns, wanted = oracle(base + position, True), outer(position)
    assert columns.hessian is not None
    hessian = columns.hessian
    error, before = float(np.abs(wanted.slope - columns.marginal).sum()), np.inf
    damping, radius, sweeps, stalls = _DAMPING, _RADIUS / stretch, 1, 0
    while error > tol and sweeps < max_iter and damping < _MAX_DAMPING and stalls < _MOST_STALLS:
        fresh = known_at is position
        move = _move(replace(columns, hessian=hessian), wanted, damping * error * stretch, radius)
        moved = position + move
        # A step with its own Hessian squares the error, one with another's repeats its factor.
        factor = min(error / before / before * error if fresh else error / before, 1.0)
        without = plain * error < _NEAR and _cheaper(plain, factor, tol / error)
        trial, trial_wanted = oracle(base + moved, not without), outer(moved)
        sweeps += 1
        trial_error = float(np.abs(trial_wanted.slope - trial.marginal).sum())
        gain = (trial_wanted.value - wanted.value) - (trial.value - columns.value)
        slope = float((wanted.slope - columns.marginal) @ move)
        # The gain decides until it drowns in round-off, and the error from there on.
        rounding = _ROUNDING * (1.0 + abs(columns.value) + abs(wanted.value))
        level = abs(gain) <= rounding
        if np.isfinite(trial_error) and (
            gain >= 0.1 * slope > 0.0 or (level and trial_error < 0.5 * error)
        ):
            position, columns, wanted, before, error = (
                moved,
                trial,
                trial_wanted,
                error,
                trial_error,
            )
            damping, radius, stalls = max(damping * 0.1, 1e-15), 4.0 * radius, 0
            if columns.hessian is not None:
                hessian, known_at = columns.hessian, position
                continue
            helpful = error <= tol or _goes_on(plain, error / before, tol / error)
        elif fresh:
            damping *= 10.0
            radius = max(0.25 * min(radius, float(np.abs(move).max())), _LEAST_RADIUS / stretch)
            stalls = stalls + 1 if level else 0
            continue
        else:
            helpful = False
        if not helpful and sweeps < max_iter:
            columns = oracle(base + position, True)
            assert columns.hessian is not None
            hessian, known_at, before, sweeps = columns.hessian, position, np.inf, sweeps + 1
    drift = float(np.ptp(position - known_at))
    known = replace(columns, hessian=hessian)
    return Maximum(position, known, wanted, error, sweeps, error <= 10.0 * tol, drift)


def _cheaper(plain: float, factor: float, wanted: float) -> bool:
    """Say whether sweeps without the Hessian are the cheaper way to shrink the error by `wanted`.

    plain: what one of them costs; factor: by which the next step shrinks the error either way. The
    last of Newton's steps needs no Hessian where it ends.
    """
    if factor <= wanted:
        return plain < 1.0
    if factor >= 1.0 or wanted <= 0.0:
        return False
    steps = math.log(wanted) / math.log(factor)
    return math.ceil(steps) * plain < math.ceil(math.log2(steps + 1.0)) - 1.0 + plain


def _goes_on(plain: float, factor: float, wanted: float) -> bool:
    """Say whether an earlier Hessian still is the cheaper one, with steps that shrink by `factor`.

    Another one costs a sweep, and then a step or two.
    """
    if wanted <= 0.0 or factor >= 0.5:
        return False
    return math.log(wanted) / math.log(factor) <= 2.0 + 1.0 / plain


def newton_step(columns: Columns, outer: Outer, damping: float = 0.0) -> Array:
    """Return the solution (K,) of the damped Newton system, without its part along constants."""
    assert columns.hessian is not None
    goal = np.maximum(outer.slope, _LEAST)
    gradient = goal - columns.marginal
    gradient = gradient - goal * (gradient.sum() / goal.sum())
    # goal goal' fills the null direction of constants and leaves the other directions alone.
    system = columns.hessian + outer.curvature + np.outer(goal, goal)
    scale = 1.0 / np.sqrt(goal)
    system *= scale[:, None] * scale
    system.flat[:: goal.size + 1] += damping
    solution, failed = dposv(system, scale * gradient)[1:]
    if failed:
        # Rounding may leave a singular system a negative eigenvalue; elimination does not mind.
        try:
            solution = np.linalg.solve(system, scale * gradient)
        except np.linalg.LinAlgError:
            return gradient / goal
    move = np.asarray(scale * solution)
    return move if np.isfinite(move).all() else gradient / goal


def _move(columns: Columns, outer: Outer, damping: float, radius: float) -> Array:
    """Return the damped step, no coordinate longer than the radius.

    Columns of next to no weight may have far to go and matter to nobody: coordinates are cut one by
    one, unless what is left does not ascend.
    """
    move = newton_step(columns, outer, damping)
    largest = float(np.max(np.abs(move), initial=0.0))
    if largest <= radius:
        return move
    cut = np.clip(move, -radius, radius)
    ascends = float((outer.slope - columns.marginal) @ cut) > 0.0
    return cut if ascends else move * (radius / largest)
