"""Gradients by three routes, and the matrices that turn them into EM steps (theory D5, E1-E5).

- numerical: 4th-order central differences (E1, E2), and the complex step Im f(x + ih) / h with
  h = 1e-200, which has no truncation error and no cancellation (NLL only);
- analytic: the derivative of each cost C_ik in theta_k, averaged under a plan, <P, dC/dtheta>;
  at P* it is the gradient of the NLL (Fisher), at P_OT that of OT (Danskin);
- Xu-Jordan: M(theta) such that EM step = M(theta) x gradient of the mean log-likelihood.

Parameters are compared as one vector (`pack`): arrays in alphabetical order of their names,
a symmetric matrix by its lower triangle, so that every coordinate is free.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .densities import generic_log_densities
from .parameters import Array, Parameters, covariance_type, full_covariances


def central_difference(
    function: Callable[[Array], float],
    at: Array,
    scales: Array | float = 1.0,
    step: float = 1e-3,
) -> Array:
    """Return the gradient (p,) of a function at a vector (p,), by 5-point central differences.

    (-f(x+2h) + 8 f(x+h) - 8 f(x-h) + f(x-2h)) / 12h, error O(h^4), with h = step * scale.
    The scales (p,) are the lengths over which the function changes: see `natural_scales`.
    """
    gradient = np.empty(at.shape)
    widths = np.broadcast_to(step * np.asarray(scales), at.shape)
    for j, width in enumerate(widths):
        values = []
        for shift in (-2, -1, 1, 2):
            moved = at.copy()
            moved[j] += shift * width
            values.append(function(moved))
        gradient[j] = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * width)
    return gradient


def simplex_difference(
    function: Callable[[Array], float], weights: Array, step: float = 1e-3
) -> Array:
    """Return the slopes (K,) of a function of positive weights towards each vertex (E5).

    Component k is d/dt f(pi + t (e_k - pi)) at 0, which is grad_k - <pi, grad>: for OT the
    potential g_k in the gauge <pi, g> = 0, for the NLL 1 - pihat_k / pi_k.
    """
    slopes = np.empty(weights.shape)
    for k, weight in enumerate(weights):
        towards = np.eye(weights.size)[k] - weights

        def along(t: Array, towards: Array = towards) -> float:
            return function(weights + t[0] * towards)

        room = min(float(weight), 1 - float(weight))
        slopes[k] = central_difference(along, np.zeros(1), room, step)[0]
    return slopes


def is_symmetric_block(family_name: str, name: str) -> bool:
    """Tell whether a parameter holds symmetric matrices in its last two axes."""
    return name == "covariances" and covariance_type(family_name) in ("full", "tied")


def pack(family_name: str, parameters: Parameters) -> NDArray[Any]:
    """Return the free coordinates of the parameters as one vector."""
    pieces = []
    for name in sorted(parameters):
        values = np.asarray(parameters[name])
        if is_symmetric_block(family_name, name):
            rows, columns = np.tril_indices(values.shape[-1])
            values = values[..., rows, columns]
        pieces.append(values.ravel())
    return np.concatenate(pieces)


def unpack(family_name: str, vector: NDArray[Any], like: Parameters) -> Parameters:
    """Return parameters shaped as `like` from their free coordinates, in the vector's dtype."""
    parameters: Parameters = {}
    start = 0
    for name in sorted(like):
        shape = np.asarray(like[name]).shape
        if is_symmetric_block(family_name, name):
            rows, columns = np.tril_indices(shape[-1])
            lead = shape[:-2]
            size = int(np.prod(lead)) * rows.size
            matrices: NDArray[Any] = np.empty(shape, dtype=vector.dtype)
            entries = vector[start : start + size].reshape(*lead, rows.size)
            matrices[..., rows, columns] = entries
            matrices[..., columns, rows] = entries
            parameters[name] = matrices
        else:
            size = int(np.prod(shape))
            parameters[name] = vector[start : start + size].reshape(shape)
        start += size
    return parameters


def natural_scales(
    family_name: str, parameters: Parameters, *, covariance: ArrayLike | None = None
) -> Array:
    """Return the natural length (p,) of each packed coordinate.

    The conditional standard deviation of a coordinate (the others held) for a mean, the product
    of two for a covariance; the square root of a Poisson rate, at most the rate itself.
    """
    kind = covariance_type(family_name)
    if kind is None:
        rates = parameters["rates"]
        return np.asarray(pack(family_name, {"rates": np.minimum(rates, np.sqrt(rates))}))
    means = parameters["means"]
    matrices = full_covariances(parameters, kind, means.shape[0], means.shape[1], known=covariance)
    deviations = np.stack([1 / np.sqrt(np.diag(np.linalg.inv(matrix))) for matrix in matrices])
    scales: Parameters = {"means": deviations}
    if kind == "full":
        scales["covariances"] = deviations[:, :, None] * deviations[:, None, :]
    elif kind == "tied":
        scales["covariances"] = np.outer(deviations[0], deviations[0])
    elif kind == "diag":
        scales["covariances"] = deviations**2
    elif kind == "spherical":
        scales["covariances"] = deviations[:, 0] ** 2
    return np.asarray(pack(family_name, scales))


