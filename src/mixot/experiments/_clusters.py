"""Clusters on a line, their weights, and every sweep of the library's transport solvers there.

The components are normals of deviation 1 whose means are equally spaced, so that one number says
how much they overlap. A solver's sweeps are followed by asking it for one more each time: its
results depend on nothing but the problem, the start and how many sweeps it may take.
"""

from dataclasses import dataclass

import numpy as np

from mixot import transport
from mixot.families.gaussian import Gaussian
from mixot.reference import densities
from mixot.streams import stream
from mixot.types import Array, Sample

FAMILY = "gaussian-known"
# Sweeps of the library's Sinkhorn solver besides those that move the potential: one that sees how
# far it has come, and one for the result.
_IDLE = 2


@dataclass(frozen=True, slots=True)
class Clusters:
    """Points of clusters with known means (K, 1); weights (K,) of the truth."""

    sample: Sample
    means: Array
    weights: Array

    @property
    def family(self) -> Gaussian:
        """The normals of deviation 1."""
        return Gaussian("known", covariance=np.array(1.0))

    @property
    def cost(self) -> Array:
        """The library's cost matrix (n, K)."""
        return -self.family.log_density(self.sample.points, {"means": self.means})

    @property
    def other_cost(self) -> Array:
        """The reference's cost matrix (n, K)."""
        parameters = {"means": self.means}
        return densities.costs(FAMILY, self.sample.points, parameters, covariance=1.0)


def clusters(
    name: str, separation: float, seed: int, n_samples: int, n_components: int
) -> Clusters:
    """Draw clusters whose means are a separation apart, for the experiment of that name."""
    rng = stream("experiment", name, repr(separation), seed)
    places = np.arange(n_components) - 0.5 * (n_components - 1)
    means = np.asarray(separation * places[:, None], dtype=np.float64)
    weights = rng.dirichlet(np.full(n_components, 8.0))
    labels = rng.choice(n_components, size=n_samples, p=weights)
    points = means[labels] + rng.standard_normal((n_samples, 1))
    uniform = np.full(n_samples, 1.0 / n_samples)
    return Clusters(Sample(points, uniform, float(n_samples)), means, weights)


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Potentials g (T + 1, K) after each sweep, in the gauge <b, g> = 0, and marginal errors."""

    potentials: Array
    errors: Array


def sinkhorn_sweep(cost: Array, a: Array, b: Array, g: Array, many: int = 1) -> Array:
    """Return the column potential (K,) after some sweeps of the library's Sinkhorn solver."""
    found = transport.solve(
        cost, a, b, method="sinkhorn", tol=1e-15, max_iter=many + _IDLE, g_init=g
    )
    return found.g


def sinkhorn_sweeps(cost: Array, a: Array, b: Array, g: Array, n_sweeps: int) -> Sweeps:
    """Follow the library's Sinkhorn solver from a potential."""
    potentials = [g - b @ g]
    for _ in range(n_sweeps):
        potentials.append(sinkhorn_sweep(cost, a, b, potentials[-1]))
    return Sweeps(np.array(potentials), marginal_errors(cost, a, b, potentials))


def newton_step(cost: Array, a: Array, b: Array, g: Array) -> Array:
    """Return the column potential (K,) after one step of the library's Newton solver.

    The first step from a start has the Hessian there; later ones may do with an earlier one.
    """
    return transport.solve(cost, a, b, method="newton", tol=1e-15, max_iter=2, g_init=g).g


def newton_sweeps(cost: Array, a: Array, b: Array, g: Array, most: int = 40) -> Sweeps:
    """Follow the library's Newton solver from a potential until it ends by itself."""
    potentials = [g - b @ g]
    for many in range(2, most):
        found = transport.solve(cost, a, b, method="newton", tol=1e-14, max_iter=many, g_init=g)
        if found.converged and np.array_equal(found.g, potentials[-1]):
            break
        potentials.append(found.g)
    return Sweeps(np.array(potentials), marginal_errors(cost, a, b, potentials))


def marginal_errors(cost: Array, a: Array, b: Array, potentials: list[Array]) -> Array:
    """Return the L1 error of the column marginal at each potential, written for reading."""
    errors = []
    for g in potentials:
        shares = b * np.exp(g - (cost - cost.min(axis=1, keepdims=True)))
        plan = a[:, None] * shares / shares.sum(axis=1, keepdims=True)
        errors.append(float(np.abs(plan.sum(axis=0) - b).sum()))
    return np.array(errors)
