"""Two clusters on a line that are not of the family fitted to them, and where such fits end.

A cluster is a Student t with variance v / (v - 2), to which a Gaussian is fitted, or counts of a
negative binomial with variance m + m^2 / r, to which a Poisson law is fitted. The estimate
converges to the parameters that minimise the Kullback-Leibler divergence from the population,

    theta* = argmin_theta E[-log m_theta(x)],

found here by Newton's method on the population's score, with expectations as sums over nodes: the
counts, or x = sinh(y) on a uniform grid in y, on which power-law tails fall off exponentially. The
estimate's n Cov tends to A^-1 B A^-1, A the mean Hessian of -log m and B the mean outer product of
scores; a model that takes itself for right takes both for its own information I.

Coordinates theta are the logit of the first weight, then for each component its mean and the log of
its standard deviation, or the log of its rate.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import scipy.stats
from scipy.special import expit, gammaln, xlogy

from mixot.families.base import Domain, Family
from mixot.families.gaussian import Gaussian
from mixot.families.own import OwnFamily
from mixot.families.poisson import Poisson
from mixot.families.student_t import StudentT
from mixot.reference import densities, likelihood
from mixot.types import Array, Mixture, Parameters, Sample

WEIGHTS = np.array([0.35, 0.65])
_CENTRES = np.array([-2.0, 2.0])
_MEAN_COUNTS = np.array([4.0, 16.0])
# Grid of y with x = sinh(y), and the smallest probability of a count that is kept.
_REACH, _SPACING = 16.0, 0.02
_LEAST = 1e-40
_NEWTON_STEPS = 60
# Standard deviations of a fitted component beyond which its own law has no mass left.
_FAR, _MODEL_NODES = 9.0, 801


class NegativeBinomial(OwnFamily):
    """Counts of known size r, with `means` (K, 1): an exponential family with T(x) = x."""

    latent = False
    domains: Mapping[str, Domain] = MappingProxyType({"means": Domain("positive")})

    def __init__(self, size: float) -> None:
        """Take the size, the larger the nearer to a Poisson law."""
        self.size = size

    def log_density(self, points: Array, parameters: Parameters) -> Array:
        """Return log p_k(x_i), shape (n, K)."""
        means, r = parameters["means"][:, 0], self.size
        constants = gammaln(points + r) - gammaln(points + 1.0) - gammaln(r)
        return np.asarray(constants - r * np.log1p(means / r) + xlogy(points, means / (r + means)))

    def sufficient_statistics(self, points: Array) -> Array:
        """Return the counts themselves."""
        return points

    def estimate(self, averages: Array) -> Parameters:
        """Return the mean counts."""
        return {"means": averages}

    def divergence(self, new: Parameters, old: Parameters) -> Array:
        """Return KL of the components, shape (K,)."""
        m, base, r = new["means"][:, 0], old["means"][:, 0], self.size
        return np.asarray(m * np.log(m / base) - (m + r) * np.log((m + r) / (base + r)))


@dataclass(frozen=True, slots=True)
class Clusters:
    """A population of two clusters: tails of so many degrees of freedom, or counts of a size.

    tails: True for a Student t, whose degrees of freedom are `shape`; False for a negative binomial
    of size `shape`.
    """

    tails: bool
    shape: float

    @property
    def name(self) -> str:
        """Name as a problem."""
        return f"{'tails' if self.tails else 'counts'}-{self.shape:g}"

    @property
    def means(self) -> Array:
        """The true means of the clusters (2,)."""
        return _CENTRES if self.tails else _MEAN_COUNTS

    @property
    def wrong(self) -> Family:
        """The family that is fitted and is not the clusters'."""
        return Gaussian("full") if self.tails else Poisson()

    @property
    def right(self) -> Family:
        """The family of the clusters."""
        return StudentT("full", df=self.shape) if self.tails else NegativeBinomial(self.shape)

    @property
    def truth(self) -> Mixture:
        """The clusters' weights, means and variances, as the wrong family has them."""
        if not self.tails:
            return Mixture(WEIGHTS, {"rates": _MEAN_COUNTS[:, None]})
        variances = np.full((2, 1, 1), self.shape / (self.shape - 2.0))
        return Mixture(WEIGHTS, {"means": _CENTRES[:, None], "covariances": variances})

    @property
    def truth_of_right(self) -> Mixture:
        """The same as the right family has it."""
        if not self.tails:
            return Mixture(WEIGHTS, {"means": _MEAN_COUNTS[:, None]})
        return Mixture(WEIGHTS, {"means": _CENTRES[:, None], "covariances": np.ones((2, 1, 1))})

    @property
    def units(self) -> Array:
        """What errors of the coordinates are measured in: centres in deviations of a cluster."""
        if not self.tails:
            return np.ones(3)
        deviation = np.sqrt(self.shape / (self.shape - 2.0))
        return np.array([1.0, deviation, 1.0, deviation, 1.0])

    def from_right(self, mixture: Mixture) -> Mixture:
        """Return a mixture of the right family by its clusters' means and variances."""
        parameters = mixture.parameters
        if not self.tails:
            return Mixture(mixture.weights, {"rates": parameters["means"]})
        variances = parameters["covariances"] * self.shape / (self.shape - 2.0)
        return Mixture(mixture.weights, {"means": parameters["means"], "covariances": variances})

    def draw(self, n_samples: int, rng: np.random.Generator) -> Sample:
        """Draw a sample; equal counts are one point with their share of the weight."""
        labels = rng.choice(2, n_samples, p=WEIGHTS)
        means = self.means[labels]
        if self.tails:
            points = means + rng.standard_t(self.shape, n_samples)
            return Sample(points[:, None], np.full(n_samples, 1.0 / n_samples), float(n_samples))
        rates = rng.gamma(self.shape, means / self.shape)
        values, numbers = np.unique(rng.poisson(rates), return_counts=True)
        return Sample(
            values[:, None].astype(np.float64), numbers / float(n_samples), float(n_samples)
        )

    def population(self) -> Sample:
        """Return the population as nodes with their masses."""
        if self.tails:
            y = np.arange(-_REACH, _REACH + 0.5 * _SPACING, _SPACING)
            nodes = np.sinh(y)
            laws = [scipy.stats.t.pdf(nodes - c, self.shape) * np.cosh(y) for c in self.means]
        else:
            nodes = np.arange(20.0 * _MEAN_COUNTS.max())
            chances = self.shape / (self.shape + self.means)
            laws = [scipy.stats.nbinom.pmf(nodes, self.shape, p) for p in chances]
        masses = WEIGHTS[0] * laws[0] + WEIGHTS[1] * laws[1]
        some = masses > _LEAST * masses.max()
        masses = masses[some] / masses[some].sum()
        return Sample(nodes[some, None], masses, float(masses.size))


