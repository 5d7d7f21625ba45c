"""The cost |x - mu|^2: a Gaussian kernel of variance 1/2, and samples for it.

-log N(x | mu, I / 2) = |x - mu|^2 + (d / 2) log pi, so that a temperature of the library's loop is
one in squared units of the points.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import cdist

from mixot.experiments._tempered import thinned
from mixot.families.gaussian import make
from mixot.problems import Problem
from mixot.problems.library import (
    anisotropic,
    faithful,
    imbalanced,
    iris,
    isotropic,
    overlapping,
    well_separated,
    wine,
)
from mixot.streams import stream
from mixot.types import Array, Sample

FAMILY = make("known", covariance=0.5)

_MADE: dict[str, Callable[[int], Problem]] = {
    "faithful": faithful.make,
    "iris": iris.make,
    "wine": wine.make,
    "isotropic": isotropic.make,
    "overlapping": overlapping.make,
    "well_separated": well_separated.make,
    "imbalanced": imbalanced.make,
    "anisotropic": anisotropic.make,
}


def offset(sample: Sample) -> float:
    """Return what the library's cost has on top of |x - mu|^2."""
    return 0.5 * sample.points.shape[1] * math.log(math.pi)


def costs(points: Array, centres: Array) -> Array:
    """Return |x_i - mu_k|^2 (n, K)."""
    return np.asarray(cdist(points, centres, "sqeuclidean"))


def squares_sample(
    experiment: str, name: str, n_samples: int, *, one_column: bool = False
) -> Sample:
    """Return at most n_samples rows with random weights, in units that make variances sum to 1.

    one_column: the projection on the direction in which the points vary most.
    """
    whole = thinned(
        _MADE[name](0).sample, n_samples, stream("experiment", experiment, "sample", name)
    )
    deviations = np.sqrt(whole.weights @ (whole.points - whole.weights @ whole.points) ** 2)
    points = whole.points / deviations / math.sqrt(deviations.size)
    if one_column:
        centred = points - whole.weights @ points
        axes = np.linalg.svd(centred * np.sqrt(whole.weights)[:, None], full_matrices=False)[2]
        points = points @ axes[:1].T
    return Sample(np.ascontiguousarray(points), whole.weights, whole.size)
