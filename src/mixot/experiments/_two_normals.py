"""Two unit normals of known weights or not: the truth, and what asymptotic theory says of it.

The truth is pi N(-Delta/2, 1) + (1 - pi) N(Delta/2, 1), its parameters are the log-odds eta of pi
and the two means. With r the responsibility of the first component the scores are

    s_eta = r - pi,    s_1 = r (x - mu_1),    s_2 = (1 - r) (x - mu_2),

I is the covariance of all three, with blocks B for eta, A for the means and c between them, and
H = E[r (1 - r)]. All estimators here solve E_n[s] = 0 for what they do not know:

    free      maximum likelihood of (eta, mu_1, mu_2): asymptotic covariance I^-1
    fixed     maximum likelihood of the means at the true pi: A^-1
    balanced  the means of least balanced transport cost at the true pi; its eta is the tilt of
              the plan, for which E_n[r] = pi, and the derivative of E[r - pi] is H where that of
              maximum likelihood is -B. So the covariance is J^-1 I J^-T with -J = [-H c'; c A].

Expectations are adaptive quadratures over the scores.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.integrate
from scipy.special import expit

from mixot.streams import stream
from mixot.types import Array

Method = Literal["free", "fixed", "balanced"]
METHODS: tuple[Method, ...] = ("free", "fixed", "balanced")
FAMILY = "gaussian-known"

# Points of a block of replicates: a few arrays of it fit into a processor's cache.
_BLOCK = 2**16
# Deviations beyond which a normal has no mass that matters.
_REACH = 10.0


@dataclass(frozen=True, slots=True)
class Truth:
    """weight: pi, of the component on the left; separation: Delta, in deviations."""

    weight: float
    separation: float

    @property
    def theta(self) -> Array:
        """The parameters (eta, mu_1, mu_2)."""
        half = 0.5 * self.separation
        return np.array([math.log(self.weight / (1.0 - self.weight)), -half, half])

    @property
    def problem(self) -> str:
        """The name of the setting in records."""
        return f"separation-{self.separation:g}"


@dataclass(frozen=True, slots=True)
class Asymptotics:
    """information: I (3, 3); overlap: H; complete: the information (3, 3) if labels were seen."""

    information: Array
    overlap: float
    complete: Array

    @property
    def sandwich(self) -> Array:
        """J^-1 I J^-T (3, 3), for the tilt of the balanced plan and its means."""
        slope = self.information.copy()
        slope[0, 0] = -self.overlap
        inverse = np.linalg.inv(slope)
        return np.asarray(inverse @ self.information @ inverse.T)

    def covariance(self, method: Method) -> Array:
        """Return the limit of n Cov: (3, 3) for "free", else (2, 2) for the means."""
        if method == "free":
            return np.asarray(np.linalg.inv(self.information), dtype=float)
        if method == "fixed":
            return np.asarray(np.linalg.inv(self.information[1:, 1:]), dtype=float)
        return self.sandwich[1:, 1:]

    def variance(self, method: Method) -> float:
        """Return the limit of n times the variance of the mean of the first component."""
        return float(self.covariance(method)[-2, -2])

    def tilt_deviation(self, n_samples: int) -> float:
        """Return the deviation of the balanced plan's tilt, in log-odds.

        The sandwich is the linear response to it. Where it is above 1, points change sides
        altogether, and the samples are too small for the limit.
        """
        return float(np.sqrt(self.sandwich[0, 0] / n_samples))


def asymptotics(truth: Truth) -> Asymptotics:
    """Integrate the outer product of the scores, and r (1 - r), over the mixture."""
    eta, left, right = (float(value) for value in truth.theta)

    def integrand(x: float) -> Array:
        first, second = 0.5 * (x - left) ** 2, 0.5 * (x - right) ** 2
        density = truth.weight * math.exp(-first) + (1.0 - truth.weight) * math.exp(-second)
        r = float(expit(eta + second - first))
        score = np.array([r - truth.weight, r * (x - left), (1.0 - r) * (x - right)])
        found = np.append(np.outer(score, score), r * (1.0 - r))
        return np.asarray(density / math.sqrt(2.0 * math.pi) * found)

    reach = right + _REACH
    whole, _ = scipy.integrate.quad_vec(integrand, -reach, reach, epsabs=1e-12, epsrel=1e-12)
    other = 1.0 - truth.weight
    complete = np.diag([truth.weight * other, truth.weight, other])
    return Asymptotics(whole[:-1].reshape(3, 3), float(whole[-1]), complete)


def blocks(n_samples: int, n_replicates: int) -> list[int]:
    """Return the numbers of replicates of the blocks in which they are drawn."""
    size = max(1, _BLOCK // n_samples)
    whole, rest = divmod(n_replicates, size)
    return [size] * whole + [rest] * (rest > 0)


def draw(truth: Truth, experiment: str, n_samples: int, block: int, n_replicates: int) -> Array:
    """Draw samples, shape (n_replicates, n_samples): the labels are random, not only the points."""
    rng = stream("experiment", experiment, truth.problem, n_samples, block)
    first = rng.random((n_replicates, n_samples)) < truth.weight
    _, left, right = truth.theta
    return np.asarray(rng.standard_normal(first.shape) + np.where(first, left, right))


def covariance_departure(errors: Array, covariance: Array, n_samples: int) -> float:
    """Return by how much n Cov of the errors (R, p) departs from its limit, over 4 deviations.

    Both are compared after whitening by the limit, entry by entry: normal errors have entries of
    variance 2 / R on the diagonal and 1 / R beside it. At most 1 is what is expected.
    """
    n_replicates, p = errors.shape
    whitener = np.linalg.inv(np.linalg.cholesky(covariance))
    white = whitener @ (n_samples * np.cov(errors, rowvar=False)) @ whitener.T
    deviation = np.sqrt((1.0 + np.eye(p)) / n_replicates)
    return float(np.max(np.abs(white - np.eye(p)) / (4.0 * deviation)))


def variance_departure(errors: Array, covariance: Array, n_samples: int) -> float:
    """Return the same for the variances alone, each over its limit."""
    ratios = n_samples * np.var(errors, axis=0, ddof=1) / np.diagonal(covariance)
    return float(np.max(np.abs(ratios - 1.0)) / (4.0 * np.sqrt(2.0 / len(errors))))


def ratio_departure(
    errors: tuple[Array, Array], limits: tuple[float, float]
) -> tuple[float, float, float]:
    """Compare the ratio of two variances, over the same samples, with the ratio of their limits.

    errors: (R,) each. Returns the departure of the logarithm over four of its deviations, that
    from a ratio of 1, and the ratio.
    """
    squares = [(values - values.mean()) ** 2 for values in errors]
    means = [float(square.mean()) for square in squares]
    # By the influence of each replicate: both estimates come from one sample, and vary together.
    influence = squares[0] / means[0] - squares[1] / means[1]
    deviation = float(np.std(influence) / np.sqrt(influence.size))
    ratio = means[0] / means[1]
    off = abs(float(np.log(ratio * limits[1] / limits[0])))
    return off / (4.0 * deviation), abs(float(np.log(ratio))) / (4.0 * deviation), ratio
