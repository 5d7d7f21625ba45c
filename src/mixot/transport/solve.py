"""Entropic transport between n samples and K components, from a cost matrix in memory."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mixot.errors import InputError
from mixot.transport import free
from mixot.transport.annealed import anneal
from mixot.transport.balanced import match_marginal
from mixot.transport.certificate import excess, rounded_gap
from mixot.transport.columns import Columns
from mixot.transport.dense import Dense, dense, dense_oracle
from mixot.transport.feasible import Violation, violation
from mixot.transport.free import FreeWeights
from mixot.transport.newton import Maximum, Outer
from mixot.transport.objective import kl_divergence
from mixot.transport.result import Recipe, TransportResult
from mixot.transport.sinkhorn import sinkhorn
from mixot.transport.unbalanced import match_penalty
from mixot.types import Array, Mask, Status

Relaxation = Literal["balanced", "semirelaxed", "unbalanced"]
Method = Literal["auto", "newton", "sinkhorn"]

_SWEEPS = {"newton": 1000, "sinkhorn": 20_000}
_UNIT = float(np.finfo(float).eps)
# A penalty this much larger than the temperature fixes the marginal to working precision.
_LARGEST_RATIO = 1e100
# Whatever the rounding, a marginal error above this is none.
_WORST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """A checked problem; b: (K',) of the columns with weight; tau: 0, finite or inf."""

    laid: Dense
    a: Array
    b: Array
    epsilon: float
    tau: float
    tol: float


def solve(
    cost: Array,
    a: Array | None = None,
    b: Array | None = None,
    epsilon: float = 1.0,
    *,
    relaxation: Relaxation = "balanced",
    method: Method = "auto",
    tol: float = 1e-12,
    max_iter: int | None = None,
    g_init: Array | None = None,
    tau: float | None = None,
) -> TransportResult:
    """Minimise <C, P> + epsilon KL(P | a x b) over the plans with row sums a.

    cost: (n, K), +inf forbids a pair; a: (n,), b: (K,) on the simplex, uniform by default.
    relaxation: "balanced" also fixes the column sums to b, "unbalanced" adds tau KL(P'1 | b) for
    them instead. method: Newton's on the semi-dual ("auto" too) or, as a reference, Sinkhorn's;
    max_iter: the most passes over the costs, 1000 and 20,000 by default. g_init: (K,) a potential
    to begin with, such as that of a similar problem.

    Converged means that the certificate holds: a duality gap of at most tol times the size of the
    value's terms, and a marginal error of at most tol, or of what the rounding of C / epsilon
    leaves. Raises InputError for a request that makes no sense; everything else is a status.
    """
    cost = np.asarray(cost, dtype=np.float64)
    if cost.ndim != 2 or 0 in cost.shape:
        raise InputError("cost must be an (n, K) array without NaN or -inf")
    if not (np.isfinite(epsilon) and epsilon > 0.0):
        raise InputError(f"epsilon must be a finite number > 0, got {epsilon}")
    epsilon = float(epsilon)
    a = _simplex(a, cost.shape[0], "a")
    b = _simplex(b, cost.shape[1], "b")
    tau = _penalty(relaxation, tau)
    if method not in get_args(Method):
        raise InputError(f"method must be auto, newton or sinkhorn, got {method!r}")
    name = "sinkhorn" if method == "sinkhorn" else "newton"
    cap = _SWEEPS[name] if max_iter is None else max_iter
    kept = b > 0.0
    laid = dense(cost, a, epsilon, kept, tilted=tau == np.inf)
    problem = _Problem(laid, a, b[kept], epsilon, tau, tol)
    start = _start(problem, g_init, kept)
    if tau == 0.0:
        found = _semi_relaxed(problem)
    elif name == "sinkhorn":
        begin = np.zeros(problem.b.size) if start is None else start
        found = sinkhorn(
            laid, problem.b, begin, tol=0.1 * tol, max_iter=cap, ratio=_ratio(problem, 1.0)
        )
    else:
        found = _newton(problem, start, cap)
    return _result(cost, b, problem, found, cap)


def minimise_over_weights(
    cost: Array, a: Array, start: Array, epsilon: float = 1.0, *, tol: float = 1e-10
) -> FreeWeights:
    """Minimise the balanced value OT(a, pi; cost) over pi from the weights `start` (K,)."""
    return free.minimise(dense_oracle(cost, a, epsilon), start, epsilon, tol=tol)


def _newton(problem: _Problem, start: Array | None, cap: int) -> Maximum:
    """Maximise the semi-dual from a given potential, or by stages if there is none or it fails."""
    b, log_b = problem.b, np.log(problem.b)

    def at(cooling: float, potential: Array, tol: float | None, left: int) -> Maximum:
        oracle, left = problem.laid.oracle(cooling), max(left, 1)
        tol = 0.1 * problem.tol if tol is None else tol
        if np.isfinite(problem.tau):
            ratio = _ratio(problem, cooling)
            return match_penalty(oracle, b, potential, ratio, tol=tol, max_iter=left)
        found = match_marginal(oracle, b, log_b + potential, tol=tol, max_iter=left)
        reached = found.tilt - log_b
        outer = Outer(float(b @ reached), b)
        return Maximum(
            reached, found.columns, outer, found.marginal_error, found.n_sweeps, found.converged
        )

    sweeps = 0
    if start is not None:
        warm = at(1.0, start, None, min(cap, 50))
        if warm.converged or warm.n_sweeps >= cap:
            return warm
        sweeps = warm.n_sweeps
    found = anneal(at, problem.laid.spread, b.size, cap - sweeps)
    return replace(found, n_sweeps=found.n_sweeps + sweeps)


def _ratio(problem: _Problem, cooling: float) -> float:
    """Return tau over the temperature."""
    if np.isinf(problem.tau):
        return np.inf
    with np.errstate(over="ignore"):
        return float(min(np.float64(problem.tau) / problem.epsilon * cooling, _LARGEST_RATIO))


def _semi_relaxed(problem: _Problem) -> Maximum:
    nothing = Columns(0.0, problem.b)
    return Maximum(np.zeros(problem.b.size), nothing, Outer(0.0, problem.b), 0.0, 0, True)


def _result(
    cost: Array, weights: Array, problem: _Problem, found: Maximum, cap: int
) -> TransportResult:
    laid, a, b, epsilon, tau = problem.laid, problem.a, problem.b, problem.epsilon, problem.tau
    log_b = np.log(b)
    done = laid.finish(log_b, found.potential)
    # The laid-out cost has its columns shifted.
    g = epsilon * found.potential + laid.offsets.columns
    f = done.f
    if np.isinf(tau):
        # The gauge <b, g> = 0; penalised potentials are determined.
        mean = float(b @ g)
        g, f = g - mean, f + mean
    wanted = found.outer.slope
    error = 0.0 if tau == 0.0 else float(np.abs(done.marginal - wanted).sum())
    value, dual, gap = _bounds(problem, found, f, g, done.marginal)
    scale = max(epsilon, _inner(a, np.abs(f)) + float(b @ np.abs(g)))
    if np.isfinite(tau):
        scale += _UNIT * tau
    if np.isnan(gap):
        gap = rounded_gap(laid, a, b, log_b, found.potential, dual)
    # Exponents of this size are rounded by so much, and so are the marginals.
    exponents = max(laid.spread, float(np.ptp(found.potential)))
    floor = 4.0 * _UNIT * exponents
    finite = bool(np.isfinite(value))
    converged = (
        finite
        and error <= max(problem.tol, min(floor, _WORST))
        and gap <= max(problem.tol, 1e-13) * scale
    )
    # Without a fixed marginal a plan is missing only where a row may send to no column.
    blocked = None if converged or not np.isinf(tau) else violation(laid, b)
    status = Status.CONVERGED if converged else Status.MAX_ITER
    if blocked is not None or np.isposinf(value):
        status, value, gap = Status.INFEASIBLE, np.inf, np.inf
    elif not finite:
        status = Status.NONFINITE
    sweeps = found.n_sweeps + 1
    full_g, marginal = np.zeros(cost.shape[1]), np.zeros(cost.shape[1])
    full_g[laid.offsets.kept], marginal[laid.offsets.kept] = g, done.marginal
    return TransportResult(
        value,
        done.linear,
        (f, full_g),
        (a, marginal),
        status,
        _message(status, blocked, laid, error, gap, exponents, sweeps > cap),
        dual,
        gap,
        error,
        sweeps,
        converged,
        Recipe(cost, a, weights, tau, laid.offsets, log_b + found.potential),
    )


def _bounds(
    problem: _Problem, found: Maximum, f: Array, g: Array, marginal: Array
) -> tuple[float, float, float]:
    """Return value, dual value and gap, NaN if a near admissible plan is not known."""
    b, epsilon, tau = problem.b, problem.epsilon, problem.tau
    rows = _inner(problem.a, f)
    if tau == 0.0:
        excess_mass = epsilon * (float(marginal.sum()) - 1.0)
        return rows, rows - excess_mass, max(excess_mass, 0.0)
    value = rows + float(marginal @ g)
    if np.isfinite(tau):
        penalty = tau * kl_divergence(marginal, b)
        return value + penalty, rows, tau * kl_divergence(marginal, found.outer.slope)
    dual, gap = rows + float(b @ g), epsilon * excess(found.columns, found.outer)
    # Near the solution the plan's own objective is off by the marginal error, and that of the plan
    # moved to its marginals only by the square of it.
    near = np.isfinite(gap) and found.error <= _WORST
    return dual + gap if near else value, dual, gap


def _inner(weights: Array, values: Array) -> float:
    """Return the inner product in which 0 * inf is 0."""
    return float(weights @ np.where(weights > 0.0, values, 0.0))


def _start(problem: _Problem, g_init: Array | None, kept: Mask) -> Array | None:
    if g_init is None or problem.tau == 0.0:
        return None
    g = np.asarray(g_init, dtype=np.float64)
    if g.shape != kept.shape or not np.isfinite(g).all():
        raise InputError(f"g_init must be finite and of shape {kept.shape}, got {g.shape}")
    return np.asarray((g[kept] - problem.laid.offsets.columns) / problem.epsilon)


def _penalty(relaxation: str, tau: float | None) -> float:
    """Return the penalty of the column marginal: 0, finite, or inf where it is fixed."""
    if relaxation not in get_args(Relaxation):
        raise InputError(
            f"relaxation must be balanced, semirelaxed or unbalanced, got {relaxation!r}"
        )
    if (relaxation == "unbalanced") != (tau is not None):
        raise InputError("tau belongs to the relaxation 'unbalanced', which needs it")
    if tau is None:
        return np.inf if relaxation == "balanced" else 0.0
    if not (np.isfinite(tau) and tau > 0.0):
        raise InputError(
            f"tau must be a finite number > 0, got {tau}; its limits are semirelaxed and balanced"
        )
    return float(tau)


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


def _message(
    status: Status,
    blocked: Violation | None,
    laid: Dense,
    error: float,
    gap: float,
    exponents: float,
    capped: bool,
) -> str:
    if status is Status.CONVERGED:
        return f"The duality gap is {gap:.1e} and the marginal error {error:.1e}."
    if blocked is not None:
        columns = np.flatnonzero(laid.offsets.kept)[blocked.columns]
        senders = "no row"
        if blocked.rows.size:
            senders = f"only {_listed('row', blocked.rows)}, with {blocked.supply:.6g},"
        return (
            f"No plan has these marginals: {_listed('column', columns)} must receive "
            f"{blocked.demand:.6g}, and {senders} may send to them."
        )
    if status is Status.INFEASIBLE:
        return "A row with mass may send to no column with weight."
    if capped:
        return f"The limit of sweeps was reached at a marginal error of {error:.1e}."
    return (
        f"No step improves the marginal error of {error:.1e}: costs reach {exponents:.1e} times "
        "epsilon, and their rounding decides. Raise epsilon."
    )


def _listed(noun: str, numbers: NDArray[np.intp]) -> str:
    shown = ", ".join(str(number) for number in numbers[:5])
    more = f" and {numbers.size - 5} more" if numbers.size > 5 else ""
    return f"{noun}{'s' if numbers.size > 1 else ''} {shown}{more}"
