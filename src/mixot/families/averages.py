"""Plan-weighted averages: which components have any, and the plan of the one-component fit."""

import numpy as np

from mixot.types import Array, Mask


def occupied(statistics: Array) -> Mask:
    """Say which components have mass, the first column of the statistics, shape (K,)."""
    return np.asarray(statistics[:, 0] > np.finfo(float).tiny)


def uniform_plan(weights: Array, n_components: int) -> Array:
    """Return the plan (n, K) that gives every component the same share of every observation."""
    return np.tile(weights[:, None] / n_components, (1, n_components))
