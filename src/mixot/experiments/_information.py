"""Complete and observed information of a mixture, by differentiating its log-density alone.

With l_ik = log pi_k + log p_k(x_i) as a function of free coordinates v, and responsibilities r,

    NLL = -sum_i a_i log sum_k e^{l_ik},             Q = -sum_ik a_i r_ik l_ik,

the responsibilities of Q being kept at those of one v. Their Hessians there are the observed
information I_obs and the complete one I_c, and the derivative of an EM step at a fixed point is
I - I_c^{-1} I_obs, the fraction of information that is missing [Dempster, Laird & Rubin 1977].

First derivatives are complex steps, which have no truncation error, second ones differences of
those by five points. Coordinates are the first K - 1 weights and the parameters' free entries.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mixot.reference import derivatives
from mixot.reference.densities import generic_log_densities
from mixot.types import Array, Mixture, Parameters, Sample

_IMAGINARY = 1e-200
# Of a coordinate's natural length: truncation and rounding of the differences are both near 1e-12.
_STEP = 1e-3


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Free coordinates v of the mixtures of a family near one of them."""

    family: str
    like: Mixture

    def vector(self, mixture: Mixture) -> Array:
        """Return v (p,) of a mixture."""
        packed = derivatives.pack(self._layout, dict(mixture.parameters))
        return np.concatenate([mixture.weights[:-1], packed])

    def parts(self, vector: NDArray[np.generic]) -> tuple[NDArray[np.generic], Parameters]:
        """Return weights and parameters of v, in its type."""
        first = self.like.n_components - 1
        weights = np.append(vector[:first], 1.0 - vector[:first].sum())
        like = dict(self.like.parameters)
        return weights, derivatives.unpack(self._layout, vector[first:], like)

    def mixture(self, vector: Array) -> Mixture:
        """Return the mixture of v."""
        weights, parameters = self.parts(vector)
        return Mixture(np.asarray(weights, dtype=np.float64), parameters)

    def scales(self) -> Array:
        """Return the natural lengths (p,) of the coordinates."""
        parameters = dict(self.like.parameters)
        if self.family == "bernoulli":
            ones = parameters["probabilities"]
            scales = np.minimum(ones, 1.0 - ones).ravel()
        else:
            scales = derivatives.natural_scales(self._layout, parameters)
        first = np.full(self.like.n_components - 1, self.like.weights.min())
        return np.concatenate([first, scales])

    @property
    def _layout(self) -> str:
        """The reference's family whose parameters lie in a vector like these."""
        return self.family if self.family.startswith("gaussian") else "poisson"


def missing_fractions(
    coordinates: Coordinates, sample: Sample, at: Mixture, *, known_weights: bool = False
) -> Array:
    """Return the eigenvalues of I - I_c^{-1} I_obs at a mixture, the largest first.

    known_weights: for parameters alone, as if the weights were not estimated.
    """
    observed, complete = hessians(coordinates, sample, at)
    if known_weights:
        first = at.n_components - 1
        observed, complete = observed[first:, first:], complete[first:, first:]
    missing = np.eye(observed.shape[0]) - np.linalg.solve(complete, observed)
    return np.sort(np.linalg.eigvals(missing).real)[::-1]


def hessians(coordinates: Coordinates, sample: Sample, at: Mixture) -> tuple[Array, Array]:
    """Return I_obs and I_c (p, p) at a mixture."""
    centre = coordinates.vector(at)
    logs = _log_joint(coordinates, sample, centre.astype(np.complex128)).real
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares *= (sample.weights / shares.sum(axis=1))[:, None]

    def gradients(vector: Array) -> Array:
        """Return the gradients (2, p) of the NLL and of Q."""
        found = np.empty((2, vector.size))
        for j in range(vector.size):
            moved = vector.astype(np.complex128)
            moved[j] += 1j * _IMAGINARY
            joint = _log_joint(coordinates, sample, moved)
            nll = -(sample.weights @ derivatives.complex_logsumexp(joint))
            found[:, j] = nll.imag, -np.sum(shares * joint.imag)
        return found / _IMAGINARY

    both = jacobian(gradients, centre, _STEP * coordinates.scales())
    # (2, p, p): the two Hessians, symmetric but for rounding.
    observed, complete = 0.5 * (both + both.transpose(0, 2, 1))
    return observed, complete


def jacobian(function: Callable[[Array], Array], at: Array, lengths: Array) -> Array:
    """Return the derivatives (..., p) of a function of v (p,) by five points, error O(h^4)."""
    columns = []
    for j, length in enumerate(lengths):
        values = []
        for shift in (-2.0, -1.0, 1.0, 2.0):
            moved = at.copy()
            moved[j] += shift * length
            values.append(function(moved))
        slope = values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]
        columns.append(slope / (12.0 * length))
    return np.stack(columns, axis=-1)


def _log_joint(
    coordinates: Coordinates, sample: Sample, vector: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    weights, parameters = coordinates.parts(vector)
    logs = log_densities(coordinates.family, sample.points, parameters)
    return np.asarray(np.log(weights) + logs, dtype=np.complex128)


def log_densities(
    family: str, points: Array, parameters: Parameters, *, covariance: float | None = None
) -> NDArray[np.complex128]:
    """Return log p_k(x_i), shape (n, K), analytic in the parameters, which may be complex.

    covariance: that of gaussian-known.
    """
    if family == "exponential":
        rates = parameters["rates"].astype(np.complex128)
        return np.asarray(np.log(rates).sum(axis=1) - points @ rates.T)
    if family == "bernoulli":
        ones = parameters["probabilities"].astype(np.complex128)
        return np.asarray(points @ np.log(ones).T + (1.0 - points) @ np.log(1.0 - ones).T)
    return generic_log_densities(
        family, points, dict(parameters), dtype=np.complex128, covariance=covariance
    )
