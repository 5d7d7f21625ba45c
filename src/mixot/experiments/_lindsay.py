"""The gradient function of a mixture, and its supremum over all components.

D(theta) = sum_i a_i p(x_i; theta) / m_i says how the likelihood responds to a little weight on a
new component theta [Lindsay 1983]. By Jensen's inequality, for every mixing law q,

    NLL - NLL_q = sum_i a_i log(m^q_i / m_i) <= log sum_i a_i m^q_i / m_i <= log sup D.

The supremum is looked for on a grid. From each of its local maxima D is climbed by EM steps: with
masses a_i p(x_i; theta) / m_i the M-step never lowers it, as in any fit, in any number of
dimensions.
"""

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.special import logsumexp

from mixot.families.base import Family, take
from mixot.fitting import row_potential
from mixot.types import Array, Mixture, Parameters, Sample

# Climbing is linear with a rate below one wherever a maximum is curved; a value is then good to the
# square of what is left.
_CLIMB = 200


def log_gradient(sample: Sample, mixture: Mixture, family: Family, components: Parameters) -> Array:
    """Return log D (K,) of a mixture at some components."""
    return np.asarray(logsumexp(_log_masses(sample, mixture, family, components), axis=0))


def summits(
    sample: Sample, mixture: Mixture, family: Family, axes: tuple[Array, ...], name: str
) -> tuple[Array, Array]:
    """Return the local maxima of D over the parameter `name`, (m, d), and log D there (m,).

    axes: one a dimension, ascending; the grid is their product.
    """
    grid = mesh(axes)
    shape = tuple(axis.size for axis in axes)
    values = np.concatenate(
        [log_gradient(sample, mixture, family, {name: part}) for part in np.array_split(grid, 8)]
    )
    highest = maximum_filter(values.reshape(shape), size=3, mode="nearest").ravel() == values
    components: Parameters = {name: grid[highest]}
    for _ in range(_CLIMB):
        masses = np.exp(_log_masses(sample, mixture, family, components))
        components = family.m_step(family.statistics(sample.points, masses, components), components)
    return components[name], log_gradient(sample, mixture, family, components)


def at_own_components(sample: Sample, mixture: Mixture, family: Family) -> float:
    """Return the largest log D among the mixture's own components that have weight."""
    own = take(family, mixture.parameters, np.flatnonzero(mixture.weights > 0.0))
    return float(log_gradient(sample, mixture, family, own).max())


def mesh(axes: tuple[Array, ...]) -> Array:
    """Return the product of axes as rows (G, d), the last axis fastest."""
    return np.stack([values.ravel() for values in np.meshgrid(*axes, indexing="ij")], axis=1)


def _log_masses(sample: Sample, mixture: Mixture, family: Family, components: Parameters) -> Array:
    """Return log a_i + log p(x_i; theta_k) - log m_i, shape (n, K)."""
    potential = row_potential(sample.points, mixture, family)
    log_density = family.log_density(sample.points, components)
    return np.asarray(log_density + (potential + np.log(sample.weights))[:, None])
