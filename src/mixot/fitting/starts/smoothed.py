"""Starting mixtures, from a random stream that the caller addresses."""

import numpy as np
from scipy.spatial.distance import cdist

from mixot.errors import InputError
from mixot.families.base import Family
from mixot.types import Mixture, Sample

# This share of each observation goes to all components alike and the rest to that of its nearest
# seed: no first covariance is singular. A larger share makes the components so similar that the
# best weights for them (the plan `balanced_free`) leave some out.
_SMOOTHING = 0.1


def smoothed_start(
    sample: Sample, family: Family, n_components: int, rng: np.random.Generator
) -> Mixture:
    """Return uniform weights and one M-step on smoothed k-means++ responsibilities.

    Raises InputError if the sample does not suit the family or the number of components.
    """
    from sklearn.cluster import kmeans_plusplus  # a fit from a given start needs no scikit-learn

    family.check(sample, n_components)
    distinct = np.unique(sample.points + 0.0, axis=0).shape[0]
    if distinct < n_components:
        raise InputError(
            f"{distinct} distinct points are too few for {n_components} different starting "
            "components; give a start or use fewer components"
        )
    initial = family.initial(sample, n_components)
    centre = sample.weights @ sample.points
    spread = np.sqrt(sample.weights @ (sample.points - centre) ** 2)
    standard = (sample.points - centre) / np.where(spread > 0.0, spread, 1.0)
    seeds, _ = kmeans_plusplus(
        standard,
        n_components,
        sample_weight=sample.weights,
        random_state=int(rng.integers(2**31)),
    )
    nearest = cdist(standard, seeds).argmin(axis=1)
    rows = np.full((standard.shape[0], n_components), _SMOOTHING / n_components)
    rows[np.arange(standard.shape[0]), nearest] += 1.0 - _SMOOTHING
    statistics = family.statistics(sample.points, sample.weights[:, None] * rows, initial)
    weights = np.full(n_components, 1.0 / n_components)
    return Mixture(weights, family.m_step(statistics, initial))
