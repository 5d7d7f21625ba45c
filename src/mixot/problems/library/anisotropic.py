"""Three long Gaussian clusters in space, each stretched along another axis of a turned frame."""

import numpy as np

from mixot.problems.options import number_above
from mixot.problems.problem import Problem
from mixot.problems.synthetic import gaussian_problem
from mixot.types import Array, Mixture

# Its rows are the axes: orthonormal, and none of them along a coordinate.
_FRAME = np.array([[2.0, 2.0, 1.0], [-2.0, 1.0, 2.0], [1.0, -2.0, 2.0]]) / 3.0


def make(seed: int, *, n_samples: int = 1500, ratio: float = 8.0) -> Problem:
    """Draw the points; ratio is the longest standard deviation over the shortest."""
    stretch = number_above("ratio", ratio, 0.0)
    widths = 0.5 * np.array([stretch, 2.0, 1.0])
    covariances = [_along(np.roll(widths, shift)) for shift in range(3)]
    truth = Mixture(
        np.array([0.3, 0.3, 0.4]),
        {
            "means": np.array([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0], [0.0, 4.0, 0.0]]),
            "covariances": np.stack(covariances),
        },
    )
    return gaussian_problem(
        "anisotropic", seed, truth, n_samples, "three long Gaussian clusters, each along its axis"
    )


def _along(widths: Array) -> Array:
    """Return the covariance with these standard deviations along the frame's axes."""
    axes = _FRAME.T * widths
    covariance: Array = axes @ axes.T
    return covariance
