"""A mixture of two Gaussians of which one shrinks onto observations, and transport to it.

Points are drawn in general position but for the first d, which share their first coordinate: any
d points lie in a hyperplane, and turning the space makes it this one.
"""

from dataclasses import dataclass

import numpy as np

from mixot.families.gaussian import Gaussian
from mixot.streams import stream
from mixot.types import Array, Mixture, Sample


@dataclass(frozen=True, slots=True)
class Shrinking:
    """shape: "point", a sphere around the first observation, or "plane", a slab around the first d.

    squares: (n,) squared distances to what the component shrinks to; spread: the standard deviation
    of the points, over all coordinates.
    """

    shape: str
    sample: Sample
    family: Gaussian
    squares: Array
    spread: float

    @property
    def nearest(self) -> float:
        """The distance of the nearest observation that the component does not shrink to."""
        return float(np.sqrt(self.squares[self.squares > 0.0].min()))

    def mixture(self, width: float, weight: float) -> Mixture:
        """Return the mixture of a component of that width and weight, and a wide one."""
        points = self.sample.points
        d = points.shape[1]
        centre = points.mean(axis=0)
        wide = np.full(d, self.spread**2)
        narrow, where = np.full(d, width**2), points[0]
        if self.shape == "plane":
            narrow[1:], where = self.spread**2, np.append(points[0, 0], centre[1:])
        variances = np.stack([narrow, wide])
        if self.family.covariance_type == "spherical":
            variances = variances[:, 0]
        return Mixture(
            np.array([weight, 1.0 - weight]),
            {"means": np.stack([where, centre]), "covariances": variances},
        )


def shrinking(n_samples: int, d: int, shape: str, experiment: str, seed: int) -> Shrinking:
    """Draw the points of one problem."""
    rng = stream("experiment", experiment, d, seed)
    points = rng.normal(size=(n_samples, d)) + rng.choice([-1.5, 1.5], size=(n_samples, 1))
    points[:d, 0] = points[0, 0]
    away = points - points[0]
    squares = away[:, 0] ** 2 if shape == "plane" else (away**2).sum(axis=1)
    return Shrinking(
        shape,
        Sample(points, np.full(n_samples, 1.0 / n_samples), float(n_samples)),
        Gaussian("diag" if shape == "plane" else "spherical"),
        squares,
        float(points.std()),
    )


def least_cost(costs: Array, masses: Array, total: float) -> float:
    """Return min <costs, P> over 0 <= P_i <= masses_i that sum to the total: the cheapest first."""
    order = np.argsort(costs, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(masses[order])[:-1]])
    taken = np.clip(total - before, 0.0, masses[order])
    return float(taken @ costs[order])
