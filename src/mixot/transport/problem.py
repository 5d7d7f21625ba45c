"""A transport problem whose costs may lie anywhere: how it is solved and what its end says."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mixot.transport.annealed import anneal
from mixot.transport.balanced import match_marginal
from mixot.transport.certificate import excess
from mixot.transport.costs import COARSEN, Costs, Finish
from mixot.transport.feasible import Violation, violation
from mixot.transport.newton import Maximum, Outer
from mixot.transport.objective import kl_divergence
from mixot.transport.request import Request
from mixot.transport.result import Solution, Source, TransportResult
from mixot.transport.shares import SMALL
from mixot.transport.unbalanced import match_penalty
from mixot.types import Array, Status

_UNIT = float(np.finfo(float).eps)
# A penalty this much larger than the temperature fixes the marginal to working precision.
_LARGEST_RATIO = 1e100
# No gap is known to a smaller fraction of the value's terms.
_ROUNDING = 1e-13
# Whatever the rounding, a marginal error above this is none.
_WORST = 1e-6
# How patiently violations are looked for before a problem is solved, and if it was not.
_FIRST_LOOKS, _LAST_LOOKS = 2, 6
# Sweeps from a potential that was given, before it is held for useless.
_WARM_SWEEPS = 50
# A solution for fewer rows is a start: an error that their number leaves anyway, and few attempts.
_COARSE_TOL, _COARSE_SWEEPS = 1e-2, 100


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Costs and a request; b: (K',) the weights that are not zero."""

    costs: Costs
    request: Request

    @property
    def b(self) -> Array:
        """The weights (K',) of the columns that are kept."""
        return self.request.b[self.request.kept]

    def ratio(self, cooling: float = 1.0) -> float:
        """Return tau over the temperature."""
        tau = self.request.tau
        if np.isinf(tau):
            return np.inf
        with np.errstate(over="ignore"):
            return float(min(np.float64(tau) / self.request.epsilon * cooling, _LARGEST_RATIO))

    def start(self) -> Array | None:
        """Return the potential (K',) over the temperature to begin with, if one was given."""
        request = self.request
        if request.g_init is None or request.tau == 0.0:
            return None
        return np.asarray((request.g_init[request.kept] - self.costs.shifts) / request.epsilon)


def impossible(problem: Problem) -> tuple[Violation | None, int]:
    """Look for what makes a problem impossible before it is solved; return the sweeps used too."""
    if not np.isinf(problem.request.tau):
        # Without a fixed marginal a plan is missing only where a row may send to no column.
        return None, 0
    return violation(problem.costs, problem.b, _FIRST_LOOKS)


def nowhere(problem: Problem) -> Maximum:
    """Return where a solver begins, for problems that have no end."""
    b = problem.b
    columns = problem.costs.oracle()(np.log(b), True)
    error = float(np.abs(columns.marginal - b).sum())
    return Maximum(np.zeros(b.size), columns, Outer(0.0, b), error, 1, False)


def newton(problem: Problem) -> Maximum:
    """Maximise the semi-dual from a given potential, or by stages if there is none or it fails."""
    request, b, costs = problem.request, problem.b, problem.costs
    if request.tau == 0.0:
        return Maximum(
            np.zeros(b.size), costs.oracle()(np.log(b), False), Outer(0.0, b), 0, 1, True
        )
    start, cap, sweeps = problem.start(), request.max_iter, 0
    if start is None:
        near = _coarse(problem)
        if near is not None:
            start, sweeps = near.potential, near.n_sweeps
    if start is not None:
        warm = _at(problem, 1.0, start, None, min(cap - sweeps, _WARM_SWEEPS))
        sweeps += warm.n_sweeps
        if warm.converged or sweeps >= cap:
            return replace(warm, n_sweeps=sweeps)
    found = anneal(partial(_at, problem), costs.spread, b.size, cap - sweeps)
    return replace(found, n_sweeps=found.n_sweeps + sweeps)


