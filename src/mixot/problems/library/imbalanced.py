"""Four Gaussian clusters with weights .7, .2, .07 and .03, the heavy one in the middle."""

import numpy as np

from mixot.problems.options import number_above
from mixot.problems.problem import Problem
from mixot.problems.synthetic import ellipse, gaussian_problem
from mixot.types import Mixture


def make(seed: int, *, n_samples: int = 2000, separation: float = 4.0) -> Problem:
    """Draw the points; separation is the distance of the light clusters from the heavy one."""
    distance = number_above("separation", separation, 0.0)
    height = np.sqrt(0.75)
    star = np.array([[0.0, 0.0], [1.0, 0.0], [-0.5, height], [-0.5, -height]])
    shapes = ((1.0, 0.8, 0.5), (0.9, 0.7, -0.4), (0.7, 0.7, 0.0), (0.6, 0.5, 0.2))
    truth = Mixture(
        np.array([0.7, 0.2, 0.07, 0.03]),
        {
            "means": distance * star,
            "covariances": np.stack([ellipse(*shape) for shape in shapes]),
        },
    )
    return gaussian_problem(
        "imbalanced", seed, truth, n_samples, "four Gaussian clusters of very unequal weight"
    )
