"""Four Gaussian clusters of known unit variance at the corners of a square.

Only weights and means are unknown, so the scale of the cost is fixed and epsilon other than 1 is
meaningful.
"""

import numpy as np

from mixot.arrays import as_sample
from mixot.problems.options import number_above, whole_number
from mixot.problems.problem import Problem
from mixot.problems.synthetic import coordinates, draw_clusters, draw_labels
from mixot.types import Mixture


def make(seed: int, *, n_samples: int = 1000, separation: float = 3.0) -> Problem:
    """Draw the points; separation is the side of the square, in standard deviations."""
    side = number_above("separation", separation, 0.0)
    n_samples = whole_number("n_samples", n_samples, at_least=4)
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    means = side * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    covariances = np.tile(np.eye(2), (4, 1, 1))
    labels = draw_labels("isotropic", seed, weights, n_samples)
    points = draw_clusters("isotropic", seed, labels, means, covariances)
    return Problem(
        name="isotropic",
        sample=as_sample(points),
        n_components=4,
        families=("gaussian-known",),
        columns=coordinates(2),
        description="four Gaussian clusters of known unit variance",
        family_options={"covariance": 1.0},
        labels=labels,
        truth=Mixture(weights, {"means": means}),
    )
