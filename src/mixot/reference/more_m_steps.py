"""M-steps of the families of `more_densities`: each solves its score equation by a root find.

    bernoulli           sum_i P_i (x_i - p) = 0                     in logit p
    categorical         sum_c n_c / l = 1                           in the Lagrange multiplier l
    multinomial         the same for the totals of the columns
    exponential         sum_i P_i (1 - rate x_i) = 0                in log rate
    gamma               log a - digamma(a) = log mean - mean log    in log a
    von_mises_fisher    I_{d/2}(c) / I_{d/2-1}(c) = |mean|          in log c, by Bessel functions
    student_t           the Gaussian step under P w, w = (v+d) / (v+delta), then
                        log(v'/2) - digamma(v'/2) + 1 + E(log u - u) = 0    in log(v'/2)

and the Gaussians and the Poisson as in `em`.  Parameters are named as in `more_densities`.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.optimize
from scipy.special import digamma, expit, ive

from . import em, more_densities
from .parameters import Array, Parameters, full_covariances

# Roots are sought in logarithms and logits, where a unit is a change by its own size.
_REACH = 40.0


def m_step(
    family_name: str, points: Array, plan: Array, parameters: Parameters, **options: Any
) -> Parameters:
    """Return argmin over theta of sum_ik P_ik C_ik(theta_k), from the plan (n, K).

    For a Student t it is the expected complete-data cost at `parameters` that is minimised.
    """
    if family_name == "product":
        found: Parameters = {}
        for b, (name, columns, own) in enumerate(options["blocks"]):
            before = more_densities.block_parameters(parameters, b)
            after = m_step(name, points[:, list(columns)], plan, before, **own)
            found |= {f"{b}.{key}": values for key, values in after.items()}
        return found
    if family_name == "poisson" or family_name.startswith("gaussian-"):
        return em.m_step(family_name, points, plan)
    kind, _, shape = family_name.partition("-")
    if kind == "student_t":
        return _student_step(points, plan, parameters, shape, options.get("df"))
    steps = [_STEPS[kind](points, column, parameters) for column in plan.T]
    return {name: np.stack([step[name] for step in steps]) for name in steps[0]}


def squares(points: Array, parameters: Parameters, shape: str) -> Array:
    """Return (x_i - mu_k)' S_k^-1 (x_i - mu_k), shape (n, K)."""
    means = parameters["means"]
    matrices = full_covariances(parameters, shape, means.shape[0], means.shape[1])
    columns = []
    for mean, matrix in zip(means, matrices, strict=True):
        centred = points - mean
        columns.append(np.sum(centred.T * np.linalg.solve(matrix, centred.T), axis=0))
    return np.column_stack(columns)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(scipy.optimize.brentq(function, low, high, xtol=1e-15, rtol=1e-15, maxiter=200))


def _bernoulli_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    del before
    total = math.fsum(masses.tolist())
    sums = [math.fsum((masses * column).tolist()) for column in points.T]

    def score(t: float, ones: float) -> float:
        return ones - total * float(expit(t))

    logits = [_root(partial(score, ones=ones), -_REACH, _REACH) for ones in sums]
    return {"probabilities": expit(np.array(logits))}


def _shares(counts: list[float]) -> list[float]:
    """Return the probabilities n_c / l whose sum is 1."""
    total = math.fsum(counts)
    level = _root(lambda t: math.fsum(c / (total * math.exp(t)) for c in counts) - 1, -1.0, 1.0)
    return [c / (total * math.exp(level)) for c in counts]


def _categorical_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    width = before["probabilities"].shape[2]
    rows = []
    for column in points.T:
        seen = [math.fsum(masses[column == code].tolist()) for code in range(width)]
        rows.append(_shares(seen))
    return {"probabilities": np.array(rows)}


def _multinomial_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    del before
    counts = [math.fsum((masses * column).tolist()) for column in points.T]
    trials = math.fsum(counts) / math.fsum(masses.tolist())
    return {"probabilities": np.array(_shares(counts)), "trials": np.array(trials)}


def _exponential_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    del before
    total = math.fsum(masses.tolist())
    sums = [math.fsum((masses * column).tolist()) for column in points.T]

    def score(t: float, time: float) -> float:
        return total - math.exp(t) * time

    logs = [_root(partial(score, time=time), -_REACH, _REACH) for time in sums]
    return {"rates": np.exp(logs)}


def _gamma_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    del before
    total = math.fsum(masses.tolist())
    shapes, rates = [], []

    def excess(t: float, spread: float) -> float:
        return t - float(digamma(math.exp(t))) - spread

    for column in points.T:
        mean = math.fsum((masses * column).tolist()) / total
        spread = math.log(mean) - math.fsum((masses * np.log(column)).tolist()) / total

        shapes.append(math.exp(_root(partial(excess, spread=spread), -_REACH, -math.log(spread))))
        rates.append(shapes[-1] / mean)
    return {"shapes": np.array(shapes), "rates": np.array(rates)}


def _direction_step(points: Array, masses: Array, before: Parameters) -> Parameters:
    del before
    order = points.shape[1] / 2 - 1
    mean = masses @ points / masses.sum()
    length = float(np.linalg.norm(mean))

    def excess(t: float) -> float:
        c = math.exp(t)
        return float(ive(order + 1, c) / ive(order, c)) - length

    # Below e^-6 and above e^6 lie means that are nearly 0 or nearly 1.
    return {
        "directions": mean / length,
        "concentrations": np.array(math.exp(_root(excess, -6.0, 6.0))),
    }


def _student_step(
    points: Array, plan: Array, parameters: Parameters, shape: str, df: float | None
) -> Parameters:
    n_features = points.shape[1]
    numbers = more_densities.degrees_of_freedom(parameters, df)
    lengths = squares(points, parameters, shape)
    scales = (numbers + n_features) / (numbers + lengths)
    masses = plan.sum(axis=0)
    weighted = plan * scales
    means = (weighted.T @ points) / weighted.sum(axis=0)[:, None]
    scatters = np.stack(
        [
            em.sum_of_squares(points - mean, column)
            for mean, column in zip(means, weighted.T, strict=True)
        ]
    )
    if shape == "tied":
        covariances = scatters.sum(axis=0) / masses.sum()
    else:
        covariances = scatters / masses[:, None, None]
        if shape == "diag":
            covariances = np.diagonal(covariances, axis1=1, axis2=2).copy()
        elif shape == "spherical":
            covariances = np.trace(covariances, axis1=1, axis2=2) / n_features
    found = {"means": means, "covariances": covariances}
    if "degrees_of_freedom" not in parameters:
        return found
    logs = digamma((numbers + n_features) / 2) - np.log((numbers + lengths) / 2)
    moments = np.sum(plan * (logs - scales), axis=0) / masses

    def excess(t: float, moment: float) -> float:
        return t - float(digamma(math.exp(t))) + 1 + moment

    roots = [_root(partial(excess, moment=float(moment)), -6.0, 12.0) for moment in moments]
    return {**found, "degrees_of_freedom": 2 * np.exp(roots)}


_STEPS: dict[str, Callable[[Array, Array, Parameters], Parameters]] = {
    "bernoulli": _bernoulli_step,
    "categorical": _categorical_step,
    "multinomial": _multinomial_step,
    "exponential": _exponential_step,
    "gamma": _gamma_step,
    "von_mises_fisher": _direction_step,
}
