"""Two normals with opposite means and known weights: the family, its population, and closed forms.

The truth is alpha N(t, 1) + (1 - alpha) N(-t, 1), the model has means m and -m, and alpha is known.
With T = tanh(m x + b) and S = 1 - T^2, an iteration on the population is

    m' = E[x T],    EM: b = log(alpha / (1 - alpha)) / 2,
                    Sinkhorn EM: b such that E[T] = 2 alpha - 1,

whose derivative is E[x^2 S], less E[x S]^2 / E[S] for Sinkhorn EM, where b moves with m.
Expectations are trapezoidal sums, whose error for the integrands here is of the order
exp(-pi^2 / (m h)) with the spacing h.

`OppositeMeans` is the library's side: a family of one's own whose M-step ties the two means.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixot.families.own import OwnFamily
from mixot.fitting.fit import step
from mixot.types import Array, Mixture, Parameters, Sample

Method = Literal["em", "sinkhorn-em"]
METHODS: tuple[Method, ...] = ("em", "sinkhorn-em")
# The plan of the library that makes its loop the method.
PLANS = {"em": "semirelaxed", "sinkhorn-em": "balanced"}

# Deviations beyond which the normal's tail is below the rounding of a sum.
_REACH = 8.5


class OppositeMeans(OwnFamily):
    """Two unit normals whose `means` (2, 1) are m and -m."""

    latent = False

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return the log-densities (n, 2)."""
        return -0.5 * (points - parameters["means"][:, 0]) ** 2 - 0.5 * math.log(2.0 * math.pi)

    def sufficient_statistics(self, points: Array) -> Array:
        """Return the points themselves."""
        return points

    def estimate(self, averages: Array) -> Parameters:
        """Refuse: the two means have one estimate, which takes both masses."""
        raise NotImplementedError("opposite means are estimated together")

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return m = (sum_i P_i1 x_i - sum_i P_i2 x_i) / sum_i a_i, with both signs."""
        del parameters
        # One component alone is the first: the loop asks for that fit to measure by.
        signs = np.array([[1.0], [-1.0]])[: statistics.shape[0]]
        return {"means": signs * (signs[:, 0] @ statistics[:, 1]) / statistics[:, 0].sum()}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL of the components, shape (2,)."""
        return np.asarray(0.5 * np.sum((new["means"] - old["means"]) ** 2, axis=1))


@dataclass(frozen=True, slots=True)
class Population:
    """A truth as nodes x (n,) with the masses of its two components there, each summing to 1."""

    weight: float
    separation: float
    nodes: Array
    masses: tuple[Array, Array]

    @property
    def density(self) -> Array:
        """The masses of the nodes (n,)."""
        return self.weight * self.masses[0] + (1.0 - self.weight) * self.masses[1]

    @property
    def sample(self) -> Sample:
        """The same for the library, which wants masses that are positive."""
        mass = self.density / self.density.sum()
        return Sample(self.nodes[:, None], mass, float(self.nodes.size))


def population(weight: float, separation: float, spacing: float = 0.05) -> Population:
    """Return the truth of weight alpha and separation t (means t and -t, deviations 1)."""
    n_nodes = 2 * math.ceil((separation + _REACH) / spacing) + 1
    nodes = np.asarray(spacing * (np.arange(n_nodes) - n_nodes // 2))
    right, left = (np.exp(-0.5 * (nodes - sign * separation) ** 2) for sign in (1.0, -1.0))
    return Population(weight, separation, nodes, (right / right.sum(), left / left.sum()))


def means(m: float) -> Parameters:
    """Return the parameters with means m and -m."""
    return {"means": np.array([[m], [-m]])}


def mixture(m: float, weight: float) -> Mixture:
    """Return the mixture of weights (alpha, 1 - alpha) and means (m, -m)."""
    return Mixture(np.array([weight, 1.0 - weight]), means(m))


def half_logit(weight: float) -> float:
    """Return log(alpha / (1 - alpha)) / 2, the tilt b of EM."""
    return 0.5 * math.log(weight / (1.0 - weight))


def image(truth: Population, method: Method, m: Array) -> Array:
    """Return m' for means m of any shape."""
    tilted = np.tanh(np.multiply.outer(truth.nodes, m) + tilt(truth, method, m))
    return np.asarray((truth.density * truth.nodes) @ tilted)


def fixed_points(truth: Population, method: Method, n_grid: int = 121) -> list[tuple[float, bool]]:
    """Return the fixed points in ascending order, each with whether it attracts its neighbours.

    They are bracketed on a grid over [-t - 1, t + 1] and bisected; a pair closer than its spacing
    is not seen, which is what `_folds` is for.
    """
    reach = truth.separation + 1.0
    # The grid must not meet the truth itself, a fixed point: a sign there is that of round-off.
    grid = np.linspace(-reach, reach, n_grid) + 1e-4 * reach / n_grid
    excess = image(truth, method, grid) - grid
    found = []
    for k in np.flatnonzero(np.sign(excess[:-1]) != np.sign(excess[1:])):
        low, high, attracts = grid[k], grid[k + 1], bool(excess[k] > 0.0)
        for _ in range(45):
            middle = 0.5 * (low + high)
            rising = image(truth, method, np.array([middle]))[0] > middle
            low, high = (middle, high) if rising == attracts else (low, middle)
        found.append((float(0.5 * (low + high)), attracts))
    return found


def tilt(truth: Population, method: Method, m: Array) -> Array:
    """Return b for means m of any shape."""
    b = np.full(np.shape(m), half_logit(truth.weight))
    if method == "em":
        return b
    # E[T] increases in b: a bracket is kept round Newton's iterates.
    low, high = b - 60.0, b + 60.0
    target = 2.0 * truth.weight - 1.0
    for _ in range(100):
        t = np.tanh(np.multiply.outer(truth.nodes, m) + b)
        missing = target - truth.density @ t
        low, high = np.where(missing > 0.0, b, low), np.where(missing > 0.0, high, b)
        if np.abs(missing).max() < 1e-14:
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            step = b + missing / (truth.density @ (1.0 - t * t))
        b = np.where((step > low) & (step < high), step, 0.5 * (low + high))
    return np.asarray(b)


def library_image(truth: Population, method: Method, m: float) -> float:
    """Return m' as one step of the library's loop makes it."""
    moved = step(
        truth.sample,
        mixture(m, truth.weight),
        OppositeMeans(),
        plan=PLANS[method],
        weights="fixed",
    )
    return float(moved.parameters["means"][0, 0])


def library_slope(truth: Population, method: Method, m: float, length: float = 2e-3) -> float:
    """Return the derivative of m' by differences of five points of the library's loop."""
    near, far = (
        library_image(truth, method, m + k * length) - library_image(truth, method, m - k * length)
        for k in (1, 2)
    )
    return (8.0 * near - far) / (12.0 * length)
