"""scikit-learn at one thread, from starts of the library: its mixture and its k-means."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from mixot.types import Array, Mixture

Labels = NDArray[np.intp]

# What GaussianMixture does unless it is told otherwise.
REG_COVAR, TOL, MAX_ITER = 1e-6, 1e-3, 100


@dataclass(frozen=True, slots=True)
class Peer:
    """Where EM by scikit-learn ended; labels: (n,) the likeliest component of every point."""

    mixture: Mixture
    labels: Labels
    n_iter: int


def gaussian_mixture(
    points: Array,
    start: Mixture,
    covariance_type: str,
    *,
    reg_covar: float = REG_COVAR,
    tol: float = TOL,
    max_iter: int = MAX_ITER,
) -> Peer:
    """Run EM from a start; raises ValueError where a covariance loses positive definiteness."""
    model = estimator(
        start, covariance_type, reg_covar=reg_covar, tol=tol, max_iter=max_iter, warm_start=False
    )
    with threadpool_limits(1), warnings.catch_warnings():
        # Reaching max_iter is an outcome like another one here.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = model.fit_predict(points)
    return Peer(mixture_of(model), np.asarray(labels, dtype=np.intp), int(model.n_iter_))


def estimator(start: Mixture, covariance_type: str, **options: Any) -> Any:
    """Return an estimator that begins at a start and draws nothing."""
    return GaussianMixture(
        start.n_components,
        covariance_type=covariance_type,
        # Replaced by the given start; k-means, the default, would only cost time.
        init_params="random_from_data",
        random_state=0,
        weights_init=start.weights,
        means_init=start.parameters["means"],
        precisions_init=_precisions(covariance_type, start.parameters["covariances"]),
        **options,
    )


def mixture_of(model: Any) -> Mixture:
    """Return what an estimator has fitted."""
    parameters = {"means": model.means_.copy(), "covariances": model.covariances_.copy()}
    return Mixture(model.weights_.copy(), parameters)


def k_means(points: Array, means: Array, **options: Any) -> tuple[Labels, int]:
    """Return the clusters (n,) of Lloyd's algorithm from the given means, and its iterations."""
    search = KMeans(means.shape[0], init=means, n_init=1, random_state=0, **options)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = search.fit_predict(points)
    return np.asarray(labels, dtype=np.intp), int(search.n_iter_)


def _precisions(covariance_type: str, covariances: Array) -> Array:
    if covariance_type not in ("full", "tied"):
        return 1.0 / covariances
    inverse: Array = np.linalg.inv(covariances).astype(np.float64, copy=False)
    return (inverse + np.swapaxes(inverse, -1, -2)) / 2.0
