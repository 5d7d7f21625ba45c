"""Data with components and weights that are not optimal for them: real ones and drawn ones.

Components come from random seeds among the points, as fits begin, or lie on a grid whose atoms are
many more than the data need; weights are drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mixot.arrays import as_sample
from mixot.families.base import Family
from mixot.families.gaussian import Gaussian
from mixot.families.poisson import Poisson
from mixot.fitting.starts import start
from mixot.problems.library import (
    faithful,
    high_dimensional,
    iris,
    isotropic,
    overlapping,
    times_deaths,
    wine,
)
from mixot.problems.problem import Problem
from mixot.reference import densities
from mixot.streams import stream
from mixot.types import Array, Mixture, Parameters, Sample


@dataclass(frozen=True, slots=True)
class Scene:
    """A sample and a family, with a mixture that is far from any optimum."""

    name: str
    sample: Sample
    family: Family
    mixture: Mixture
    covariance: float | None = None

    def log_density(self) -> Array:
        """Return log p_k(x_i) by the library, (n, K)."""
        return self.family.log_density(self.sample.points, self.mixture.parameters)

    def reference_cost(self) -> Array:
        """Return -log p_k(x_i) by the reference, (n, K)."""
        return densities.costs(
            self.family.name,
            self.sample.points,
            dict(self.mixture.parameters),
            covariance=self.covariance,
        )


def scene(name: str, seed: int, experiment: str, n_atoms: int = 40) -> Scene:
    """Return the scene called `name`, one of `NAMES`; n_atoms: of a grid."""
    rng = stream("experiment", experiment, name, seed)
    if name in _GRIDS:
        sample, family, parameters, covariance = _GRIDS[name](n_atoms)
        weights = rng.dirichlet(np.full(n_atoms, 2.0))
        return Scene(name, sample, family, Mixture(weights, parameters), covariance)
    problem, family, covariance, n_components = _CLUSTERS[name](seed)
    begun = start(problem.sample, family, n_components, "random-points", rng=rng)
    weights = rng.dirichlet(np.full(n_components, 2.0))
    return Scene(name, problem.sample, family, Mixture(weights, begun.parameters), covariance)


def _waiting_times(n_atoms: int) -> tuple[Sample, Family, Parameters, float]:
    """Return the geyser's waiting times in minutes, and kernels of deviation 5 all along."""
    waiting = faithful.make(0).sample.points[:, 1:]
    means = np.linspace(waiting.min(), waiting.max(), n_atoms)[:, None]
    return as_sample(waiting), Gaussian("known", np.array(25.0)), {"means": means}, 25.0


def _deaths(n_atoms: int) -> tuple[Sample, Family, Parameters, None]:
    """Return the deaths in The Times, and rates up to twice the mean and more."""
    return times_deaths.make(0).sample, Poisson(), _rates(n_atoms), None


def _rates(n_atoms: int) -> Parameters:
    return {"rates": np.linspace(0.2, 6.0, n_atoms)[:, None]}


_Cluster = tuple[Problem, Family, float | None, int]
_Grid = tuple[Sample, Family, Parameters, float | None]

_CLUSTERS: dict[str, Callable[[int], _Cluster]] = {
    "faithful": lambda seed: (faithful.make(seed), Gaussian("full"), None, 4),
    "iris": lambda seed: (iris.make(seed), Gaussian("tied"), None, 4),
    "wine": lambda seed: (wine.make(seed), Gaussian("diag"), None, 3),
    "overlapping": lambda seed: (
        overlapping.make(seed, n_samples=400),
        Gaussian("full"),
        None,
        3,
    ),
    "isotropic": lambda seed: (
        isotropic.make(seed, n_samples=400),
        Gaussian("known", np.array(1.0)),
        1.0,
        4,
    ),
    "high-dimensional": lambda seed: (
        high_dimensional.make(seed, n_samples=300, n_features=8),
        Gaussian("spherical"),
        None,
        5,
    ),
}
_GRIDS: dict[str, Callable[[int], _Grid]] = {"waiting-grid": _waiting_times, "deaths-grid": _deaths}
NAMES = (*_CLUSTERS, *_GRIDS)
