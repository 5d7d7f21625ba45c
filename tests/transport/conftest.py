"""Random transport problems, as functions: hypothesis draws their seeds."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def clouds():
    """Return (cost, a, b): squared distances between random points in the plane."""

    def build(seed, n_samples=40, n_components=5):
        rng = np.random.default_rng(seed)
        points, atoms = rng.normal(size=(n_samples, 2)), rng.normal(size=(n_components, 2))
        cost = ((points[:, None] - atoms) ** 2).sum(axis=-1)
        b = 0.9 * rng.dirichlet(np.ones(n_components)) + 0.1 / n_components
        return cost, rng.dirichlet(np.ones(n_samples)), b

    return build
