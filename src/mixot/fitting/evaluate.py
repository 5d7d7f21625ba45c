"""What a mixture says about points: responsibilities and log-likelihood."""

import numpy as np

from mixot.engines.rules import soft
from mixot.families.base import Family
from mixot.types import Array, Mixture, Sample


def log_kernel(
    points: Array, mixture: Mixture, family: Family, epsilon: float = 1.0, g: Array | None = None
) -> Array:
    """Return log pi_k + (g_k + log p_k(x_i)) / epsilon, shape (K, n)."""
    log_density = family.log_density(points, mixture.parameters)
    with np.errstate(divide="ignore"):
        tilt = np.log(mixture.weights)
    if g is not None:
        tilt = tilt + g / epsilon
    return np.ascontiguousarray(log_density.T) / epsilon + tilt[:, None]


def responsibilities(
    points: Array, mixture: Mixture, family: Family, epsilon: float = 1.0, g: Array | None = None
) -> Array:
    """Return r_ik (n, K), rows summing to 1, of the soft plan with column potential g (K,)."""
    return soft(log_kernel(points, mixture, family, epsilon, g))[1].T


def row_potential(
    points: Array, mixture: Mixture, family: Family, epsilon: float = 1.0, g: Array | None = None
) -> Array:
    """Return f_i = -epsilon log sum_k pi_k exp((g_k - C_ik) / epsilon), shape (n,)."""
    return -epsilon * soft(log_kernel(points, mixture, family, epsilon, g))[0]


def log_likelihood(sample: Sample, mixture: Mixture, family: Family) -> float:
    """Return the weighted mean log-likelihood, sum_i a_i log sum_k pi_k p_k(x_i)."""
    return float(sample.weights @ soft(log_kernel(sample.points, mixture, family))[0])
