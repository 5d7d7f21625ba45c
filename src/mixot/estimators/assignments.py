"""What a fitted mixture says about points, a block of them at a time.

The rows are those of the plan that was fitted: at temperature epsilon and with its column
potential g, or the best component alone for hard plans. For a balanced plan g is that of the
sample: new points are spread as further points of it would be, which leaves their own column
marginal free. The log-likelihood is that of the mixture's density, whatever the plan.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import entr

from mixot.families import Family
from mixot.fitting.evaluate import log_kernel, responsibilities, row_potential
from mixot.transport import plans
from mixot.types import Array, Mixture

_BLOCK = 1 << 14


def rows(
    points: Array, mixture: Mixture, family: Family, plan: str, epsilon: float, g: Array
) -> Array:
    """Return the plan's responsibilities, shape (n, K), rows summing to 1."""
    chosen = plans.get(plan)
    if not chosen.hard:
        return _by_blocks(lambda part: responsibilities(part, mixture, family, epsilon, g), points)
    labels = best(points, mixture, family, plan, epsilon, g)
    return np.asarray(np.eye(mixture.n_components)[labels])


def best(
    points: Array, mixture: Mixture, family: Family, plan: str, epsilon: float, g: Array
) -> Array:
    """Return the component with the largest share of each point, shape (n,), integers."""
    chosen = plans.get(plan)
    if chosen.hard:
        epsilon = 1.0
        if not getattr(chosen, "weighted", False):
            uniform = np.full(mixture.n_components, 1.0 / mixture.n_components)
            mixture = Mixture(uniform, mixture.parameters)
    return _by_blocks(
        lambda part: log_kernel(part, mixture, family, epsilon, g).argmax(axis=0), points
    )


def log_likelihoods(points: Array, mixture: Mixture, family: Family) -> Array:
    """Return log sum_k pi_k p_k(x_i), shape (n,)."""
    return _by_blocks(lambda part: -row_potential(part, mixture, family), points)


def entropies(points: Array, mixture: Mixture, family: Family) -> Array:
    """Return the entropy of each point's posterior over the components, nats, shape (n,)."""
    return _by_blocks(
        lambda part: entr(responsibilities(part, mixture, family)).sum(axis=1), points
    )


def _by_blocks(function: Callable[[Array], Array], points: Array) -> Array:
    if points.shape[0] <= _BLOCK:
        return function(points)
    parts = [
        function(points[first : first + _BLOCK]) for first in range(0, points.shape[0], _BLOCK)
    ]
    return np.concatenate(parts)