def _coarse(problem: Problem) -> Maximum | None:
    """Solve for fewer rows, as well as their number is worth; sweeps are in those of all rows."""
    few = problem.costs.coarse()
    if few is None:
        return None
    request = replace(problem.request, tol=_COARSE_TOL, max_iter=_COARSE_SWEEPS, g_init=None)
    found = newton(Problem(few, request))
    return replace(found, n_sweeps=-(-found.n_sweeps // COARSEN))


def _at(
    problem: Problem, cooling: float, potential: Array, tol: float | None, left: int
) -> Maximum:
    """Maximise at a temperature; tol: None for the one that was asked for."""
    request, b = problem.request, problem.b
    oracle, left = problem.costs.oracle(cooling), max(left, 1)
    plain = problem.costs.plain
    tol = 0.1 * request.tol if tol is None else tol
    if np.isfinite(request.tau):
        ratio = problem.ratio(cooling)
        return match_penalty(oracle, b, potential, ratio, tol=tol, max_iter=left, plain=plain)
    log_b = np.log(b)
    found = match_marginal(oracle, b, log_b + potential, tol=tol, max_iter=left, plain=plain)
    reached = found.tilt - log_b
    outer = Outer(float(b @ reached), b)
    return Maximum(
        reached,
        found.columns,
        outer,
        found.marginal_error,
        found.n_sweeps,
        found.converged,
        found.drift,
    )


def result(
    problem: Problem,
    found: Maximum,
    source: Source,
    others: int = 0,
    blocked: Violation | None = None,
) -> TransportResult:
    """Say what was found.

    others: sweeps besides those of the method; blocked: why there is no plan, if that is known.
    """
    costs, request, b = problem.costs, problem.request, problem.b
    epsilon, tau, kept = request.epsilon, request.tau, request.kept
    log_b = np.log(b)
    near = _near(problem, found)
    if np.isnan(near) and found.drift > 0.0:
        columns = costs.oracle()(log_b + found.potential, True)
        found = replace(found, columns=columns, drift=0.0, n_sweeps=found.n_sweeps + 1)
        near = _near(problem, found)
    done = costs.finish(log_b, found.potential, found.columns)
    g, mean, rows = epsilon * found.potential + costs.shifts, 0.0, done.rows
    if np.isinf(tau):
        # The gauge <b, g> = 0; penalised potentials are determined.
        mean = float(b @ g)
        g, rows = g - mean, rows + mean
    wanted = found.outer.slope
    error = 0.0 if tau == 0.0 else float(np.abs(done.marginal - wanted).sum())
    value, dual, gap = _bounds(problem, found, rows, g, done, near)
    scale = max(epsilon, done.size + float(b @ np.abs(g)))
    if np.isfinite(tau):
        # The last bits of the marginals cost so much, which tol multiplies again.
        scale += 8.0 * _UNIT * tau / max(request.tol, _ROUNDING)
    if np.isnan(gap):
        upper = costs.rounded(log_b, found.potential, b)
        gap = max(upper - dual, 0.0) if np.isfinite(upper) else np.inf
    # Exponents of this size are rounded by so much, and so are the marginals.
    exponents = max(costs.spread, float(np.ptp(found.potential)))
    floor = 4.0 * _UNIT * exponents
    finite = bool(np.isfinite(value))
    converged = (
        finite
        and blocked is None
        and error <= max(request.tol, min(floor, _WORST))
        and gap <= max(request.tol, _ROUNDING) * scale
    )
    if blocked is None and not converged and np.isinf(tau):
        blocked, sweeps = violation(costs, b, _LAST_LOOKS)
        others += sweeps
    status = Status.CONVERGED if converged else Status.MAX_ITER
    if blocked is not None or np.isposinf(value):
        status, value, gap = Status.INFEASIBLE, np.inf, np.inf
    elif not finite:
        status = Status.NONFINITE
    full_g, marginal = np.zeros(kept.size), np.zeros(kept.size)
    full_g[kept], marginal[kept] = g, done.marginal
    small = not costs.forbidden and costs.spread + float(np.ptp(found.potential)) < SMALL
    message = _message(
        status,
        blocked,
        np.flatnonzero(kept),
        error,
        gap,
        exponents,
        found.n_sweeps >= request.max_iter,
    )
    solution = Solution(
        epsilon, request.b, kept, found.potential, mean, tau, small, not costs.forbidden
    )
    return TransportResult(
        value,
        dual,
        gap,
        error,
        found.n_sweeps + others,
        converged,
        status,
        message,
        full_g,
        marginal,
        solution,
        source,
    )


def _bounds(
    problem: Problem, found: Maximum, rows: float, g: Array, done: Finish, near: float
) -> tuple[float, float, float]:
    """Return value, dual value and gap, NaN if a near admissible plan is not known."""
    b, epsilon, tau, marginal = (
        problem.b,
        problem.request.epsilon,
        problem.request.tau,
        done.marginal,
    )
    if tau == 0.0:
        excess_mass = epsilon * (float(marginal.sum()) - 1.0)
        return rows, rows - excess_mass, max(excess_mass, 0.0)
    value = rows + float(marginal @ g)
    if np.isfinite(tau):
        penalty = tau * kl_divergence(marginal, b)
        return value + penalty, rows, tau * kl_divergence(marginal, found.outer.slope)
    dual, gap = rows + float(b @ g), epsilon * near
    # Near the solution the plan's own objective is off by the marginal error, and that of the plan
    # moved to its marginals only by the square of it.
    certified = np.isfinite(gap) and found.error <= _WORST
    return dual + gap if certified else value, dual, gap


def _near(problem: Problem, found: Maximum) -> float:
    """Return the certificate over epsilon, NaN if there is none; 0 where none is needed."""
    if np.isfinite(problem.request.tau):
        return 0.0
    return excess(found.columns, found.outer, found.drift)


def _message(
    status: Status,
    blocked: Violation | None,
    kept: NDArray[np.intp],
    error: float,
    gap: float,
    exponents: float,
    capped: bool,
) -> str:
    if status is Status.CONVERGED:
        return f"The duality gap is {gap:.1e} and the marginal error {error:.1e}."
    if blocked is not None:
        if blocked.supply == 0.0:
            senders = "no row"
        elif blocked.rows is None:
            senders = f"only rows with {blocked.supply:.6g} in all"
        else:
            senders = f"only {_listed('row', blocked.rows)}, with {blocked.supply:.6g},"
        return (
            f"No plan has these marginals: {_listed('column', kept[blocked.columns])} must receive "
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
