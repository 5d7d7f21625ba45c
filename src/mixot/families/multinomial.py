"""Multinomial counts: log p_k(x) = log N! - sum_j log x_j! + sum_j x_j log p_kj, N = sum_j x_j.

The number of trials N of each observation is given, not modelled: densities are conditional on it,
and it may differ between observations (documents of different lengths). An exponential family with
T(x) = x; the M-step is the share of each column in all counts.

The divergence of two components is N times that of their probabilities. For observations of
different N it is the mean over the observations of the component that counts (then the energy
balance D2 is exact), so the mean number of trials is kept beside the probabilities.

The linear form is taken about the shares q of the columns in the whole sample: with h(x) the
log-probability at q, log p_k(x) = h(x) + sum_j x_j log(p_kj / q_j).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln

from mixot.arrays import check_counts, check_enough_points
from mixot.errors import InputError
from mixot.families import probabilities as chances
from mixot.families.averages import occupied, uniform_plan
from mixot.families.base import Domain
from mixot.families.counts import log_poisson, log_ratio, log_spread
from mixot.families.linear import Coefficients, Moments
from mixot.families.linear_rows import RowsForm, assembled, keeps_digits
from mixot.families.support import check_countable
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# Up to this total a row's log-probability is a difference of numbers that are not large.
_MODERATE = 500.0


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Counts with `probabilities` (K, d) and `trials` (K,), the mean total of a component.

    `trials` does not enter the density; it scales divergences, and draws have that many trials.
    """

    name: ClassVar[str] = "multinomial"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Probabilities sum to 1; the trials do not enter the density."""
        return {"probabilities": Domain("simplex"), "trials": Domain("fixed")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for anything but counts, for no counts, or too few observations."""
        check_counts(sample.points)
        check_countable(sample.points)
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
        if points.sum(axis=1).max(initial=0.0) > _MODERATE:
            rows = [_log_multinomial(points, one) for one in parameters["probabilities"]]
            return np.column_stack(rows)
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

    def linear_form(self, reference: Parameters) -> "MultinomialForm":
        """Return the linear form about the shares of the columns in the sample."""
        shares = reference["probabilities"][0]
        return MultinomialForm(shares.size + 1, shares)


@dataclass(frozen=True, slots=True)
class MultinomialForm(RowsForm):
    """Features (1, x, h(x)), h the log-probability under the shares (d,) of the sample."""

    shares: Array

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to (d + 1, m), the counts and h."""
        return np.ascontiguousarray(np.vstack([points.T, _log_multinomial(points, self.shares)]))

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the largest number of trials as the radius."""
        del sample_weight
        return Moments(np.zeros(1), float(framed[:-1].sum(axis=0).max()))

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; a component with a probability of 0 is left to its density."""
        tilt = log_ratio(parameters["probabilities"], self.shares)
        n_components = tilt.shape[0]
        positive = moments.radius * tilt.clip(0.0).max(axis=1)
        accurate = keeps_digits(positive) & np.isfinite(tilt).all(axis=1)
        linear = np.column_stack([tilt, np.ones(n_components)])
        return assembled(np.zeros(n_components), linear, accurate, np.zeros(n_components))

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return (mass, sum of counts)."""
        del parameters, moments
        return sums[:, :-1].copy()


def make(variant: str) -> Multinomial:
    """Build the multinomial family; it has neither variants nor options."""
    del variant
    return Multinomial()


def _log_multinomial(counts: Array, probabilities: Array) -> Array:
    """Return log p(x_i | N_i), shape (n,), for one vector of probabilities (d,).

    No large parts: these are independent Poisson counts of means N p, given that they sum to N.
    """
    trials = counts.sum(axis=1, keepdims=True)
    return log_poisson(counts, trials * probabilities).sum(axis=1) - log_spread(trials[:, 0])
