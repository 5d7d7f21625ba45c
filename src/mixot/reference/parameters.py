"""Read a family's name and parameters, in the plain form that every reference uses.

A family is named by a string: `gaussian-full`, `gaussian-tied`, `gaussian-diag`,
`gaussian-spherical`, `gaussian-known` or `poisson`.  Parameters are a dictionary of arrays:
`means` (K, d) and `covariances` of shape (K, d, d), (d, d), (K, d) or (K,) for the Gaussians
(none for `gaussian-known`, whose covariance is an option), `rates` (K, d) for the Poisson.

The references expand every covariance to (K, d, d) before they use it.  That wastes work and
removes four code paths in which the same mistake could be made twice.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Parameters = dict[str, Array]

COVARIANCE_TYPES = ("full", "tied", "diag", "spherical", "known")


def covariance_type(family_name: str) -> str | None:
    """Return the covariance structure that a family's name asks for, None for `poisson`.

    Raises ValueError for a name that is not one of the six.
    """
    if family_name == "poisson":
        return None
    prefix, _, kind = family_name.partition("-")
    if prefix != "gaussian" or kind not in COVARIANCE_TYPES:
        raise ValueError(f"family must be poisson or gaussian-<covariance>, got {family_name!r}")
    return kind


def full_covariances(
    parameters: Parameters,
    covariance_type: str,
    n_components: int,
    n_features: int,
    known: ArrayLike | None = None,
) -> Array:
    """Expand the covariances of any structure to (K, d, d).

    `known` is the covariance of `gaussian-known`: a variance, d variances or a (d, d) matrix.
    The result has the dtype of what was given, so that a complex step can pass through.
    """
    identity = np.eye(n_features)
    if covariance_type == "known":
        if known is None:
            raise ValueError("gaussian-known needs its covariance, got None")
        given = np.asarray(known)
        one = np.diag(given) if given.ndim == 1 else given * identity if given.ndim == 0 else given
        return np.stack([one] * n_components)
    given = np.asarray(parameters["covariances"])
    if covariance_type == "full":
        return given.reshape(n_components, n_features, n_features)
    if covariance_type == "tied":
        return np.stack([given.reshape(n_features, n_features)] * n_components)
    if covariance_type == "diag":
        return np.stack([np.diag(variances) for variances in given])
    if covariance_type == "spherical":
        return np.stack([variance * identity for variance in given])
    raise ValueError(f"covariance type must be one of {COVARIANCE_TYPES}, got {covariance_type!r}")
