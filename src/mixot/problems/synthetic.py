"""Drawing from known mixtures, so that what a fit should find is on record.

Labels, points and scales have streams of their own. Each stream yields its numbers observation by
observation, so the first n of a larger draw from the same seed are the smaller draw.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixot.arrays import as_sample
from mixot.problems.options import whole_number
from mixot.problems.problem import Problem
from mixot.streams import stream
from mixot.types import Array, Mixture

# Three clusters of unlike width and tilt: standard deviations along and across, and the angle.
_ELLIPSES = ((1.0, 0.7, 0.3), (1.2, 0.6, 1.4), (0.8, 0.8, 0.0))


def three_clusters(separation: float) -> Mixture:
    """Return three elliptic Gaussians in the plane whose means are `separation` apart."""
    corners = np.array([[0.0, 1.0], [-np.sqrt(0.75), -0.5], [np.sqrt(0.75), -0.5]])
    covariances = np.stack([ellipse(*shape) for shape in _ELLIPSES])
    means = corners * separation / np.sqrt(3.0)
    return Mixture(np.array([0.3, 0.3, 0.4]), {"means": means, "covariances": covariances})


def ellipse(along: float, across: float, angle: float) -> Array:
    """Return the (2, 2) covariance with these standard deviations, turned by `angle` radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    axes: Array = np.array([[cosine, -sine], [sine, cosine]]) * [along, across]
    return axes @ axes.T


def draw_labels(name: str, seed: int, weights: Array, n_samples: int) -> NDArray[np.int64]:
    """Draw (n,) component labels with the mixture weights as probabilities."""
    uniform = stream("data", name, seed, "labels").random(n_samples)
    # The last edge is left out: rounding may put it below 1, and a label K does not exist.
    edges = np.cumsum(weights)[:-1]
    return np.searchsorted(edges, uniform, side="right").astype(np.int64)


def draw_clusters(
    name: str,
    seed: int,
    labels: NDArray[np.int64],
    means: Array,
    covariances: Array,
    degrees_of_freedom: float | None = None,
) -> Array:
    """Draw (n, d) points around means (K, d) with covariances (K, d, d), Gaussian by default.

    With degrees of freedom (> 2) they are multivariate Student t, scaled to the same covariances.
    """
    shape = (labels.size, means.shape[1])
    noise = stream("data", name, seed, "points").standard_normal(shape)
    if degrees_of_freedom is not None:
        rng = stream("data", name, seed, "scales")
        chi_square = rng.chisquare(degrees_of_freedom, labels.size)
        noise *= np.sqrt((degrees_of_freedom - 2.0) / chi_square)[:, None]
    factors = np.linalg.cholesky(covariances)
    points: Array = means[labels] + np.einsum("nij,nj->ni", factors[labels], noise)
    return points


def gaussian_problem(
    name: str,
    seed: int,
    truth: Mixture,
    n_samples: Any,
    description: str,
    families: tuple[str, ...] = ("gaussian-full",),
    degrees_of_freedom: float | None = None,
) -> Problem:
    """Return the problem of n_samples points from a mixture with full covariances."""
    n_samples = whole_number("n_samples", n_samples, at_least=truth.n_components)
    labels = draw_labels(name, seed, truth.weights, n_samples)
    points = draw_clusters(
        name,
        seed,
        labels,
        truth.parameters["means"],
        truth.parameters["covariances"],
        degrees_of_freedom,
    )
    return Problem(
        name=name,
        sample=as_sample(points),
        n_components=truth.n_components,
        families=families,
        columns=coordinates(points.shape[1]),
        description=description,
        labels=labels,
        truth=truth,
    )


def coordinates(n_features: int) -> tuple[str, ...]:
    """Name the features of synthetic points x1, x2, ..."""
    return tuple(f"x{index + 1}" for index in range(n_features))
