"""Log-densities of the components, by routes that share nothing with a batched Cholesky.

With C_ik = -log p(x_i; theta_k), the cost matrix of every statement (theory, sec. 1):

- `lu`: slogdet and a general LU solve, one component at a time (Gaussian); x log l - l -
  lgamma(x + 1) by `math.lgamma` (Poisson);
- `scipy`: `scipy.stats.multivariate_normal` (an eigendecomposition) and `scipy.stats.poisson`;
- `elimination`: Gaussian elimination written out, in any dtype.  In `numpy.longdouble` it gives
  the extended precision against which the last digits of an NLL are judged (64 bits of
  significand on x86, no gain where long double is double); in complex arithmetic it is analytic
  in the parameters, as the complex step needs.
"""

import math
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import ArrayLike, NDArray

from .parameters import Array, Parameters, covariance_type, full_covariances

ROUTES = ("lu", "scipy", "elimination")


def log_densities(
    family_name: str,
    points: Array,
    parameters: Parameters,
    *,
    route: str = "lu",
    covariance: ArrayLike | None = None,
) -> Array:
    """Return log p(x_i; theta_k), shape (n, K), for points (n, d).

    `covariance` is the option of `gaussian-known`.  Raises ValueError for an unknown family or
    route, and whatever the route raises on a covariance that is singular to working precision.
    """
    if route not in ROUTES:
        raise ValueError(f"route must be one of {ROUTES}, got {route!r}")
    if route == "elimination":
        extended = generic_log_densities(
            family_name, points, parameters, dtype=np.longdouble, covariance=covariance
        )
        return extended.astype(np.float64)
    kind = covariance_type(family_name)
    if kind is None:
        one = _poisson_lu if route == "lu" else _poisson_scipy
        return np.column_stack([one(points, rate) for rate in parameters["rates"]])
    means = parameters["means"]
    covariances = full_covariances(
        parameters, kind, means.shape[0], means.shape[1], known=covariance
    )
    gaussian = _gaussian_lu if route == "lu" else _gaussian_scipy
    return np.column_stack(
        [gaussian(points, mean, matrix) for mean, matrix in zip(means, covariances, strict=True)]
    )


def costs(
    family_name: str,
    points: Array,
    parameters: Parameters,
    *,
    route: str = "lu",
    covariance: ArrayLike | None = None,
) -> Array:
    """Return the cost matrix C = -log p(x_i; theta_k), shape (n, K); see `log_densities`."""
    return -log_densities(family_name, points, parameters, route=route, covariance=covariance)


def generic_log_densities(
    family_name: str,
    points: Array,
    parameters: Parameters,
    *,
    dtype: Any,
    covariance: ArrayLike | None = None,
) -> NDArray[Any]:
    """Return log p(x_i; theta_k), shape (n, K), in the dtype asked for.

    Every operation is elementwise, so `numpy.longdouble` is carried through and complex
    parameters give an analytic function (no conjugate, no absolute value is taken).
    """
    kind = covariance_type(family_name)
    points = np.asarray(points, dtype=dtype)
    if kind is None:
        rates = np.asarray(parameters["rates"], dtype=dtype)
        log_factorial = log_factorials(points.real).astype(dtype)
        return np.column_stack(
            [(points * np.log(rate) - rate - log_factorial).sum(axis=1) for rate in rates]
        )
    means = np.asarray(parameters["means"], dtype=dtype)
    covariances = full_covariances(
        parameters, kind, means.shape[0], means.shape[1], known=covariance
    )
    columns = []
    for mean, matrix in zip(means, covariances, strict=True):
        log_determinant, squared = _eliminate(matrix.astype(dtype), points - mean)
        constant = points.shape[1] * np.log(2 * pi_in(dtype))
        columns.append(-(constant + log_determinant + squared) / 2)
    return np.column_stack(columns)


def pi_in(dtype: Any) -> Any:
    """Return pi to the precision of the dtype (`math.pi` is short of a long double)."""
    # arctan is asked of a real number: the complex arctan has its branch cut elsewhere.
    real = np.zeros(1, dtype=dtype).real.dtype.type
    return np.asarray(4 * np.arctan(real(1)), dtype=dtype)[()]


def log_factorials(counts: NDArray[Any]) -> NDArray[Any]:
    """Return log(x!) of whole numbers, summed term by term in long double; same shape."""
    whole = np.rint(counts).astype(int)
    table = np.cumsum(np.log(np.arange(1, whole.max() + 1, dtype=np.longdouble)))
    return np.concatenate([[np.longdouble(0)], table])[whole]


def _eliminate(matrix: NDArray[Any], centred: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return log det A and the n values y' A^-1 y, for A (d, d) and rows y of centred (n, d).

    Elimination without pivoting, stable for the symmetric positive definite A that come here:
    the forward sweep leaves pivots d_j and transformed right-hand sides z_j, and
    y' A^-1 y = sum_j z_j^2 / d_j.
    """
    rest = matrix.copy()
    right = centred.T.copy()
    log_determinant = np.zeros(1, dtype=rest.dtype)[0]
    squared = np.zeros(right.shape[1], dtype=rest.dtype)
    for j in range(rest.shape[0]):
        pivot = rest[j, j]
        log_determinant = log_determinant + np.log(pivot)
        squared = squared + right[j] * right[j] / pivot
        for row in range(j + 1, rest.shape[0]):
            factor = rest[row, j] / pivot
            rest[row] = rest[row] - factor * rest[j]
            right[row] = right[row] - factor * right[j]
    return log_determinant, squared


def _gaussian_lu(points: Array, mean: Array, covariance: Array) -> Array:
    centred = points - mean
    sign, log_determinant = np.linalg.slogdet(covariance)
    if sign <= 0:
        raise np.linalg.LinAlgError("covariance is not positive definite")
    squared = np.sum(centred.T * np.linalg.solve(covariance, centred.T), axis=0)
    return -0.5 * (points.shape[1] * math.log(2 * math.pi) + log_determinant + squared)


def _gaussian_scipy(points: Array, mean: Array, covariance: Array) -> Array:
    return np.atleast_1d(scipy.stats.multivariate_normal(mean, covariance).logpdf(points))


def _poisson_lu(points: Array, rate: Array) -> Array:
    return np.array(
        [
            math.fsum(
                x * math.log(each) - each - math.lgamma(x + 1)
                for x, each in zip(row.tolist(), rate.tolist(), strict=True)
            )
            for row in points
        ]
    )


def _poisson_scipy(points: Array, rate: Array) -> Array:
    return scipy.stats.poisson.logpmf(points, rate).sum(axis=1)
