"""Multinomial counts: log p_k(x) = log N! - sum_j log x_j! + sum_j x_j log p_kj, N = sum_j x_j.

The number of trials N of each observation is given, not modelled: densities are conditional on it,
and it may differ between observations (documents of different lengths). An exponential family with
T(x) = x; the M-step is the share of each column in all counts.

The divergence of two components is N times that of their probabilities. For observations of
different N it is the mean over the observations of the component that counts (then the energy
balance D2 is exact), so the mean number of trials is kept beside the probabilities.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from mixot.arrays import check_counts, check_enough_points
from mixot.errors import InputError
from mixot.families import probabilities as chances
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Counts with `probabilities` (K, d) and `trials` (K,), the mean total of a component.

    `trials` does not enter the density; it scales divergences, and draws have that many trials.
    """

    name: str = "multinomial"
    shared: frozenset[str] = frozenset()
    latent: bool = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Probabilities sum to 1; the trials do not enter the density."""
        return {"probabilities": Domain("simplex"), "trials": Domain("fixed")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for anything but counts, for no counts, or too few observations."""
        check_counts(sample.points)
        check_enough_points(sample, n_components)
        if not sample.points.any():
            raise InputError("points: all counts are zero; at least one must be positive")

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the shares of the columns in all counts."""
        n_features = sample.points.shape[1]
        plan = uniform_plan(sample.weights, n_components)
        even = {
            "probabilities": np.full((n_components, n_features), 1.0 / n_features),
            "trials": np.ones(n_components),
        }
        return self.m_step(self.statistics(sample.points, plan, even), even)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf for a count where the probability is 0."""
        coefficients = gammaln(points.sum(axis=1) + 1.0) - gammaln(points + 1.0).sum(axis=1)
        values = chances.log_likelihood(points, parameters["probabilities"])
        return np.asarray(coefficients[:, None] + values)

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sum of counts) per component, shape (K, 1 + d)."""
        del parameters
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ points])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the shares in the weighted counts; a component without mass keeps its own."""
        mass, counts = statistics[:, 0], statistics[:, 1:]
        some = occupied(statistics)
        trials = counts.sum(axis=1) / np.where(some, mass, 1.0)
        return {
            "probabilities": chances.normalised(counts, parameters["probabilities"]),
            "trials": np.where(some, trials, parameters["trials"]),
        }

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k) for the trials of the new; +inf where it excludes less."""
        terms = chances.divergence(new["probabilities"], old["probabilities"]).sum(axis=1)
        # A component of observations without trials tells nothing apart, not even infinitely.
        with np.errstate(invalid="ignore"):
            return np.where(new["trials"] > 0.0, new["trials"] * terms, 0.0)

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Every vector of finite probabilities is proper."""
        del reference
        return np.asarray(np.isfinite(parameters["probabilities"]).all(axis=1))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector of counts for each label, of the component's trials in the mean."""
        index = np.asarray(labels, dtype=np.intp)
        mean = parameters["trials"][index]
        whole = np.floor(mean + rng.random(mean.shape)).astype(np.int64)
        return rng.multinomial(whole, parameters["probabilities"][index]).astype(np.float64)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One probability fewer than there are columns, per component."""
        return n_components * (n_features - 1)


def make(variant: str) -> Multinomial:
    """Build the multinomial family; it has neither variants nor options."""
    del variant
    return Multinomial()
