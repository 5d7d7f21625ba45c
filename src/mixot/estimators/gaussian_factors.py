"""Scikit-learn's forms of Gaussian precisions: P = U U' with U upper triangular.

full (K, d, d) | tied (d, d) | diag (K, d) | spherical (K,): U is the root of the precisions
"""

import numpy as np

from mixot.types import Array

_MATRICES = ("full", "tied")


def factors_of(covariances: Array, covariance_type: str) -> Array:
    """Return U of the precisions of positive definite covariances."""
    if covariance_type not in _MATRICES:
        return np.asarray(1.0 / np.sqrt(covariances))
    lower = np.linalg.cholesky(covariances)
    inverse = np.linalg.solve(lower, np.broadcast_to(np.eye(lower.shape[-1]), lower.shape))
    # What is left of the zero triangle is exactly zero only if it is set.
    return np.ascontiguousarray(np.triu(np.swapaxes(inverse, -1, -2)))


def precisions_of(factors: Array, covariance_type: str) -> Array:
    """Return U U'."""
    if covariance_type not in _MATRICES:
        return factors**2
    return np.asarray(factors @ np.swapaxes(factors, -1, -2))


def covariances_of(factors: Array, covariance_type: str) -> Array:
    """Return the covariances whose precisions are U U'."""
    values = np.asarray(factors, dtype=np.float64)
    if covariance_type not in _MATRICES:
        return 1.0 / values**2
    inverse = np.linalg.solve(values, np.broadcast_to(np.eye(values.shape[-1]), values.shape))
    return np.asarray(np.swapaxes(inverse, -1, -2) @ inverse)
