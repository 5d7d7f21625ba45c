"""Log-densities of the families beyond Gaussian and Poisson, as SciPy or the definition has them.

    bernoulli, exponential, gamma    `scipy.stats`, summed over independent columns
    multinomial                      `scipy.stats.multinomial`, given each row's own total
    categorical                      the logarithm of a table's entry, looked up code by code
    von_mises_fisher                 `scipy.stats.vonmises_fisher`, by the Bessel function itself
    student_t-<covariance>           `scipy.stats.multivariate_t`, by an eigendecomposition
    product                          the sum over blocks of columns

Each is slow, evaluates one component at a time, and says what the law is, not how to keep digits
where parts of it cancel.  The six families of `densities` are passed on to it.

Parameters are arrays by name with the components along the first axis: `probabilities` (K, d) or
(K, d, C), `rates` and `shapes` (K, d), `directions` (K, d) and `concentrations` (K,), `means` and
`covariances` as for the Gaussians and `degrees_of_freedom` (K,) where they are estimated.  Those
of a product's block b are called `b.name`.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import scipy.stats

from . import densities
from .parameters import Array, Parameters, full_covariances

Options = Mapping[str, Any]


def log_densities(family_name: str, points: Array, parameters: Parameters, **options: Any) -> Array:
    """Return log p(x_i; theta_k), shape (n, K), for points (n, d).

    options: `covariance` of `gaussian-known`; `df` of a Student t whose degrees of freedom are
    known; `blocks` of a product, a sequence of (family name, columns, options).  Raises
    ValueError for an unknown family.
    """
    if family_name == "product":
        parts = [
            log_densities(name, points[:, list(columns)], block_parameters(parameters, b), **own)
            for b, (name, columns, own) in enumerate(options["blocks"])
        ]
        return np.asarray(np.sum(parts, axis=0))
    if family_name == "poisson" or family_name.startswith("gaussian-"):
        return densities.log_densities(family_name, points, parameters, **options)
    kind, _, shape = family_name.partition("-")
    if kind == "student_t":
        return _student(points, parameters, shape, options.get("df"))
    if kind not in _LAWS:
        raise ValueError(f"family must be one of {', '.join(_LAWS)}, ..., got {family_name!r}")
    law = _LAWS[kind]
    n_components = next(iter(parameters.values())).shape[0]
    ones = [{n: v[k] for n, v in parameters.items()} for k in range(n_components)]
    return np.column_stack([law(points, one) for one in ones])


def costs(family_name: str, points: Array, parameters: Parameters, **options: Any) -> Array:
    """Return the cost matrix C = -log p(x_i; theta_k), shape (n, K); see `log_densities`."""
    return -log_densities(family_name, points, parameters, **options)


def block_parameters(parameters: Parameters, block: int) -> Parameters:
    """Return the parameters of one block of a product, under their own names."""
    prefix = f"{block}."
    return {n[len(prefix) :]: v for n, v in parameters.items() if n.startswith(prefix)}


def degrees_of_freedom(parameters: Parameters, df: float | None) -> Array:
    """Return the degrees of freedom (K,): the known number for all, or those in the parameters."""
    if df is None:
        return parameters["degrees_of_freedom"]
    return np.full(parameters["means"].shape[0], float(df))


def _student(points: Array, parameters: Parameters, shape: str, df: float | None) -> Array:
    means = parameters["means"]
    matrices = full_covariances(parameters, shape, means.shape[0], means.shape[1])
    columns = [
        np.atleast_1d(scipy.stats.multivariate_t(mean, matrix, df=float(number)).logpdf(points))
        for mean, matrix, number in zip(
            means, matrices, degrees_of_freedom(parameters, df), strict=True
        )
    ]
    return np.column_stack(columns)


def _bernoulli(points: Array, one: Parameters) -> Array:
    return scipy.stats.bernoulli.logpmf(points, one["probabilities"]).sum(axis=1)


def _categorical(points: Array, one: Parameters) -> Array:
    table: Sequence[Sequence[float]] = one["probabilities"].tolist()
    return np.array(
        [
            math.fsum(_log(row[int(code)]) for row, code in zip(table, codes, strict=True))
            for codes in points.tolist()
        ]
    )


def _log(probability: float) -> float:
    return math.log(probability) if probability > 0 else -math.inf


def _multinomial(points: Array, one: Parameters) -> Array:
    totals = points.sum(axis=1).astype(int)
    return scipy.stats.multinomial.logpmf(points, totals, one["probabilities"])


def _exponential(points: Array, one: Parameters) -> Array:
    return scipy.stats.expon.logpdf(points, scale=1 / one["rates"]).sum(axis=1)


def _gamma(points: Array, one: Parameters) -> Array:
    return scipy.stats.gamma.logpdf(points, one["shapes"], scale=1 / one["rates"]).sum(axis=1)


def _von_mises_fisher(points: Array, one: Parameters) -> Array:
    law = scipy.stats.vonmises_fisher(one["directions"], float(one["concentrations"]))
    return np.atleast_1d(law.logpdf(points))


_LAWS: dict[str, Callable[[Array, Parameters], Array]] = {
    "bernoulli": _bernoulli,
    "categorical": _categorical,
    "multinomial": _multinomial,
    "exponential": _exponential,
    "gamma": _gamma,
    "von_mises_fisher": _von_mises_fisher,
}
