"""scikit-learn's mixture as a contestant: EM from a given start, at a number of BLAS threads."""

import time
import warnings
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from mixot.benchmarks.solution import Solution, Solve
from mixot.types import Array, Mixture

SKLEARN = "scikit-learn"
# The better of these counts: which it is depends on the shape of the problem.
BLAS_THREADS = (1, 2)


def sklearn_em(
    points: Array, start: Mixture, covariance_type: str, threads: int, tol: float = 0.0
) -> Solve:
    """Return EM of at most n iterations; with tol = 0 of exactly n.

    Nothing is added to the covariances, as in maximum likelihood. The stamps are taken where an
    iteration ends with a call that prints what a verbose fit says of it; without such calls there
    are none.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    precisions = _precisions(covariance_type, start.parameters["covariances"])

    def solve(n_iter: int) -> Solution:
        model = GaussianMixture(
            n_components=start.n_components,
            covariance_type=covariance_type,
            tol=tol,
            reg_covar=0.0,
            max_iter=n_iter,
            # Replaced by the given start; k-means, the default, would only cost time.
            init_params="random_from_data",
            random_state=0,
            weights_init=start.weights,
            means_init=start.parameters["means"],
            precisions_init=precisions,
        )
        stamps: list[float] = []

        def stamp(*said: Any) -> None:
            del said
            stamps.append(time.perf_counter())

        model._print_verbose_msg_iter_end = stamp
        with threadpool_limits(limits=threads), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(points)
        parameters = {"means": model.means_, "covariances": model.covariances_}
        mixture = Mixture(model.weights_, parameters)
        return Solution(mixture, int(model.n_iter_), tuple(stamps))

    return solve


def blas_setting(threads: int) -> str:
    """Name a number of BLAS threads."""
    return f"{threads} BLAS thread" + ("" if threads == 1 else "s")


def _precisions(covariance_type: str, covariances: Array) -> Array:
    if covariance_type not in ("full", "tied"):
        return 1.0 / covariances
    inverse: Array = np.linalg.inv(covariances).astype(np.float64, copy=False)
    return (inverse + np.swapaxes(inverse, -1, -2)) / 2.0
