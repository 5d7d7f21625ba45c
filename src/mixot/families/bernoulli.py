"""Products of Bernoulli variables: log p_k(x) = sum_j x_j log p_kj + (1 - x_j) log(1 - p_kj).

An exponential family with T(x) = x, so the M-step is the weighted mean. Probabilities of 0 and 1
are allowed, and are where maximum likelihood often ends: the component then excludes the other
value, and is evaluated by its density instead of the linear form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mixot.arrays import check_enough_points
from mixot.families import probabilities as chances
from mixot.families.averages import uniform_plan
from mixot.families.base import Domain
from mixot.families.increments import relative_entropy
from mixot.families.linear import Coefficients, Moments, Writer
from mixot.families.linear_rows import RowsForm
from mixot.families.support import check_values
from mixot.types import Array, Mask, Parameters, Sample

VARIANTS = ("",)
# The largest probability below 1.
_ALMOST_ONE = np.nextafter(1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """Independent values 0 or 1 with `probabilities` (K, d) of a 1."""

    name: ClassVar[str] = "bernoulli"
    shared: ClassVar[frozenset[str]] = frozenset()
    latent: ClassVar[bool] = False

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Probabilities lie between 0 and 1."""
        return {"probabilities": Domain("unit")}

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError for values other than 0 and 1 or too few observations."""
        binary = (sample.points == 0.0) | (sample.points == 1.0)
        check_values(sample.points, binary, "a Bernoulli variable must be 0 or 1")
        check_enough_points(sample, n_components)

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the share of ones in each column."""
        plan = uniform_plan(sample.weights, n_components)
        fallback = {"probabilities": np.full((n_components, sample.points.shape[1]), 0.5)}
        return self.m_step(self.statistics(sample.points, plan, fallback), fallback)

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf where a component excludes a value."""
        ones = parameters["probabilities"]
        return chances.log_likelihood(
            np.hstack([points, 1.0 - points]), np.hstack([ones, 1.0 - ones])
        )

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return (mass, sums of ones, sums of zeros) per component, shape (K, 1 + 2 d)."""
        del parameters
        return np.hstack([plan.sum(axis=0)[:, None], plan.T @ points, plan.T @ (1.0 - points)])

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Return the weighted shares of ones; a component without mass keeps its own."""
        n_features = (statistics.shape[1] - 1) // 2
        ones, zeros = statistics[:, 1 : 1 + n_features], statistics[:, 1 + n_features :]
        old = parameters["probabilities"]
        both = chances.normalised(np.stack([ones, zeros], axis=-1), np.stack([old, 1 - old], -1))
        shares = both[..., 0]
        # As long as some zeros are there, however little their mass, they stay possible: a
        # probability that merely rounds to 1 would make their cost infinite.
        rounded = (shares == 1.0) & (zeros > 0.0)
        return {"probabilities": np.where(rounded, _ALMOST_ONE, shares)}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k); +inf where the old component excludes a value."""
        base = old["probabilities"]
        change = new["probabilities"] - base
        terms = relative_entropy(base, change) + relative_entropy(1.0 - base, -change)
        return np.asarray(terms.sum(axis=1))

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Every vector of finite probabilities is proper."""
        del reference
        return np.asarray(np.isfinite(parameters["probabilities"]).all(axis=1))

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one vector of zeros and ones for each label."""
        ones = parameters["probabilities"][np.asarray(labels, dtype=np.intp)]
        return (rng.random(ones.shape) < ones).astype(np.float64)

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """One probability a component and column."""
        return n_components * n_features

    def linear_form(self, reference: Parameters) -> "BernoulliForm":
        """Return the linear form."""
        return BernoulliForm(2 * reference["probabilities"].shape[1])


class BernoulliForm(RowsForm):
    """Features (1, x, 1 - x): the sums of zeros keep their digits where nearly all are ones."""

    __slots__ = ()

    def writer(self, out: Array) -> Writer:
        """Return the function that writes (1, x, 1 - x) into out (n_rows, m)."""
        d = self.n_columns // 2
        out[0] = 1.0
        ones, zeros = out[1 : 1 + d], out[1 + d :]

        def write(framed: Array) -> None:
            ones[:] = framed
            np.subtract(1.0, framed, out=zeros)

        return write

    def moments(self, framed: Array, sample_weight: Array) -> Moments:
        """Return the weights of ones and zeros in each column."""
        both = framed @ sample_weight, (1.0 - framed) @ sample_weight
        return Moments(np.concatenate(both), 0.0)

    def coefficients(self, parameters: Parameters, moments: Moments) -> Coefficients:
        """Return the coefficients of the components that exclude nothing in the sample."""
        ones = parameters["probabilities"]
        table = np.hstack([ones, 1.0 - ones])
        return chances.log_table(table, np.maximum(ones, 1.0 - ones), moments.sums > 0.0)


def make(variant: str) -> Bernoulli:
    """Build the Bernoulli family; it has neither variants nor options."""
    del variant
    return Bernoulli()
