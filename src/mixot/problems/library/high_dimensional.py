"""Five Gaussian clusters in many dimensions, with diagonal covariances.

Both the full and the diagonal family contain the truth; the full one has 231 parameters a
component in 20 dimensions and so needs more steps. The directions of the means are part of the
problem, not of the sample: they do not depend on the seed.
"""

import numpy as np

from mixot.problems.options import number_above, whole_number
from mixot.problems.problem import Problem
from mixot.problems.synthetic import gaussian_problem
from mixot.streams import stream
from mixot.types import Mixture


def make(
    seed: int, *, n_samples: int = 2000, n_features: int = 20, separation: float = 5.0
) -> Problem:
    """Draw the points; separation is the typical distance of the means, widths are 0.7 to 1.4."""
    n_features = whole_number("n_features", n_features, at_least=2)
    distance = number_above("separation", separation, 0.0)
    directions = stream("problem", "high_dimensional", n_features).standard_normal((5, n_features))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    variances = np.exp(np.linspace(-0.7, 0.7, n_features))
    covariances = [np.diag(np.roll(variances, n_features * k // 5)) for k in range(5)]
    truth = Mixture(
        np.array([0.3, 0.25, 0.2, 0.15, 0.1]),
        {"means": distance / np.sqrt(2.0) * directions, "covariances": np.stack(covariances)},
    )
    return gaussian_problem(
        "high_dimensional",
        seed,
        truth,
        n_samples,
        f"five Gaussian clusters in {n_features} dimensions",
        families=("gaussian-full", "gaussian-diag"),
    )