def pseudo_truth(clusters: Clusters) -> Mixture:
    """Return the best mixture of the wrong family in the population, near the truth."""
    population = clusters.population()
    x, a = population.points[:, 0], population.weights

    def value(theta: Array) -> float:
        mixture = from_coordinates(theta)
        name = clusters.wrong.name
        cost = densities.costs(name, population.points, dict(mixture.parameters), route="scipy")
        return likelihood.negative_log_likelihood(cost, a, mixture.weights)

    theta = coordinates(clusters.truth)
    now = value(theta)
    for _ in range(_NEWTON_STEPS):
        slope = a @ scores(x, theta)
        step = np.linalg.solve(curvature(x, a, theta), slope)
        length = 1.0
        # Round-off of the value must not stop the last steps, which are short.
        while value(theta + length * step) > now + 1e-13 and length > 1e-6:
            length *= 0.5
        theta = theta + length * step
        now = value(theta)
        if np.abs(step).max() < 1e-13:
            break
    return from_coordinates(theta)


def coordinates(mixture: Mixture) -> Array:
    """Return theta, (5,) for Gaussians and (3,) for counts."""
    first = np.log(mixture.weights[0] / mixture.weights[1])
    if "rates" in mixture.parameters:
        return np.array([first, *np.log(mixture.parameters["rates"][:, 0])])
    means, variances = (mixture.parameters[n].reshape(2) for n in ("means", "covariances"))
    logs = 0.5 * np.log(variances)
    return np.array([first, means[0], logs[0], means[1], logs[1]])


