"""The five shapes of a Gaussian's covariance behind one set of functions.

    full (K, d, d) | tied (d, d) | diag (K, d) | spherical (K,) | known: fixed, not estimated

Internally each shape is expanded only as far as needed: matrices (K or 1, d, d) for full, tied
and a known matrix, vectors (K or 1, d) for diag, spherical and known variances. A *whitener* W
satisfies W S W' = I.
"""

import numpy as np

from mixot.errors import InputError
from mixot.families.base import SingularComponentError
from mixot.types import Array, Mask

TYPES = ("full", "tied", "diag", "spherical", "known")


def check_size(option: str, size: object) -> None:
    """Raise InputError unless the option's value is a finite number >= 0."""
    number = isinstance(size, int | float | np.number) and not isinstance(size, bool)
    if not number or not 0.0 <= float(size) < np.inf:  # type: ignore[arg-type]
        raise InputError(f"the option {option} must be a finite number >= 0, got {size!r}")


def expand(covariances: Array, covariance_type: str, n_features: int) -> Array:
    """Return matrices (K or 1, d, d) or vectors of variances (K or 1, d)."""
    if covariance_type in ("full", "diag"):
        return covariances
    if covariance_type == "tied":
        return covariances[None]
    if covariance_type == "spherical":
        return np.repeat(covariances[:, None], n_features, axis=1)
    if covariances.ndim == 2:
        return covariances[None]
    return np.broadcast_to(covariances, (n_features,))[None]


def whitener(expanded: Array) -> tuple[Array, Array]:
    """Return (W, log det W) per matrix or vector of variances.

    Raises SingularComponentError if one of them is not positive definite.
    """
    if expanded.ndim == 2:
        if not (np.isfinite(expanded).all() and (expanded > 0.0).all()):
            raise SingularComponentError("a variance is not positive")
        scale = 1.0 / np.sqrt(expanded)
        return scale, np.log(scale).sum(axis=1)
    try:
        factor = np.linalg.cholesky(expanded)
    except np.linalg.LinAlgError as error:
        raise SingularComponentError("a covariance is not positive definite") from error
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    if not (np.isfinite(diagonal).all() and (diagonal > 0.0).all()):
        raise SingularComponentError("a covariance is not finite")
    identity = np.eye(expanded.shape[-1])
    return np.linalg.solve(factor, identity), -np.log(diagonal).sum(axis=1)


def whiten(centred: Array, scale: Array) -> Array:
    """Apply a whitener to points centred per component, (K, n, d) -> (K, n, d)."""
    if scale.ndim == 2:
        return centred * scale[:, None, :]
    return centred @ np.swapaxes(scale, 1, 2)


def scatter(centred: Array, plan: Array, covariance_type: str) -> Array:
    """Return plan-weighted second moments, flattened to (K, p); empty for known covariances."""
    n_components = plan.shape[1]
    if covariance_type == "known":
        return np.empty((n_components, 0))
    if covariance_type in ("full", "tied"):
        weighted = centred * plan.T[:, :, None]
        return (np.swapaxes(weighted, 1, 2) @ centred).reshape(n_components, -1)
    return np.einsum("nk,knd->kd", plan, centred * centred)


def maximise(
    moments: Array,
    mass: Array,
    shift: Array,
    old: Array | None,
    covariance_type: str,
    floor: float = 0.0,
) -> Array:
    """Return the maximum-likelihood covariances about the new means, none below the floor.

    moments: (K, p) second moments about the old means; mass: (K,); shift: (K, d) new minus old
    means (zero where a component has no mass, which then keeps its `old` covariance; None if all
    have mass); floor: the least variance in any direction.
    """
    n_components, n_features = shift.shape
    occupied = mass > np.finfo(float).tiny
    safe = np.where(occupied, mass, 1.0)
    if covariance_type in ("full", "tied"):
        outer = shift[:, :, None] * shift[:, None, :]
        second = moments.reshape(n_components, n_features, n_features)
        if covariance_type == "tied":
            # The tied matrix pools what remains within every component.
            pooled: Array = (second - mass[:, None, None] * outer).sum(axis=0) / mass.sum()
            return raised(0.5 * (pooled + pooled.T), floor)
        full = second / safe[:, None, None] - outer
        estimate = raised(0.5 * (full + np.swapaxes(full, 1, 2)), floor)
    else:
        estimate = moments / safe[:, None] - shift**2
        if covariance_type == "spherical":
            estimate = estimate.mean(axis=1)
        if floor > 0.0:
            estimate = np.maximum(estimate, floor)
    if old is None or occupied.all():
        return estimate
    return np.where(occupied.reshape((-1,) + (1,) * (estimate.ndim - 1)), estimate, old)


def raised(matrices: Array, floor: float) -> Array:
    """Return matrices (..., d, d) with the eigenvalues below the floor raised to it.

    Among the covariances S >= floor I this maximises -log det S - tr(S^-1 M) for the matrix M: for
    given eigenvalues S is best in the eigenvectors of M, and in each eigenvalue the likelihood
    falls from that of M on, to both sides. Others than those below it are returned unchanged.
    """
    if floor == 0.0 or not np.isfinite(matrices).all():
        return matrices
    values, vectors = np.linalg.eigh(matrices)
    low = values[..., 0] < floor
    if not low.any():
        return matrices
    scaled = vectors * np.maximum(values, floor)[..., None, :]
    lifted = scaled @ np.swapaxes(vectors, -1, -2)
    lifted = 0.5 * (lifted + np.swapaxes(lifted, -1, -2))
    return np.where(low[..., None, None], lifted, matrices)


def extremes(expanded: Array) -> tuple[Array, Array]:
    """Return the least variance in any direction, (K or 1,), and the round-off of raising it."""
    if expanded.ndim == 2:
        return expanded.min(axis=1), np.zeros(expanded.shape[0])
    values = np.asarray(np.linalg.eigvalsh(expanded), dtype=np.float64)
    return values[:, 0], 8.0 * expanded.shape[-1] * np.finfo(float).eps * values[:, -1]


def log_det_divergence(new: Array, old: Array, scale: Array) -> Array:
    """Return 1/2 (tr M - d - log det M) with M = W new W', W the whitener of `old`.

    Written in the eigenvalues of M - I, so that equal covariances give exactly zero and nearly
    equal ones keep their leading digits.
    """
    if scale.ndim == 2:
        change: Array = (new - old) * scale**2
    else:
        difference = scale @ (new - old) @ np.swapaxes(scale, 1, 2)
        symmetric = 0.5 * (difference + np.swapaxes(difference, 1, 2))
        change = np.asarray(np.linalg.eigvalsh(symmetric), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = 0.5 * (change - np.log1p(change))
    total: Array = terms.sum(axis=1)
    return total


def exceeds(covariances: Array, floor: Array) -> Mask:
    """Say for each expanded covariance whether it minus the expanded floor is positive."""
    if covariances.ndim == 2:
        return np.asarray((covariances > floor).all(axis=1))
    try:
        np.linalg.cholesky(covariances - floor)
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(covariances - floor)[:, 0]
        return np.asarray(smallest > 0.0)
    return np.ones(covariances.shape[0], dtype=bool)
