"""Data for kernels that leave no scale to be estimated.

They are unit normals in one and two dimensions, and counts. A component of a best mixing law lies
in the convex hull of the points: from outside, moving towards it raises all densities. So a box
around the points is enough to look in.
"""

from dataclasses import dataclass

import numpy as np

from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.problems.library import times_deaths
from mixot.streams import stream
from mixot.types import Array, Sample

# Rates at which zero counts are certain to all digits, where those of the box begin.
_NO_RATE = 1e-9


@dataclass(frozen=True, slots=True)
class KnownKernel:
    """A sample and a family with one parameter, of that name, (K, d); low, high: (d,) its box."""

    sample: Sample
    family: Family
    parameter: str
    low: Array
    high: Array

    def axes(self, sizes: tuple[int, int]) -> tuple[Array, ...]:
        """Return equidistant axes of the box, of the first size on a line and else the second."""
        size = sizes[0] if self.low.size == 1 else sizes[1]
        return tuple(
            np.linspace(low, high, size) for low, high in zip(self.low, self.high, strict=True)
        )


def make(name: str, n_samples: int, experiment: str) -> KnownKernel:
    """Return one of `NAMES`; all but the counts are drawn with n_samples points."""
    if name == "deaths":
        counts = times_deaths.make(0).sample
        high = counts.points.max(axis=0)
        return KnownKernel(counts, Poisson(), "rates", np.full(1, _NO_RATE), high)
    rng = stream("experiment", experiment, name, "points")
    centres = _CENTRES[name](n_samples, rng)
    points = centres + rng.normal(size=centres.shape)
    sample = Sample(points, np.full(n_samples, 1.0 / n_samples), float(n_samples))
    unit = Gaussian("known", covariance=np.array(1.0))
    return KnownKernel(sample, unit, "means", points.min(axis=0), points.max(axis=0))


def _two(n: int, rng: np.random.Generator) -> Array:
    return np.where(rng.random((n, 1)) < 0.4, -1.25, 1.25)


def _skewed(n: int, rng: np.random.Generator) -> Array:
    return rng.gamma(2.0, 1.5, size=(n, 1))


def _heavy(n: int, rng: np.random.Generator) -> Array:
    return rng.standard_t(4.0, size=(n, 1))


def _corners(n: int, rng: np.random.Generator) -> Array:
    corners = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
    return corners[rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])]


def _ring(n: int, rng: np.random.Generator) -> Array:
    angle = rng.uniform(0.0, 2.0 * np.pi, size=n)
    return 3.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


_CENTRES = {"two": _two, "skewed": _skewed, "heavy": _heavy, "corners": _corners, "ring": _ring}
NAMES = (*_CENTRES, "deaths")
