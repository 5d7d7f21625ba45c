"""scikit-learn's Gaussian mixture, stepped one EM iteration at a time (theory D1).

`GaussianMixture(reg_covar=0, tol=0)` from given weights, means and precisions is plain EM with
uniform sample weights.  Its default `reg_covar=1e-6` adds a constant to every variance and
breaks the equality: that is the negative control of D1 (and 1e-2 that of D3), so `reg_covar`
is an argument here.  The peer knows neither sample weights nor temperature nor fixed weights.
"""

import warnings

import numpy as np
from numpy.typing import ArrayLike
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from .em import Iterate
from .parameters import Array, Parameters, covariance_type


def sklearn_path(
    family_name: str,
    points: Array,
    weights: Array,
    parameters: Parameters,
    n_iter: int,
    *,
    reg_covar: float = 0.0,
) -> list[Iterate]:
    """Return scikit-learn's iterates 0, 1, ..., n_iter from a start, each with its mean NLL.

    One estimator goes on by warm starts of a single iteration each (one more than asked for,
    because an iteration reports the likelihood of where it began).  Raises ValueError for a
    family that the peer does not have, and scikit-learn's own ValueError where a covariance
    loses positive definiteness.
    """
    kind = covariance_type(family_name)
    if kind not in ("full", "tied", "diag", "spherical"):
        raise ValueError(f"scikit-learn has no mixture for the family {family_name!r}")
    model = GaussianMixture(
        n_components=weights.size,
        covariance_type=kind,
        tol=0.0,
        reg_covar=reg_covar,
        max_iter=1,
        # Thrown away, because everything is given below; k-means would only cost time.
        init_params="random",
        random_state=0,
        weights_init=weights,
        means_init=parameters["means"],
        precisions_init=_precisions(kind, parameters["covariances"]),
        warm_start=True,
    )
    path = []
    for _ in range(n_iter + 1):
        with warnings.catch_warnings():
            # One iteration with tol=0 never converges; that is what was asked for.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(points)
        # The peer's bound belongs to the parameters that its iteration started from.
        path.append(Iterate(weights, parameters, -float(model.lower_bound_)))
        weights = model.weights_.copy()
        parameters = {"means": model.means_.copy(), "covariances": model.covariances_.copy()}
    return path


def _precisions(kind: str, covariances: ArrayLike) -> Array:
    given = np.asarray(covariances, dtype=np.float64)
    if kind in ("full", "tied"):
        inverse = np.linalg.inv(given)
        # The peer checks symmetry to 1e-8 and then reads one triangle.
        return (inverse + np.swapaxes(inverse, -1, -2)) / 2
    return 1.0 / given
