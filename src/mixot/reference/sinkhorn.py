"""Balanced entropic transport by plain log-domain Sinkhorn, and its linear-programming limit.

    OT_eps(a, b; C) = min { <C, P> + eps KL(P | a x b) : P 1 = a, P'1 = b },
    P_ik = a_i b_k exp((f_i + g_k - C_ik) / eps).

Statements: theory C1 (the gap OT - NLL is eps KL(P_OT | P*)), N2 (semi-dual), F5 (eps -> 0).
Values follow the KL(. | a x b) convention everywhere; for fixed marginals the entropic value
of other packages is lower by eps (H(a) + H(b)).

Two solvers stand side by side because they fail differently: `sinkhorn` alternates the two
scalings and slows down as the components separate; `semidual` takes Newton steps in the K
potentials, quadratic at the end, and needs damping where separation makes the Hessian vanish.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.optimize
import scipy.sparse
from scipy.special import logsumexp

from .likelihood import kl_from_logs, log_responsibilities, objective
from .parameters import Array


class Coupling(NamedTuple):
    """A plan (n, K), its logarithm, value, error and potentials f (n,), g (K,) with <pi, g> = 0.

    `marginal_error` is the larger of the two L1 distances to the marginals asked for;
    `iterations` counts sweeps or, for the semi-dual, evaluations of its gradient.
    """

    plan: Array
    log_plan: Array
    value: float
    f: Array
    g: Array
    marginal_error: float
    iterations: int


def sinkhorn(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
    *,
    tol: float = 1e-14,
    max_iter: int = 20_000,
) -> Coupling:
    """Alternate the two log-domain scalings from g = 0 until the column error is below tol.

    All weights must be positive.  Stops at `max_iter` without complaint; read
    `marginal_error`.
    """
    log_weights = np.log(weights)
    log_a = np.log(sample_weights)
    scaled = -cost / epsilon
    v = np.zeros(weights.shape)
    iterations = 0
    while True:
        u = -logsumexp(log_weights + v + scaled, axis=1)
        log_columns = logsumexp(log_a[:, None] + u[:, None] + scaled, axis=0)
        # Rows are exact after the u-update, so the columns alone tell how far we are.
        error = np.abs(weights * np.expm1(log_columns + v)).sum()
        if error <= tol or iterations >= max_iter:
            break
        v = -log_columns
        iterations += 1
    return coupling(cost, sample_weights, weights, epsilon * v, epsilon, iterations)


def semidual(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
    *,
    start: Array | None = None,
    polish: int = 30,
) -> Coupling:
    """Maximise <pi, g> - eps sum_i a_i log sum_k pi_k e^{(g_k - C_ik) / eps} over g (N2).

    Damped Newton from `start` (K,) or zero, in the gauge g_K = 0, then Newton steps on the
    gradient alone, each kept only if it lowers it: values cannot see the last eight digits.
    """
    n_components = weights.size
    evaluations = 0

    def plan_at(free: Array) -> Array:
        tilted = cost - epsilon * np.append(free, 0.0)
        return sample_weights[:, None] * np.exp(log_responsibilities(tilted, weights, epsilon))

    def gradient(free: Array) -> Array:
        nonlocal evaluations
        evaluations += 1
        return (plan_at(free).sum(axis=0) - weights)[:-1]

    def value(free: Array) -> float:
        exponents = np.log(weights) + np.append(free, 0.0) - cost / epsilon
        return float(sample_weights @ logsumexp(exponents, axis=1) - weights[:-1] @ free)

    def hessian(free: Array) -> Array:
        return marginal_jacobian(plan_at(free), sample_weights)[:-1, :-1]

    free = np.zeros(n_components - 1) if start is None else (start[:-1] - start[-1]) / epsilon
    if free.size:
        free = _damped_newton(value, gradient, hessian, free)
        for _ in range(polish):
            now = gradient(free)
            trial = free - np.linalg.lstsq(hessian(free), now, rcond=None)[0]
            if np.abs(gradient(trial)).sum() >= np.abs(now).sum():
                break
            free = trial
    g = epsilon * np.append(free, 0.0)
    return coupling(cost, sample_weights, weights, g, epsilon, evaluations)


def marginal_jacobian(plan: Array, sample_weights: Array) -> Array:
    """Return H = diag(P'1) - P' diag(1/a) P (K, K), eps times the derivative of P'1 in g (C7).

    The diagonal is minus the sum of the others in its row, which is the same for a plan with rows
    a and does not cancel where every sample belongs to one component.
    """
    shared = plan.T @ (plan / sample_weights[:, None])
    np.fill_diagonal(shared, 0.0)
    return np.diag(shared.sum(axis=1)) - shared


def _damped_newton(
    value: Callable[[Array], float],
    gradient: Callable[[Array], Array],
    hessian: Callable[[Array], Array],
    at: Array,
    max_iter: int = 500,
) -> Array:
    """Minimise a smooth convex function by steps -(H + d I)^-1 grad, d adapted a decade a step.

    Where components are far apart the function is linear but for narrow kinks and H is zero to
    working precision (SciPy's trust-exact returns NaN there); the damping then sets the length
    of a gradient step, and growing steps cross the linear part in a few iterations.
    """
    damping = 1e-3
    now, slope = value(at), gradient(at)
    for _ in range(max_iter):
        if np.abs(slope).sum() <= 1e-9 or damping > 1e12:
            break
        step = -np.linalg.solve(hessian(at) + damping * np.eye(at.size), slope)
        trial = at + step
        reached = value(trial)
        if reached <= now + 1e-4 * float(step @ slope):
            at, now, slope = trial, reached, gradient(trial)
            damping = max(damping / 10, 1e-200)
        else:
            damping *= 10
    return at


def coupling(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    g: Array,
    epsilon: float,
    iterations: int = 0,
) -> Coupling:
    """Return what the component potentials g (K,) determine: f, the plan, value and error.

    The gauge <pi, g> = 0 makes potentials of different solvers comparable.
    """
    g = g - weights @ g / weights.sum()
    exponents = np.log(weights) + (g - cost) / epsilon
    f = -epsilon * logsumexp(exponents, axis=1)
    log_plan = np.log(sample_weights)[:, None] + exponents + f[:, None] / epsilon
    plan = np.exp(log_plan)
    error = max(
        np.abs(plan.sum(axis=1) - sample_weights).sum(), np.abs(plan.sum(axis=0) - weights).sum()
    )
    value = objective(plan, cost, sample_weights, weights, epsilon)
    return Coupling(plan, log_plan, value, f, g, float(error), iterations)


def dual_value(
    cost: Array, sample_weights: Array, weights: Array, f: Array, g: Array, epsilon: float = 1.0
) -> float:
    """Return <a, f> + <b, g> - eps sum_ik a_i b_k (e^{(f_i + g_k - C_ik) / eps} - 1).

    A lower bound of OT_eps for every f (n,) and g (K,).
    """
    exponents = (f[:, None] + g - cost) / epsilon
    excess = sample_weights @ np.expm1(exponents) @ weights
    return float(sample_weights @ f + weights @ g - epsilon * excess)


def linear_program(cost: Array, sample_weights: Array, weights: Array) -> tuple[Array, float]:
    """Return a plan (n, K) and the value of min <C, P> over U(a, b), by SciPy's HiGHS (F5).

    The limit eps -> 0 of OT_eps.  Raises RuntimeError if HiGHS finds no optimum.
    """
    n_samples, n_components = cost.shape
    rows = scipy.sparse.kron(scipy.sparse.eye(n_samples), np.ones((1, n_components)))
    columns = scipy.sparse.kron(np.ones((1, n_samples)), scipy.sparse.eye(n_components))
    # One constraint is implied by the others; dropping it keeps round-off in the marginals from
    # making the program infeasible.
    constraints = scipy.sparse.vstack([rows, columns.tocsr()[:-1]]).tocsr()
    result = scipy.optimize.linprog(
        cost.ravel(),
        A_eq=constraints,
        b_eq=np.concatenate([sample_weights, weights[:-1]]),
        method="highs",
    )
    if result.status != 0:
        raise RuntimeError(f"HiGHS found no optimal plan: {result.message}")
    return result.x.reshape(cost.shape), float(result.fun)


def projection_divergence(
    solved: Coupling,
    cost: Array,
    sample_weights: Array,
    weights: Array,
    epsilon: float = 1.0,
) -> float:
    """Return eps KL(P_OT | P*), the gap OT_eps - L_eps of C1, from the two plans themselves.

    Logarithms are compared, so that an entry of P* below 1e-308 does not make it infinite.
    """
    estep = np.log(sample_weights)[:, None] + log_responsibilities(cost, weights, epsilon)
    return epsilon * kl_from_logs(solved.log_plan, estep)
