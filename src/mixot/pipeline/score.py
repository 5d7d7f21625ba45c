"""Numbers that say what a fit is worth, by one piece of code for all solvers.

Solvers do not score themselves: every metric here is computed from the returned mixture, potentials
and certificate in the same way, whatever the plan was.
"""

import contextlib

import numpy as np
from numpy.typing import NDArray

from mixot.families import Family, SingularComponentError
from mixot.fitting import Fit, log_likelihood, row_potential
from mixot.problems.problem import Problem
from mixot.types import Array

_HARD = ("hard", "hard_weighted")


def metrics(
    problem: Problem, family: Family, fit: Fit, plan: str, epsilon: float
) -> dict[str, float | None]:
    """Return the scalar results by name; None where a quantity does not exist."""
    certificate = fit.certificate
    likelihood = ari = None
    # A start that is singular already has no densities to evaluate.
    with contextlib.suppress(SingularComponentError):
        likelihood = log_likelihood(problem.sample, fit.mixture, family)
        if problem.labels is not None:
            found = _scores(problem, family, fit, plan, epsilon).argmax(axis=1)
            ari = adjusted_rand_index(problem.labels, found)
    return {
        "objective": fit.objective,
        # Per observation, of the mixture with its own weights: minus the NLL.
        "log_likelihood": likelihood,
        # L1 violation of the worst marginal of the plan.
        "marginal_error": fit.marginal_error,
        # Mean entropy of the responsibilities, in nats.
        "plan_entropy": fit.plan_entropy,
        "ari": ari,
        "n_distinct": float(fit.n_distinct),
        "certificate_step": certificate.step,
        "certificate_rate": certificate.rate,
        "certificate_distance": certificate.distance,
        "certificate_objective_gap": certificate.objective_gap,
    }


def row_potentials(problem: Problem, family: Family, fit: Fit, plan: str, epsilon: float) -> Array:
    """Return f (n,): of the hard plans, the cost of the component that each point goes to.

    NaN where a singular component leaves no densities to evaluate.
    """
    try:
        if plan in _HARD:
            return -_scores(problem, family, fit, plan, epsilon).max(axis=1)
        return row_potential(problem.sample.points, fit.mixture, family, epsilon, fit.g)
    except SingularComponentError:
        return np.full(problem.sample.points.shape[0], np.nan)


def adjusted_rand_index(truth: NDArray[np.int64], found: NDArray[np.intp]) -> float:
    """Return the agreement of two labellings: 1 if they are the same, 0 on average by chance.

    >>> adjusted_rand_index(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    1.0
    """
    _, rows = np.unique(truth, return_inverse=True)
    _, columns = np.unique(found, return_inverse=True)
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1.0)
    together = _pairs(table).sum()
    by_row, by_column = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    chance = by_row * by_column / _pairs(np.array(float(truth.size))).item()
    largest = (by_row + by_column) / 2.0
    # Both labellings are a single class, or all singletons: they agree.
    if largest == chance:
        return 1.0
    return float((together - chance) / (largest - chance))


def _pairs(counts: Array) -> Array:
    return counts * (counts - 1.0) / 2.0


def _scores(problem: Problem, family: Family, fit: Fit, plan: str, epsilon: float) -> Array:
    """Return the (n, K) scores whose largest entry decides where a point belongs."""
    log_density = family.log_density(problem.sample.points, fit.mixture.parameters)
    if plan == "hard":
        return log_density
    with np.errstate(divide="ignore"):
        log_weights = np.log(fit.mixture.weights)
    if plan == "hard_weighted":
        return log_density + log_weights
    return (log_density + fit.g) / epsilon + log_weights
