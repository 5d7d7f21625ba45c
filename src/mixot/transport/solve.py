"""Entropic transport between n samples and K components, from a cost matrix in memory."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixot.errors import InputError
from mixot.transport import free
from mixot.transport.balanced import match_marginal
from mixot.transport.columns import dense_oracle
from mixot.transport.duality import round_to_marginals, semi_dual, semi_relaxed_dual
from mixot.transport.free import FreeWeights
from mixot.transport.objective import objective, transport_cost
from mixot.transport.rows import soft
from mixot.types import Array, Status

Relaxation = Literal["balanced", "semirelaxed"]


@dataclass(frozen=True, slots=True)
class TransportResult:
    """A solved transport problem.

    plan: (n, K); value: <C, P> + epsilon KL(P | a x b); value_linear: <C, P>; potentials: f (n,)
    and g (K,), with plan = a b exp((f + g - C) / epsilon); marginals: the plan's; gap: objective
    of the plan rounded to its constraints minus dual_value; marginal_error: L1 of the binding
    marginals.
    """

    plan: Array
    value: float
    value_linear: float
    potentials: tuple[Array, Array]
    marginals: tuple[Array, Array]
    status: Status
    dual_value: float
    gap: float
    marginal_error: float
    n_sweeps: int
    converged: bool


def solve(
    cost: Array,
    a: Array | None = None,
    b: Array | None = None,
    epsilon: float = 1.0,
    *,
    relaxation: Relaxation = "balanced",
    tol: float = 1e-12,
    max_iter: int = 200,
    g_init: Array | None = None,
) -> TransportResult:
    """Minimise <C, P> + epsilon KL(P | a x b) over the plans with row sums a.

    cost: (n, K), +inf forbids a pair; a: (n,), b: (K,) on the simplex, uniform by default;
    relaxation "balanced" also fixes the column sums to b. Converged means a marginal error of at
    most tol and a duality gap of at most tol * max(1, <a, |f|> + <b, |g|>). Raises InputError.
    """
    cost = np.asarray(cost, dtype=np.float64)
    if cost.ndim != 2 or np.isnan(cost).any() or np.isneginf(cost).any():
        raise InputError("cost must be an (n, K) array without NaN or -inf")
    if not (np.isfinite(epsilon) and epsilon > 0.0):
        raise InputError(f"epsilon must be a finite number > 0, got {epsilon}")
    a = _simplex(a, cost.shape[0], "a")
    b = _simplex(b, cost.shape[1], "b")
    with np.errstate(divide="ignore"):
        tilt = np.log(b)
    if g_init is not None:
        tilt = tilt + np.asarray(g_init, dtype=np.float64) / epsilon
    sweeps = 1
    if relaxation == "balanced":
        solved = match_marginal(
            dense_oracle(cost, a, epsilon), b, tilt, tol=0.1 * tol, max_iter=max_iter
        )
        tilt, sweeps = solved.tilt, solved.n_sweeps
    elif relaxation == "semirelaxed":
        tilt = np.log(b, where=b > 0.0, out=np.full_like(b, -np.inf))
    else:
        raise InputError(f"relaxation must be balanced or semirelaxed, got {relaxation!r}")
    return _result(cost, a, b, epsilon, tilt, sweeps, relaxation, tol)


def minimise_over_weights(
    cost: Array, a: Array, start: Array, epsilon: float = 1.0, *, tol: float = 1e-10
) -> FreeWeights:
    """Minimise the balanced value OT(a, pi; cost) over pi from the weights `start` (K,)."""
    return free.minimise(dense_oracle(cost, a, epsilon), start, epsilon, tol=tol)


def _result(
    cost: Array,
    a: Array,
    b: Array,
    epsilon: float,
    tilt: Array,
    sweeps: int,
    relaxation: Relaxation,
    tol: float,
) -> TransportResult:
    log_normaliser, rows = soft(tilt[:, None] - cost.T / epsilon)
    plan = a[:, None] * rows.T
    active = b > 0.0
    g = np.zeros_like(b)
    g[active] = epsilon * (tilt[active] - np.log(b[active]))
    f = -epsilon * log_normaliser
    marginals = plan.sum(axis=1), plan.sum(axis=0)
    error = float(np.abs(marginals[0] - a).sum())
    value = objective(plan, cost, a, b, epsilon)
    if relaxation == "balanced":
        error = max(error, float(np.abs(marginals[1] - b).sum()))
        dual = semi_dual(cost, a, b, epsilon, g)
        upper = objective(round_to_marginals(plan, a, b), cost, a, b, epsilon)
    else:
        dual = semi_relaxed_dual(cost, a, b, epsilon, f)
        upper = value
    gap = upper - dual
    finite = bool(np.isfinite(value))
    # The gap is a difference of sums, and cannot be smaller than their rounding.
    scale = max(1.0, float(a @ np.abs(f) + b @ np.abs(g))) if finite else 1.0
    converged = finite and error <= tol and gap <= max(tol, 1e-13) * scale
    status = Status.CONVERGED if converged else (Status.MAX_ITER if finite else Status.NONFINITE)
    if not converged and np.isinf(cost).any():
        status = Status.INFEASIBLE
    return TransportResult(
        plan,
        value,
        transport_cost(plan, cost),
        (f, g),
        marginals,
        status,
        dual,
        gap,
        error,
        sweeps,
        converged,
    )


def _simplex(vector: Array | None, size: int, name: str) -> Array:
    if vector is None:
        return np.full(size, 1.0 / size)
    values = np.asarray(vector, dtype=np.float64)
    if values.shape != (size,):
        raise InputError(f"{name} must have shape ({size},), got {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0.0).all()):
        raise InputError(f"{name} must be finite and >= 0")
    total = float(values.sum())
    if abs(total - 1.0) > 1e-9:
        raise InputError(f"{name} must sum to 1, got {total:.15g}")
    return values / total
