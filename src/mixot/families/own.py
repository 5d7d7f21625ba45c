"""A family of one's own in three methods.

An exponential family is its log-density, its sufficient statistics T, and the maximum-likelihood
parameters for given means of T. The rest of what the loop asks for follows, or has a default:

    class Rayleigh(OwnFamily):
        def log_density(self, points, parameters):
            squares = parameters["scales"] ** 2
            return np.log(points / squares) - 0.5 * points**2 / squares

        def sufficient_statistics(self, points):
            return points**2

        def estimate(self, averages):
            return {"scales": np.sqrt(0.5 * averages[:, 0])}

`fit` takes an instance like any other family. Families whose statistics depend on the current
parameters, as those of scale mixtures do, override `statistics` and `m_step` themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain
from mixot.types import Array, Mask, Parameters, Sample


class OwnFamily(ABC):
    """Defaults for a family given by `log_density`, `sufficient_statistics` and `estimate`.

    Without a `divergence` of its own a family cannot measure the decrease of an M-step as one, so
    that `latent` is set and the decrease is measured on the costs. Override `check` for the
    support, `sample` and `n_parameters` for simulation and information criteria. `domains` says
    where parameters live, for accelerated fits; those that it does not name are taken for reals.
    """

    shared: frozenset[str] = frozenset()
    latent: bool = True
    domains: Mapping[str, Domain] = MappingProxyType({})

    @property
    def name(self) -> str:
        """Name in messages: that of the class."""
        return type(self).__name__

    @abstractmethod
    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K), for points (n, d)."""

    @abstractmethod
    def sufficient_statistics(self, points: Array) -> Array:
        """Return T(x_i), shape (n, p)."""

    @abstractmethod
    def estimate(self, averages: Array) -> Parameters:
        """Return the maximum-likelihood parameters for the means (K, p) of T per component.

        Every array of the result has the components along its first axis.
        """

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for too few observations."""
        check_enough_points(sample, n_components)

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the parameters of the one-component fit."""
        plan = uniform_plan(sample.weights, n_components)
        return self.m_step(self.statistics(sample.points, plan, {}), {})

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sums of T) per component, shape (K, 1 + p)."""
        del parameters
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ self.sufficient_statistics(points)])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the estimates; a component without mass keeps its parameters."""
        some = occupied(statistics)
        if not some.any():
            return parameters
        # A component without mass is given the means of all, so that none divides by zero.
        filled = np.where(some[:, None], statistics, statistics.sum(axis=0))
        estimates = self.estimate(filled[:, 1:] / filled[:, :1])
        if some.all():
            return estimates
        return {
            name: np.where(some.reshape((-1,) + (1,) * (values.ndim - 1)), values, parameters[name])
            for name, values in estimates.items()
        }

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return half the sum of squared relative changes of the parameters, shape (K,).

        A stand-in for KL of the right order of magnitude for parameters of scale: it tells when
        steps have become short and components equal, without units and without a formula.
        """
        total: Array | float = 0.0
        for name, values in new.items():
            size = np.maximum(np.abs(values), np.abs(old[name]))
            change = np.abs(values - old[name]) / np.where(size > 0.0, size, 1.0)
            total = total + 0.5 * np.sum(change**2, axis=tuple(range(1, values.ndim)))
        return np.asarray(total)

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which components have finite parameters."""
        del reference
        finite = [
            np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
            for values in parameters.values()
        ]
        return np.asarray(np.all(finite, axis=0))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Refuse to draw; override to return one point for each label, shape (n, d)."""
        raise InputError(f"family {self.name!r} cannot draw points: give it a method sample")

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Refuse to count; override to return the number of free component parameters."""
        raise InputError(
            f"family {self.name!r} cannot count its parameters: give it a method n_parameters"
        )
