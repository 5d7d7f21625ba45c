"""Balanced plans: the tilt whose rows have the wanted column marginal.

It maximises <b, t> - value(t) (`mixot.transport.columns`), smooth and concave in the tilt t and
flat along constants; `mixot.transport.newton` does the work. Statements C1, I4, N2.
"""

from dataclasses import dataclass

import numpy as np

from mixot.transport.columns import Columns, Oracle
from mixot.transport.newton import Outer, maximise
from mixot.types import Array, Mask


@dataclass(frozen=True, slots=True)
class Tilt:
    """The solution of the semi-dual.

    tilt: (K,) t = log b + g / epsilon, gauge <b, t - log b> = 0 over the columns with b > 0, and
    -inf in the others; columns: the sums at it, of those with b > 0; marginal_error: L1; n_sweeps:
    sweeps used; drift: how far away the Hessian is from.
    """

    tilt: Array
    columns: Columns
    marginal_error: float
    n_sweeps: int
    converged: bool
    drift: float


def match_marginal(
    oracle: Oracle,
    target: Array,
    start: Array,
    *,
    tol: float = 1e-13,
    max_iter: int = 200,
    plain: float | None = None,
) -> Tilt:
    """Find the tilt whose marginal is `target` (K,), from the tilt `start` (K,).

    Ends when the L1 marginal error is at most `tol`, or when it is at round-off and no step
    improves it, or after `max_iter` sweeps; `converged` says whether 10 * tol was reached. plain:
    what a sweep without the Hessian costs of one with it, None where nobody knows.
    """
    active = target > 0.0
    goal = target[active]
    whole = bool(active.all())
    log_goal = np.log(goal)
    first = np.where(np.isfinite(start[active]), start[active] - log_goal, 0.0)

    def at(tilt: Array, hessian: bool) -> Columns:
        if whole:
            return oracle(tilt, hessian)
        sums = oracle(_fill(tilt, active), hessian)
        second = None if sums.hessian is None else sums.hessian[np.ix_(active, active)]
        return Columns(sums.value, sums.marginal[active], second)

    def outer(potential: Array) -> Outer:
        return Outer(float(goal @ potential), goal)

    found = maximise(at, outer, log_goal, first, tol=tol, max_iter=max_iter, plain=plain)
    constant = -float(goal @ found.potential / goal.sum())
    tilt = _fill(log_goal + (found.potential + constant), active)
    columns = found.columns.shifted(constant)
    return Tilt(tilt, columns, found.error, found.n_sweeps, found.converged, found.drift)


def _fill(values: Array, active: Mask) -> Array:
    full = np.full(active.shape, -np.inf)
    full[active] = values
    return full
