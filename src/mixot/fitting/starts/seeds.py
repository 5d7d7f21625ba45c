"""Assign the points of a table to components: by seeds, by k-means, or at random.

Every draw is made on the table, whose order is canonical, so that it depends on the sample and the
generator alone.
"""

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from mixot.types import Array

Indices = NDArray[np.intp]

_MOST_LLOYD = 100
# Candidates whose potentials differ by less than this fraction are equally good, and the first one
# is taken: symmetric data must not make the choice a matter of rounding.
_TIE = 1e-9


def k_means_plus_plus(
    space: Array, weights: Array, n_components: int, rng: np.random.Generator
) -> Indices:
    """Return the rows of (m, q) coordinates that are seeds, far from each other [Arthur 2007].

    Each seed after the first is the best of 2 + log K points drawn by weight times squared
    distance to the seeds so far. Once all coordinates are seeds, points that are none follow.
    """
    seeds = [_draw(weights, rng)]
    nearest = _squares(space, seeds)[:, 0]
    n_trials = 2 + int(np.log(n_components))
    while len(seeds) < n_components:
        potential = weights * nearest
        if not potential.any():
            free = np.ones(weights.size)
            free[seeds] = 0.0
            seeds.append(_draw(weights * free, rng))
            continue
        trials = [_draw(potential, rng) for _ in range(n_trials)]
        closer = np.minimum(nearest[:, None], _squares(space, trials))
        values = weights @ closer
        best = int(np.argmax(values <= values.min() * (1.0 + _TIE)))
        seeds.append(trials[best])
        nearest = closer[:, best]
    return np.array(seeds)


def random_points(weights: Array, n_components: int, rng: np.random.Generator) -> Indices:
    """Return distinct rows drawn by weight."""
    return rng.choice(weights.size, size=n_components, replace=False, p=weights)


def nearest_seed(space: Array, seeds: Indices) -> Indices:
    """Return for each row the number of its nearest seed, the first one in a tie, shape (m,)."""
    return np.asarray(_squares(space, seeds).argmin(axis=1))


def k_means(space: Array, weights: Array, seeds: Indices) -> Indices:
    """Return the clusters, shape (m,), of scikit-learn's k-means from the given seeds."""
    # A fit from another start needs neither of them.
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    search = KMeans(seeds.size, init=space[seeds], n_init=1, max_iter=_MOST_LLOYD)
    # Threads would add up the centres in any order. Fewer clusters than asked for are no trouble
    # here: every component also gets its share of all points.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = search.fit(space, sample_weight=weights).labels_
    return np.asarray(labels, dtype=np.intp)


def one_hot(labels: Indices, n_components: int) -> Array:
    """Return responsibilities (m, K) of 0 and 1."""
    rows: Array = np.eye(n_components)[labels]
    return rows


def random_rows(n_points: int, n_components: int, rng: np.random.Generator) -> Array:
    """Return responsibilities (m, K) drawn uniformly from the simplex."""
    return rng.dirichlet(np.ones(n_components), size=n_points)


def _draw(mass: Array, rng: np.random.Generator) -> int:
    """Draw a row in proportion to its mass."""
    cumulative = np.cumsum(mass)
    # Uniform numbers lie below 1, but their product with the total may round to it.
    row = int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
    return min(row, int(np.flatnonzero(mass)[-1]))


def _squares(space: Array, rows: Indices | list[int]) -> Array:
    return np.asarray(cdist(space, space[rows], "sqeuclidean"))
