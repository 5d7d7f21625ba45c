"""Products of Poisson counts: log p_k(x) = sum_j x_j log rate_kj - rate_kj - log x_j!.

An exponential family with T(x) = x, so the M-step is the weighted mean of the counts. A rate of
zero is allowed: the component then explains zero counts only.

The linear form is taken about the sample's mean counts m: with h(x) the log-probability at m,

    log p_k(x) = h(x) + sum_j x_j log(rate_kj / m_j) - (rate_kj - m_j),

whose terms are small as long as the rates are near the means, however large these are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import gammaln

from mixot.arrays import check_counts, check_enough_points
from mixot.families.base import Domain
from mixot.families.counts import log_poisson, log_ratio
from mixot.families.linear import Coefficients, Moments
from mixot.families.linear_rows import RowsForm, assembled, keeps_digits
from mixot.families.support import check_countable
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# Up to this total a row's log-probability is a difference of numbers that are not large.
_MODERATE = 500.0


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent Poisson counts with `rates` (K, d)."""

    name: ClassVar[str] = "poisson"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Rates are positive, and means and variances at once."""
        return {"rates": Domain("mean")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for negative or fractional counts or too few observations."""
        check_counts(sample.points)
        check_countable(sample.points)
        check_enough_points(sample, n_components)

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the mean count."""
        return {"rates": np.tile(sample.weights @ sample.points, (n_components, 1))}

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        rates = parameters["rates"]
        with np.errstate(divide="ignore"):
            log_rates = np.log(rates)
        if np.isfinite(log_rates).all() and points.sum(axis=1).max(initial=0.0) <= _MODERATE:
            constants = gammaln(points + 1.0).sum(axis=1)[:, None] + rates.sum(axis=1)
            return np.asarray(points @ log_rates.T - constants)
        return np.column_stack([log_poisson(points, one).sum(axis=1) for one in rates])

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sum of counts) per component, shape (K, 1 + d)."""
        del parameters
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ points])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted mean counts; a component without mass keeps its rates."""
        mass = statistics[:, :1]
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = np.where(mass > np.finfo(float).tiny, statistics[:, 1:] / mass, np.nan)
        return {"rates": np.where(np.isnan(rates), parameters["rates"], rates)}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k); +inf where a positive rate follows a zero one."""
        rates, base = new["rates"], old["rates"]
        with np.errstate(divide="ignore", invalid="ignore"):
            change = (rates - base) / base
            # xlog1py form: the leading terms cancel analytically, not in floating point.
            terms = base * ((1.0 + change) * np.log1p(change) - change)
        terms = np.where(rates == 0.0, base, terms)  # exact zeros: the limit of the expression
        terms = np.where(base == 0.0, np.where(rates == 0.0, 0.0, np.inf), terms)
        total: Array = terms.sum(axis=1)
        return total

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Every vector of finite rates is proper."""
        del reference
        return np.asarray(np.isfinite(parameters["rates"]).all(axis=1))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector of counts for each label."""
        rates = parameters["rates"][np.asarray(labels, dtype=np.intp)]
        return rng.poisson(rates).astype(np.float64)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One rate a component and column."""
        return n_components * n_features

    def linear_form(self, reference: Parameters) -> "PoissonForm":
        """Return the linear form about the sample's mean counts."""
        means = reference["rates"][0]
        return PoissonForm(means.size + 1, means)


@dataclass(frozen=True, slots=True)
class PoissonForm(RowsForm):
    """Features (1, x, h(x)), h the log-probability under the means (d,) of the sample."""

    means: Array

    def to_frame(self, points: Array) -> Array:
        """Map points (m, d) to (d + 1, m), the counts and h."""
        at_means = log_poisson(points, self.means).sum(axis=1)
        return np.ascontiguousarray(np.vstack([points.T, at_means]))

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the largest total count of a row as the radius."""
        del sample_weight
        return Moments(np.zeros(1), float(framed[:-1].sum(axis=0).max()))

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; a component with a rate of 0 is left to its density."""
        rates = parameters["rates"]
        tilt = log_ratio(rates, self.means)
        lower = (self.means - rates).clip(0.0).sum(axis=1)
        positive = moments.radius * tilt.clip(0.0).max(axis=1) + lower
        accurate = keeps_digits(positive) & np.isfinite(tilt).all(axis=1)
        linear = np.column_stack([tilt, np.ones(tilt.shape[0])])
        peak = log_poisson(np.floor(rates), rates).sum(axis=1)
        return assembled((self.means - rates).sum(axis=1), linear, accurate, peak)

    def statistics(self, sums: Array, parameters: Parameters, moments: Moments) -> Array:
        """Return (mass, sum of counts)."""
        del parameters, moments
        return sums[:, :-1].copy()


def make(variant: str) -> Poisson:
    """Build the Poisson family; it has neither variants nor options."""
    del variant
    return Poisson()
