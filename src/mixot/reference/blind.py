"""Minimisers that know nothing of the closed forms: plans and M-steps (theory A1 iii, D4).

`minimise_over_plans` hands F(P, pi, theta) to L-BFGS as a function of row logits, P_ik =
a_i exp(z_ik) / sum_l exp(z_il): no responsibility, no dual.  `blind_m_step` hands
sum_ik P_ik C_ik(theta) to BFGS over means and a factor of the precision (or log rates): no
weighted mean, no weighted covariance.  Both find a minimum by value and slope alone, so their
arguments are good to about the square root of their value's accuracy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.optimize
from numpy.typing import ArrayLike
from scipy.special import log_softmax

from .likelihood import objective
from .parameters import Array, Parameters, covariance_type, full_covariances


class PlanMinimum(NamedTuple):
    """A plan (n, K), F there, and the number of evaluations of F that found it."""

    plan: Array
    value: float
    evaluations: int


def minimise_over_plans(
    cost: Array,
    sample_weights: Array,
    weights: Array,
    start_logits: Array,
    epsilon: float = 1.0,
    *,
    max_iter: int = 3_000,
) -> PlanMinimum:
    """Return the minimiser of F over plans with row sums a, by L-BFGS from (n, K) logits.

    All weights positive.  F is not convex in the logits, and a row that saturates at a wrong
    corner has no slope left; so the temperature comes down from the spread of the costs to
    epsilon by factors of 1.5, each minimum starting the next search.  Accuracy seen: 1e-8 in
    value at worst (epsilon 0.1), 1e-12 and better at epsilon 1 for moderate overlap.
    """
    log_weights = np.log(weights)
    shape = cost.shape
    relative = cost - cost.min(axis=1, keepdims=True)
    # Logits of light samples matter less: in these units all rows curve alike.
    scales = np.sqrt(sample_weights)[:, None]
    logits = np.asarray(start_logits, dtype=np.float64)
    temperature = max(epsilon, float(relative.max()))
    evaluations = 0

    def value_and_slope(flat: Array, temperature: float) -> tuple[float, Array]:
        logs = log_softmax(flat.reshape(shape) / scales, axis=1)
        rows = np.exp(logs)
        # dF/dP_ik divided by the temperature, up to a number per row that softmax ignores.
        inner = relative / temperature + logs - log_weights
        row_values = np.sum(rows * inner, axis=1)
        slope = scales * rows * (inner - row_values[:, None])
        return float(sample_weights @ row_values), slope.ravel()

    while True:
        last = temperature <= epsilon
        options = {
            "maxiter": max_iter if last else 100,
            "maxfun": 10 * max_iter,
            "ftol": 0.0,
            "gtol": 1e-12 if last else 1e-6,
            "maxcor": 20,
        }
        result = scipy.optimize.minimize(
            value_and_slope,
            (logits * scales).ravel(),
            args=(temperature,),
            jac=True,
            method="L-BFGS-B",
            options=options,
        )
        logits = result.x.reshape(shape) / scales
        evaluations += int(result.nfev)
        if last:
            break
        temperature = max(epsilon, temperature / 1.5)
    plan = sample_weights[:, None] * np.exp(log_softmax(logits, axis=1))
    value = objective(plan, cost, sample_weights, weights, epsilon)
    return PlanMinimum(plan, value, evaluations)


def blind_m_step(
    family_name: str,
    points: Array,
    plan: Array,
    start: Parameters,
    *,
    covariance: ArrayLike | None = None,
) -> Parameters:
    """Return argmin over theta of sum_ik P_ik C_ik(theta_k) by BFGS from `start` (D4).

    points (n, d), plan (n, K).  The search runs in coordinates in which the start is the
    standard normal (for a Poisson: rate 1), which is all the preconditioning BFGS gets.
    """
    kind = covariance_type(family_name)
    if kind is None:
        return {"rates": _poisson_rates(points, plan, start["rates"])}
    means = start["means"]
    matrices = full_covariances(start, kind, means.shape[0], means.shape[1], known=covariance)
    if kind == "tied":
        groups = [list(range(means.shape[0]))]
    else:
        groups = [[k] for k in range(means.shape[0])]
    new_means = np.empty_like(means)
    new_matrices = []
    for group in groups:
        found, matrix = _gaussian_group(
            kind, points, plan[:, group], means[group], matrices[group[0]]
        )
        new_means[group] = found
        new_matrices.append(matrix)
    if kind == "known":
        return {"means": new_means}
    if kind == "tied":
        return {"means": new_means, "covariances": new_matrices[0]}
    if kind == "full":
        return {"means": new_means, "covariances": np.stack(new_matrices)}
    variances = np.stack([np.diag(matrix) for matrix in new_matrices])
    return {"means": new_means, "covariances": variances if kind == "diag" else variances[:, 0]}


def _gaussian_group(
    kind: str, points: Array, masses: Array, means: Array, covariance: Array
) -> tuple[Array, Array]:
    """Fit components that share one covariance: masses (n, m), means (m, d) -> means, (d, d).

    With x = m0 + L0 y and precision A A' of y, A lower triangular with diagonal e^s, the cost of
    a point is |A'(y - v)|^2 / 2 - sum s, up to a constant.
    """
    n_features = points.shape[1]
    root = np.linalg.cholesky(covariance)
    origin = means[0]
    whitened = np.linalg.solve(root, (points - origin).T).T
    centres = np.linalg.solve(root, (means - origin).T).T
    lower = np.tril_indices(n_features, -1)
    total = masses.sum()
    n_scales = 0 if kind == "known" else 1 if kind == "spherical" else n_features
    n_lower = len(lower[0]) if kind in ("full", "tied") else 0

    def factor(scales: Array, strict_lower: Array) -> Array:
        matrix = np.diag(
            np.exp(np.broadcast_to(scales, n_features) if n_scales else np.zeros(n_features))
        )
        if n_lower:
            matrix[lower] = strict_lower
        return matrix

    def value_and_slope(vector: Array) -> tuple[float, Array]:
        middle = centres.size
        moved = vector[:middle].reshape(centres.shape)
        matrix = factor(vector[middle : middle + n_scales], vector[middle + n_scales :])
        value, mean_slopes = 0.0, []
        scatter = np.zeros((n_features, n_features))
        for m in range(masses.shape[1]):
            centred = whitened - moved[m]
            weighted = centred * masses[:, m][:, None]
            scatter += weighted.T @ centred
            mean_slopes.append(-(matrix @ (matrix.T @ weighted.sum(axis=0))))
        value = 0.5 * float(np.sum(scatter * (matrix @ matrix.T)))
        value -= float(total * np.log(np.diag(matrix)).sum())
        by_factor = scatter @ matrix
        by_scale = np.diag(by_factor) * np.diag(matrix) - total
        pieces = [np.concatenate(mean_slopes)]
        if n_scales:
            pieces.append(by_scale if n_scales == n_features else np.array([by_scale.sum()]))
        if n_lower:
            pieces.append(by_factor[lower])
        return value / total, np.concatenate(pieces) / total

    start = np.concatenate([centres.ravel(), np.zeros(n_scales + n_lower)])
    found = _bfgs(value_and_slope, start)
    middle = centres.size
    matrix = factor(found[middle : middle + n_scales], found[middle + n_scales :])
    spread = root @ np.linalg.inv(matrix @ matrix.T) @ root.T
    return found[:middle].reshape(centres.shape) @ root.T + origin, spread


def _poisson_rates(points: Array, plan: Array, start: Array) -> Array:
    masses = plan.sum(axis=0)[:, None]
    sums = plan.T @ points

    def value_and_slope(vector: Array) -> tuple[float, Array]:
        logs = vector.reshape(start.shape)
        rates = start * np.exp(logs)
        value = float(np.sum(masses * rates - sums * logs))
        return value, (masses * rates - sums).ravel()

    found = _bfgs(value_and_slope, np.zeros(start.size))
    return start * np.exp(found.reshape(start.shape))


def _bfgs(function: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    # BFGS ends in a failed line search once values no longer differ; the point is then as good
    # as a value-based search gets, so its success flag is not consulted.
    options = {"gtol": 1e-11, "maxiter": 2_000}
    return scipy.optimize.minimize(function, start, jac=True, method="BFGS", options=options).x
