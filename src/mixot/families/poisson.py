"""Products of Poisson counts: log p_k(x) = sum_j x_j log rate_kj - rate_kj - log x_j!.

An exponential family with T(x) = x, so the M-step is the weighted mean of the counts. A rate of
zero is allowed: the component then explains zero counts only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, xlogy

from mixot.arrays import check_counts, check_enough_points
from mixot.families.base import Domain
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent Poisson counts with `rates` (K, d)."""

    name: str = "poisson"
    shared: frozenset[str] = frozenset()
    latent: bool = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Rates are positive, and means and variances at once."""
        return {"rates": Domain("mean")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for negative or fractional counts or too few observations."""
        check_counts(sample.points)
        check_enough_points(sample, n_components)

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the mean count."""
        return {"rates": np.tile(sample.weights @ sample.points, (n_components, 1))}

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        rates = parameters["rates"]
        with np.errstate(divide="ignore"):
            log_rates = np.log(rates)
        if np.isfinite(log_rates).all():
            linear = points @ log_rates.T
        else:
            linear = xlogy(points[:, None, :], rates[None]).sum(axis=2)
        return linear - rates.sum(axis=1) - gammaln(points + 1.0).sum(axis=1)[:, None]

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


def make(variant: str) -> Poisson:
    """Build the Poisson family; it has neither variants nor options."""
    del variant
    return Poisson()
