"""Mixtures off their optimum, on real and on drawn data, at which the temperature is changed.

A setting is a small sample with random weights a, and a mixture that no fit has touched: means
from seeds of k-means, weights from a Dirichlet distribution. Its costs C = -log p_k(x_i) come
twice, from the library and from the reference.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mixot.families.base import Family
from mixot.families.gaussian import Gaussian, make
from mixot.families.poisson import Poisson
from mixot.fitting.starts.smoothed import smoothed_start
from mixot.problems import Problem
from mixot.problems.library import (
    faithful,
    iris,
    isotropic,
    overlapping,
    times_deaths,
    well_separated,
    wine,
)
from mixot.reference import densities
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample

_MADE: dict[str, tuple[Callable[[int], Problem], Family]] = {
    "faithful": (faithful.make, Gaussian("full")),
    "iris": (iris.make, Gaussian("tied")),
    "wine": (wine.make, Gaussian("diag")),
    "isotropic": (isotropic.make, make("known", covariance=1.0)),
    "times_deaths": (times_deaths.make, Poisson()),
    "overlapping": (overlapping.make, Gaussian("spherical")),
    "well_separated": (well_separated.make, Gaussian("full")),
}
SETTINGS = tuple(_MADE)
SHORT = ("faithful", "isotropic", "times_deaths")


@dataclass(frozen=True, slots=True)
class Setting:
    """A sample of n rows and a mixture of K components of a family."""

    name: str
    sample: Sample
    family: Family
    mixture: Mixture

    @property
    def a(self) -> Array:
        """The sample weights (n,)."""
        return self.sample.weights

    @property
    def weights(self) -> Array:
        """The mixture weights pi (K,)."""
        return self.mixture.weights

    @property
    def location(self) -> str:
        """The name of the parameter that is a weighted mean of the points."""
        return "rates" if "rates" in self.mixture.parameters else "means"

    def cost(self) -> Array:
        """Return -log p_k(x_i) (n, K) by the library."""
        return -self.family.log_density(self.sample.points, self.mixture.parameters)

    def reference_cost(self) -> Array:
        """Return the same by the reference."""
        return densities.costs(
            self.family.name,
            self.sample.points,
            dict(self.mixture.parameters),
            covariance=getattr(self.family, "covariance", None),
        )


def settings(
    experiment: str, names: Sequence[str], n_samples: int, seed: int = 0
) -> Iterator[Setting]:
    """Go through the settings of these names, at most n_samples rows each."""
    for name in names:
        maker, family = _MADE[name]
        rng = stream("experiment", experiment, name, seed)
        problem = maker(seed)
        sample = thinned(problem.sample, n_samples, rng)
        start = smoothed_start(sample, family, problem.n_components, rng)
        weights = rng.dirichlet(np.full(problem.n_components, 3.0))
        yield Setting(name, sample, family, replace(start, weights=weights))


def thinned(sample: Sample, n_samples: int, rng: np.random.Generator) -> Sample:
    """Return at most n_samples of the rows, in their order, with weights from a Dirichlet draw.

    A sample that has no more rows than that stays as it is if its weights differ already.
    """
    n_rows = sample.weights.size
    if n_rows <= n_samples and float(np.ptp(sample.weights)) > 0.0:
        return sample
    kept = np.sort(rng.choice(n_rows, size=min(n_rows, n_samples), replace=False))
    return Sample(sample.points[kept], rng.dirichlet(np.full(kept.size, 5.0)), float(kept.size))
