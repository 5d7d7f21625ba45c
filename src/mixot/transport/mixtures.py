"""Transport between Gaussian mixtures, and of a sample to itself.

*Between mixtures* mass moves from component to component, at the squared Wasserstein distance of
the two Gaussians, |m - m'|^2 + tr(S + S' - 2 (S^1/2 S' S^1/2)^1/2) [Delon & Desolneux 2020]. With
S = L L' the second term is min |L - L' U|_F^2 over rotations U, and is computed as such: a sum of
squares keeps its digits where the two covariances nearly agree.

*To itself* a sample is transported at the cost |x_i - x_j|^2 with both marginals a. At
epsilon = 2 sigma^2 the value exceeds epsilon times the negative log-likelihood of the kernel
density of width sigma by a divergence (theory K) [inspired by Mordant 2023].
"""

from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.sparse
from scipy.spatial.distance import cdist

from mixot import families
from mixot.errors import InputError
from mixot.families import covariances as shapes
from mixot.families.base import SingularComponentError
from mixot.families.gaussian import Gaussian
from mixot.transport.result import TransportResult
from mixot.transport.solve import solve
from mixot.types import Array, Mixture


@dataclass(frozen=True, slots=True, eq=False)
class MixtureDistance:
    """Transport of one mixture's components to another's.

    cost: (K, K') squared Wasserstein distances of components; plan: (K, K'); distance: the root of
    <cost, plan>; result: the entropic problem's solution, None at epsilon = 0.
    """

    distance: float
    plan: Array
    cost: Array
    result: TransportResult | None


def mixture_distance(
    one: Mixture,
    other: Mixture,
    epsilon: float = 0.0,
    *,
    family: str | Gaussian = "gaussian-full",
    other_family: str | Gaussian | None = None,
) -> MixtureDistance:
    """Return the mixture-Wasserstein distance of two Gaussian mixtures.

    family: that of the first, by name or as it is (which "gaussian-known" needs, since its
    covariance is not among the parameters), and that of the other unless it has its own. epsilon:
    of the entropic problem, in squared units of the data; 0 solves the linear program. Raises
    InputError for mixtures of other shapes, or if a covariance is not positive definite.
    """
    if not (np.isfinite(epsilon) and epsilon >= 0.0):
        raise InputError(f"epsilon must be a finite number >= 0, got {epsilon}")
    other_family = family if other_family is None else other_family
    means, factors = _gaussians(one, family, "one")
    other_means, other_factors = _gaussians(other, other_family, "other")
    if means.shape[1] != other_means.shape[1]:
        raise InputError(
            f"other: its components have {other_means.shape[1]} columns, those of one "
            f"{means.shape[1]}"
        )
    cost = gaussian_costs(means, factors, other_means, other_factors)
    if epsilon == 0.0:
        plan, result = linear_plan(cost, one.weights, other.weights), None
    else:
        result = solve(cost, one.weights, other.weights, epsilon)
        plan = result.plan
    return MixtureDistance(float(np.sqrt(np.sum(plan * cost))), plan, cost, result)


def gaussian_costs(means: Array, factors: Array, other_means: Array, other_factors: Array) -> Array:
    """Return squared Wasserstein distances (K, K') of Gaussians with covariances L L'.

    means: (K, d) and (K', d); factors: (K, d, d) and (K', d, d).
    """
    apart = means[:, None] - other_means
    one, other = factors[:, None], other_factors[None]
    left, _, right = np.linalg.svd(np.swapaxes(other, -1, -2) @ one)
    differences = one - other @ (left @ right)
    return np.asarray((apart**2).sum(axis=-1) + (differences**2).sum(axis=(-1, -2)))


def linear_plan(cost: Array, a: Array, b: Array) -> Array:
    """Return a plan (n, K) of least cost with marginals a and b, by HiGHS."""
    n_rows, n_columns = cost.shape
    rows = scipy.sparse.kron(scipy.sparse.eye(n_rows), np.ones((1, n_columns)))
    columns = scipy.sparse.kron(np.ones((1, n_rows)), scipy.sparse.eye(n_columns))
    # One constraint follows from the others, up to a rounding that would make them contradict.
    constraints = scipy.sparse.vstack([rows, columns.tocsr()[:-1]]).tocsr()
    solved = scipy.optimize.linprog(
        cost.ravel(), A_eq=constraints, b_eq=np.append(a, b[:-1]), method="highs"
    )
    if solved.status != 0:
        raise ArithmeticError(f"HiGHS found no plan: {solved.message}")
    return np.asarray(solved.x.reshape(cost.shape))


def self_transport(points: Array, epsilon: float, a: Array | None = None) -> TransportResult:
    """Return the entropic transport of a sample (n, d) with weights a (n,) to itself."""
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or not np.isfinite(points).all():
        raise InputError("points must be a finite (n, d) array")
    return solve(cdist(points, points, "sqeuclidean"), a, a, epsilon)


def _gaussians(mixture: Mixture, family: str | Gaussian, name: str) -> tuple[Array, Array]:
    """Return means (K, d) and lower factors (K, d, d) of the covariances."""
    found = families.get(family) if isinstance(family, str) else family
    if not isinstance(found, Gaussian):
        raise InputError(f"{name}: a distance is known for Gaussians only, not for {found.name!r}")
    try:
        means = np.asarray(mixture.parameters["means"], dtype=np.float64)
        covariances = found.covariance
        if covariances is None:
            covariances = np.asarray(mixture.parameters["covariances"], dtype=np.float64)
    except KeyError as error:
        raise InputError(f"{name}: a Gaussian mixture has {error.args[0]}") from None
    if means.ndim != 2:
        raise InputError(f"{name}: means must have shape (K, d), got {means.shape}")
    n_components, d = means.shape
    kind = found.covariance_type
    shape = {
        "full": (n_components, d, d),
        "tied": (d, d),
        "diag": (n_components, d),
        "spherical": (n_components,),
        "known": covariances.shape,
    }[kind]
    if covariances.shape != shape:
        raise InputError(f"{name}: covariances must have shape {shape}, got {covariances.shape}")
    expanded = shapes.expand(covariances, kind, d)
    try:
        if expanded.ndim == 2:
            shapes.whitener(expanded)
            factors = np.sqrt(expanded)[:, :, None] * np.eye(d)
        else:
            factors = np.asarray(np.linalg.cholesky(expanded), dtype=np.float64)
        return means, np.broadcast_to(factors, (n_components, d, d))
    except (np.linalg.LinAlgError, SingularComponentError, ValueError):
        raise InputError(f"{name}: covariances must be positive definite") from None