def plan_gradient(
    family_name: str,
    points: Array,
    parameters: Parameters,
    plan: Array,
    *,
    covariance: ArrayLike | None = None,
) -> Parameters:
    """Return <P, dC/dtheta>, one array for each parameter and of its shape (E1, E2).

    With y = x - m:  dC/dm = -S^-1 y,  dC/dS = (S^-1 - S^-1 y y' S^-1) / 2 (as a symmetric
    matrix: its inner product with dS is the change),  dC/dl = 1 - x / l for a Poisson rate.
    Structured covariances collect the entries of dC/dS that they share.
    """
    kind = covariance_type(family_name)
    if kind is None:
        rates = parameters["rates"]
        masses = plan.sum(axis=0)[:, None]
        return {"rates": masses - (plan.T @ points) / rates}
    means = parameters["means"]
    matrices = full_covariances(parameters, kind, means.shape[0], means.shape[1], known=covariance)
    mean_rows, covariance_rows = [], []
    for k, (mean, matrix) in enumerate(zip(means, matrices, strict=True)):
        pulled = np.linalg.solve(matrix, (points - mean).T).T
        mean_rows.append(-(plan[:, k] @ pulled))
        outer = pulled.T @ (pulled * plan[:, k][:, None])
        covariance_rows.append((plan[:, k].sum() * np.linalg.inv(matrix) - outer) / 2)
    gradient: Parameters = {"means": np.stack(mean_rows)}
    if kind == "full":
        gradient["covariances"] = np.stack(covariance_rows)
    elif kind == "tied":
        gradient["covariances"] = np.sum(covariance_rows, axis=0)
    elif kind == "diag":
        gradient["covariances"] = np.stack([np.diag(row) for row in covariance_rows])
    elif kind == "spherical":
        gradient["covariances"] = np.array([np.trace(row) for row in covariance_rows])
    return gradient


def pack_gradient(family_name: str, gradient: Parameters) -> Array:
    """Return the gradient in the coordinates of `pack`: an off-diagonal entry counts twice."""
    doubled = dict(gradient)
    for name, values in gradient.items():
        if is_symmetric_block(family_name, name):
            doubled[name] = 2 * values - values * np.eye(values.shape[-1])
    return np.asarray(pack(family_name, doubled), dtype=np.float64)


def weights_gradient(plan: Array, weights: Array) -> Array:
    """Return dNLL/dpi_k = -pihat_k / pi_k (K,), for the E-step plan (E5; scale by epsilon)."""
    return -plan.sum(axis=0) / weights


def complex_step_gradient(
    family_name: str,
    points: Array,
    sample_weights: Array,
    weights: Array,
    parameters: Parameters,
    *,
    epsilon: float = 1.0,
    covariance: ArrayLike | None = None,
    step: float = 1e-200,
) -> tuple[Array, Array]:
    """Return the gradient of L_eps in the packed parameters (p,) and in the weights (K,).

    The weights are differentiated as free numbers; on the simplex only differences of the
    second gradient mean anything.
    """
    packed = pack(family_name, parameters)
    free = np.concatenate([packed, weights]).astype(np.complex128)

    def value(vector: NDArray[np.complex128]) -> np.complex128:
        moved = unpack(family_name, vector[: packed.size], parameters)
        logs = generic_log_densities(
            family_name, points, moved, dtype=np.complex128, covariance=covariance
        )
        exponents = np.log(vector[packed.size :]) + logs / epsilon
        return np.complex128(-epsilon * (sample_weights @ complex_logsumexp(exponents)))

    gradient = np.empty(free.size)
    for j in range(free.size):
        moved = free.copy()
        moved[j] += 1j * step
        gradient[j] = value(moved).imag / step
    return gradient[: packed.size], gradient[packed.size :]


def complex_logsumexp(exponents: NDArray[Any]) -> NDArray[Any]:
    """Return log sum_k exp(z_ik) (n,), analytic in z: the shift is a real constant a row."""
    largest = exponents.real.max(axis=1, keepdims=True)
    return np.log(np.exp(exponents - largest).sum(axis=1)) + largest[:, 0]


def xu_jordan_step(
    family_name: str,
    points: Array,
    parameters: Parameters,
    weights: Array,
    plan: Array,
    *,
    covariance: ArrayLike | None = None,
) -> tuple[Array, Parameters]:
    """Return EM's steps in pi (K,) and theta as positive semi-definite matrices x gradient (D5).

    With l the weighted mean log-likelihood, b = P*'1 and P* the E-step plan at epsilon 1:
    dpi = (diag(pi) - pi pi') dl/dpi;  dm_k = (S_k / b_k) dl/dm_k;  dl_k = (l_k / b_k) dl/dl_k for
    rates; and for covariances (2 / b_k) S (dl/dS) S, which is the step to the scatter about the
    *old* mean: the caller adds dm dm' to the step of EM before comparing (pooled by b for tied,
    diagonal part for diag, trace over d for spherical).
    """
    masses = plan.sum(axis=0)
    ascent = {
        name: -values
        for name, values in plan_gradient(
            family_name, points, parameters, plan, covariance=covariance
        ).items()
    }
    likelihood_weights = masses / weights
    weights_step = (np.diag(weights) - np.outer(weights, weights)) @ likelihood_weights
    kind = covariance_type(family_name)
    if kind is None:
        return weights_step, {"rates": parameters["rates"] / masses[:, None] * ascent["rates"]}
    means = parameters["means"]
    matrices = full_covariances(parameters, kind, means.shape[0], means.shape[1], known=covariance)
    steps: Parameters = {
        "means": np.stack(
            [
                matrix @ row / mass
                for matrix, row, mass in zip(matrices, ascent["means"], masses, strict=True)
            ]
        )
    }
    if kind == "known":
        return weights_step, steps
    given, slope = parameters["covariances"], ascent["covariances"]
    if kind == "full":
        factors = 2 / masses[:, None, None]
        steps["covariances"] = factors * (given @ slope @ given)
    elif kind == "tied":
        steps["covariances"] = 2 / masses.sum() * (given @ slope @ given)
    elif kind == "diag":
        steps["covariances"] = 2 / masses[:, None] * given**2 * slope
    else:
        steps["covariances"] = 2 / (masses * means.shape[1]) * given**2 * slope
    return weights_step, steps
