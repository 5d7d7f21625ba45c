"""Where EM ends if it may go on for ever, by scikit-learn, and how far a mixture is from there.

The distance of two mixtures is the square root of twice the divergence of their complete-data laws,

    d(new, old)^2 = 2 KL(pi' | pi) + 2 sum_k pi'_k KL(p'_k | p_k),

in which the library's stopping rule measures too, but computed by the references.
"""

import math
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from mixot.experiments import _scikit as scikit
from mixot.reference import densities, em, likelihood
from mixot.types import Array, Mixture

# The limit is reached when so many iterations together move by no more than this.
_CHUNK = 200
_STILL = 1e-11


def limit(points: Array, start: Mixture, covariance_type: str, max_iter: int) -> Mixture | None:
    """Return the fixed point of scikit-learn's EM, without its floor, None if it takes longer."""
    model = scikit.estimator(
        start, covariance_type, reg_covar=0.0, tol=0.0, max_iter=_CHUNK, warm_start=True
    )
    before = start
    for _ in range(0, max_iter, _CHUNK):
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(points)
        after = scikit.mixture_of(model)
        if distance(after, before, covariance_type) <= _STILL:
            return after
        before = after
    return None


def distance(new: Mixture, old: Mixture, covariance_type: str) -> float:
    """Return d(new, old)."""
    family = f"gaussian-{covariance_type}"
    components = em.component_kl(family, dict(new.parameters), dict(old.parameters))
    weights = likelihood.kl_divergence(new.weights, old.weights)
    return math.sqrt(2.0 * max(weights + float(new.weights @ components), 0.0))


def objective(points: Array, mixture: Mixture, covariance_type: str) -> float:
    """Return the negative log-likelihood per observation, by the references."""
    cost = densities.costs(f"gaussian-{covariance_type}", points, dict(mixture.parameters))
    equal = np.full(points.shape[0], 1.0 / points.shape[0])
    return likelihood.negative_log_likelihood(cost, equal, mixture.weights)
