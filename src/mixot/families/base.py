"""What a component family has to offer.

The loop needs three things of a family: log-densities, additive statistics of a block of
observations under a plan, and the weighted maximum-likelihood parameters that those statistics
give. For an exponential family with sufficient statistic T the statistics of component k are
sum_i P_ik (1, T(x_i)), possibly about a reference point taken from the current parameters so that
nothing cancels; the M-step is then a function of their ratios.

Two more methods are found by being there. `linear_form(reference)` returns what evaluates many
components as one matrix product (`mixot.families.linear`), in the frame of the one-component fit;
it has to agree with `log_density` and `statistics`. `remarks(parameters)` says in a sentence what a
user has to know of a fit's result, such as that a bound is active.

Where later extensions enter: missing entries in `log_density` (marginal density of what is
observed) and `statistics` (conditional expectations), which leaves rows with gaps without a linear
form, so that such a family offers none for them; priors in `m_step` (pseudo-statistics), behind any
form; an improper noise component as a family whose log-density is a constant, which is a form with
the feature 1 alone; regressions as families whose points carry covariates beside the response, in
a form the products of the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mixot.types import Array, Mask, Parameters, Sample


class SingularComponentError(ArithmeticError):
    """A component's density is no longer proper; the loop turns this into a status."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Where the values of a parameter live, which is what an unconstrained form of it needs.

    kind: "real"; "location" (K, d), real and in the units of the points; "positive"; "mean" (of
    counts, positive, and their variance too); "unit" (between 0 and 1); "simplex" (non-negative,
    the last axis sums to 1); "covariance" (the last two axes are a positive definite matrix);
    "sphere" (the last axis has length 1); "fixed" (does not enter the density). spread: what
    locations are measured by, the name of the parameter with their covariances or variances, or
    standard deviations (d,).
    """

    kind: Literal[
        "real",
        "location",
        "positive",
        "mean",
        "unit",
        "simplex",
        "covariance",
        "sphere",
        "fixed",
    ]
    spread: str | tuple[float, ...] | None = None

    def prefixed(self, prefix: str) -> "Domain":
        """Return the same domain where the names of parameters have a prefix."""
        return replace(self, spread=prefix + self.spread) if isinstance(self.spread, str) else self


class Family(Protocol):
    """A parametric family of densities with a closed weighted maximum-likelihood step."""

    @property
    def name(self) -> str:
        """Name under which `mixot.families.get` finds the family."""

    @property
    def shared(self) -> frozenset[str]:
        """Names of the parameters that all components share (no leading K axis)."""

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Where each parameter lives, by name; those not named are real."""

    @property
    def latent(self) -> bool:
        """Whether the decrease that an M-step achieves is another than `divergence`.

        So it is where the M-step completes the data with further latent variables (scale mixtures;
        `divergence` is then that of the complete-data laws), and at an active bound on parameters.
        The decrease is then measured as the difference of the expected costs instead (D2).
        """

    def check(self, sample: Sample, n_components: int) -> None:
        """Raise InputError if the sample is outside the support or too small."""

    def initial(self, sample: Sample, n_components: int) -> Parameters:
        """Give every component the parameters of the one-component fit."""

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K); -inf outside the support.

        Raises SingularComponentError if a component has no density.
        """

    def statistics(self, points: Array, plan: Array, parameters: Parameters) -> Array:
        """Return the plan-weighted sums of the sufficient statistics, shape (K, p).

        The first column is the mass sum_i P_ik. Additive over blocks of points for fixed
        parameters.
        """

    def m_step(self, statistics: Array, parameters: Parameters) -> Parameters:
        """Maximise sum_i P_ik log p_k(x_i) given statistics taken at `parameters`.

        A component without mass keeps its parameters.
        """

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL(p_new,k | p_old,k), shape (K,), accurate for nearly equal parameters."""

    def regular(self, parameters: Parameters, reference: Parameters) -> Mask:
        """Say per component whether its density is proper on the scale of `reference`."""

    def sample(self, parameters: Parameters, labels: Array, rng: np.random.Generator) -> Array:
        """Draw one point for each component label, shape (n, d)."""

    def n_parameters(self, n_components: int, n_features: int) -> int:
        """Count the free component parameters (the weights not included)."""


def take(
    family: Family, parameters: Parameters, components: Sequence[int] | NDArray[np.integer[Any]]
) -> Parameters:
    """Select components; shared parameters stay as they are."""
    index = np.asarray(components, dtype=np.intp)
    return {k: v if k in family.shared else v[index] for k, v in parameters.items()}
