"""Densities to the power 1 / eps, which are densities again once divided by their integral.

With Z_k = int p_k^(1/eps), q_k = p_k^(1/eps) / Z_k and w_k ~ pi_k Z_k: of a Gaussian q_k is
N(mu_k, eps Sigma_k) and

    log Z_k = (1 - 1/eps) / 2 (d log 2 pi + log |Sigma_k|) + d / 2 log eps;

of a Poisson it is Conway and Maxwell's distribution, whose Z_k is a sum over the counts.
"""

import math

import numpy as np
from scipy.special import gammaln, logsumexp

from mixot.experiments._tempered import Setting
from mixot.reference import densities, likelihood
from mixot.reference.parameters import full_covariances
from mixot.types import Array, Mixture, Parameters

# Deviations of the widest kernel that the grid reaches, and points of it to a deviation: the
# trapezoidal sum of a Gaussian is then good to the last digits.
_REACH, _DENSITY = 9.0, 2.5
_LOG_2PI = math.log(2.0 * math.pi)


def log_normalisers(setting: Setting, parameters: Parameters, epsilon: float) -> Array:
    """Return log Z_k (K,) by its formula, or for counts by a sum that leaves nothing out."""
    power = 1.0 / epsilon
    if setting.location == "rates":
        return np.array([_log_sums(rates, power) for rates in np.asarray(parameters["rates"])])
    covariances = covariances_of(setting, parameters)
    d = covariances.shape[-1]
    log_determinants = np.linalg.slogdet(covariances)[1]
    return np.asarray(
        0.5 * (1.0 - power) * (d * _LOG_2PI + log_determinants) + 0.5 * d * math.log(epsilon)
    )


def tempered_likelihood(setting: Setting, mixture: Mixture, epsilon: float) -> float:
    """Return NLL(w, q), the untempered negative log-likelihood of the model to the power."""
    logs = log_normalisers(setting, mixture.parameters, epsilon)
    unnormalised = np.log(mixture.weights) + logs
    weights = np.exp(unnormalised - logsumexp(unnormalised))
    points = setting.sample.points
    if setting.location == "rates":
        rates = np.asarray(mixture.parameters["rates"])
        cost = (rates.sum(axis=1) - points @ np.log(rates).T) / epsilon + logs
        cost = cost + gammaln(points + 1.0).sum(axis=1)[:, None] / epsilon
    else:
        widened = {
            "means": np.asarray(mixture.parameters["means"]),
            "covariances": epsilon * covariances_of(setting, mixture.parameters),
        }
        cost = densities.costs("gaussian-full", points, widened)
    return likelihood.negative_log_likelihood(cost, setting.a, weights)


def covariances_of(setting: Setting, parameters: Parameters) -> Array:
    """Return the covariances of all components (K, d, d)."""
    means = np.asarray(parameters["means"])
    kind = setting.family.name.partition("-")[2]
    known = getattr(setting.family, "covariance", None)
    return full_covariances(dict(parameters), kind, means.shape[0], means.shape[1], known=known)


def nodes(setting: Setting, epsilon: float) -> tuple[Array, float]:
    """Return a grid (m, d) that covers every component to the power 1 / eps, and log of a cell."""
    parameters = setting.mixture.parameters
    if setting.location == "rates":
        n_counts = _n_counts(np.asarray(parameters["rates"]), 1.0 / epsilon)
        return np.arange(float(n_counts))[:, None], 0.0
    means = np.asarray(parameters["means"])
    covariances = epsilon * covariances_of(setting, parameters)
    deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    # A narrow ellipse needs points as close as its shortest axis is wide, in every direction.
    shortest = np.sqrt(np.linalg.eigvalsh(_correlations(covariances)).min())
    axes, log_cell = [], 0.0
    for j in range(means.shape[1]):
        low = (means[:, j] - _REACH * deviations[:, j]).min()
        high = (means[:, j] + _REACH * deviations[:, j]).max()
        step = deviations[:, j].min() * shortest / _DENSITY
        axes.append(np.arange(low, high + step, step))
        log_cell += math.log(step)
    return np.stack([grid.ravel() for grid in np.meshgrid(*axes)], axis=1), log_cell


def _correlations(covariances: Array) -> Array:
    deviations = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    return covariances / deviations[:, :, None] / deviations[:, None, :]


def _n_counts(rates: Array, power: float) -> int:
    """Return how many counts it takes until the terms of sum_x (rate^x e^-rate / x!)^power end."""
    n_counts = 100
    while power * (n_counts * math.log(rates.max()) - math.lgamma(n_counts + 1)) > -60.0:
        n_counts *= 2
    return n_counts


def _log_sums(rates: Array, power: float) -> float:
    """Return log of the sum over counts of a product of Poisson probabilities to a power."""
    x = np.arange(_n_counts(rates, power))
    terms = x[:, None] * np.log(rates) - rates - gammaln(x + 1.0)[:, None]
    return float(logsumexp(power * terms, axis=0).sum())
