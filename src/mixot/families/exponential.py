"""Products of exponential variables: log p_k(x) = sum_j log rate_kj - rate_kj x_j for x_j >= 0.

An exponential family with T(x) = x, so the M-step is the reciprocal of the weighted mean. A
component of zeros alone has an infinite rate and no density.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixot.arrays import check_enough_points
from mixot.errors import InputError
from mixot.families.averages import occupied
from mixot.families.base import Domain, SingularComponentError
from mixot.families.increments import log_loss
from mixot.families.linear import Coefficients, Moments
from mixot.families.linear_rows import RowsForm, assembled
from mixot.families.support import check_magnitude, check_values
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# A mean below this fraction of the whole sample's has collapsed on zero.
_COLLAPSED = 1e-14


@dataclass(frozen=True, slots=True)
class Exponential:
    """Independent waiting times with `rates` (K, d), the reciprocals of the means."""

    name: ClassVar[str] = "exponential"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Rates are positive."""
        return {"rates": Domain("positive")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for negative values, columns of zeros, or too few observations."""
        check_values(
            sample.points, np.asarray(sample.points >= 0.0), "an exponential variable must be >= 0"
        )
        check_magnitude(sample.points)
        zero = np.flatnonzero(~sample.points.any(axis=0))
        if zero.size:
            raise InputError(f"points: column {zero[0]} is all zero; its mean must be > 0")
        check_enough_points(sample, n_components)

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the reciprocals of the means."""
        return {"rates": np.tile(1.0 / (sample.weights @ sample.points), (n_components, 1))}

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf for negative values."""
        rates = _proper(parameters)
        values = np.log(rates).sum(axis=1) - points @ rates.T
        return np.where((points >= 0.0).all(axis=1, keepdims=True), values, -np.inf)

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sum of values) per component, shape (K, 1 + d)."""
        del parameters
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ points])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the reciprocals of the weighted means; without mass a component keeps its own."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rates = statistics[:, :1] / statistics[:, 1:]
        return {"rates": np.where(occupied(statistics)[:, None], rates, parameters["rates"])}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k)."""
        rates, base = new["rates"], old["rates"]
        return np.asarray(log_loss((base - rates) / rates, base / rates).sum(axis=1))

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say which means exceed a tiny fraction of the reference's."""
        rates = parameters["rates"]
        with np.errstate(invalid="ignore"):
            proper = (rates > 0.0) & (rates * _COLLAPSED < reference["rates"])
        return np.asarray(proper.all(axis=1))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector of waiting times for each label."""
        return rng.exponential(1.0 / parameters["rates"][np.asarray(labels, dtype=np.intp)])

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One rate a component and column."""
        return n_components * n_features

    def linear_form(self, reference: Parameters) -> "ExponentialForm":
        """Return the linear form."""
        return ExponentialForm(reference["rates"].shape[1])


class ExponentialForm(RowsForm):
    """Features (1, x): nothing cancels but the logarithms of the rates."""

    __slots__ = ()

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients; raises SingularComponentError like the density."""
        del moments
        rates = _proper(parameters)
        constants = np.log(rates).sum(axis=1)
        return assembled(constants, -rates, np.ones(rates.shape[0], dtype=bool), constants)


def make(variant: str) -> Exponential:
    """Build the exponential family; it has neither variants nor options."""
    del variant
    return Exponential()


def _proper(parameters: Parameters) -> Array:
    rates = parameters["rates"]
    if not (np.isfinite(rates).all() and (rates > 0.0).all()):
        raise SingularComponentError("a rate is not positive and finite")
    return rates