def from_coordinates(theta: Array) -> Mixture:
    """Return the mixture at theta."""
    weights = np.array([expit(theta[0]), expit(-theta[0])])
    if theta.size == 3:
        return Mixture(weights, {"rates": np.exp(theta[1:])[:, None]})
    means, logs = theta[1::2], theta[2::2]
    variances = np.exp(2.0 * logs).reshape(2, 1, 1)
    return Mixture(weights, {"means": means[:, None], "covariances": variances})


def scores(x: Array, theta: Array) -> Array:
    """Return the gradient of log m at points x (n,), shape (n, p)."""
    responsibilities, complete, _ = _complete(x, theta)
    return np.asarray(np.einsum("kn,knp->np", responsibilities, complete))


def curvature(x: Array, a: Array, theta: Array) -> Array:
    """Return A, the mean Hessian of -log m over points x (n,) with weights a (n,)."""
    responsibilities, complete, second = _complete(x, theta)
    mean = np.einsum("kn,knp->np", responsibilities, complete)
    weighted = responsibilities * a
    outer = np.einsum("kn,knp,knq->pq", weighted, complete, complete)
    # The missing information is the covariance of the complete score, given x.
    missing = outer - (mean * a[:, None]).T @ mean
    return np.asarray(-np.einsum("kn,knpq->pq", weighted, second) - missing)


def sandwich(x: Array, a: Array, theta: Array) -> Array:
    """Return A^-1 B A^-1 at theta, n times the asymptotic covariance of the estimate."""
    each = scores(x, theta)
    inverse = np.linalg.inv(curvature(x, a, theta))
    return np.asarray(inverse @ ((each * a[:, None]).T @ each) @ inverse)


def model_information(theta: Array) -> Array:
    """Return the Fisher information of the mixture at theta under its own law."""
    mixture = from_coordinates(theta)
    if theta.size == 3:
        rates = mixture.parameters["rates"][:, 0]
        x = np.arange(np.ceil(rates.max() + _FAR * np.sqrt(rates.max()) + _FAR))
        spacing = 1.0
    else:
        means, deviations = theta[1::2], np.exp(theta[2::2])
        low, high = (means - _FAR * deviations).min(), (means + _FAR * deviations).max()
        x, spacing = np.linspace(low, high, _MODEL_NODES, retstep=True)
    masses = spacing * np.exp(_log_components(x, theta)).T @ mixture.weights
    each = scores(x, theta)
    return np.asarray((each * masses[:, None]).T @ each)


def _log_components(x: Array, theta: Array) -> Array:
    """Return the log-densities of the components, (2, n)."""
    if theta.size == 3:
        logs = theta[1:, None]
        return np.asarray(x * logs - np.exp(logs) - gammaln(x + 1.0))
    deviations = np.exp(theta[2::2])[:, None]
    z = (x - theta[1::2, None]) / deviations
    return np.asarray(-0.5 * z**2 - np.log(deviations) - 0.5 * np.log(2.0 * np.pi))


def _complete(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    """Return responsibilities (2, n), complete scores (2, n, p) and Hessians (2, n, p, p)."""
    n, p, own = x.size, theta.size, (theta.size - 1) // 2
    first = expit(theta[0])
    joint = _log_components(x, theta) + np.log([first, 1.0 - first])[:, None]
    responsibilities = np.exp(joint - np.logaddexp(*joint))
    slopes, second = np.zeros((2, n, p)), np.zeros((2, n, p, p))
    slopes[0, :, 0], slopes[1, :, 0] = 1.0 - first, -first
    second[:, :, 0, 0] = -first * (1.0 - first)
    for k in range(2):
        block = slice(1 + k * own, 1 + (k + 1) * own)
        slopes[k, :, block], second[k, :, block, block] = _component(x, theta[block])
    return responsibilities, slopes, second


def _component(x: Array, own: Array) -> tuple[Array, Array]:
    """Return slope (n, q) and Hessian (n, q, q) of one component's log-density."""
    if own.size == 1:
        rate = np.exp(own[0])
        return (x - rate)[:, None], np.full((x.size, 1, 1), -rate)
    deviation = np.exp(own[1])
    z = (x - own[0]) / deviation
    slope = np.stack([z / deviation, z**2 - 1.0], axis=1)
    cross = -2.0 * z / deviation
    level = np.full_like(z, -1.0 / deviation**2)
    hessian = np.stack([np.stack([level, cross], 1), np.stack([cross, -2.0 * z**2], 1)], 1)
    return slope, hessian
