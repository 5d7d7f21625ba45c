"""Small seeded mixtures on which the references are held against one another."""

from typing import NamedTuple

import numpy as np
import pytest

GAUSSIANS = (
    "gaussian-full",
    "gaussian-tied",
    "gaussian-diag",
    "gaussian-spherical",
    "gaussian-known",
)
FAMILIES = (*GAUSSIANS, "poisson")
KNOWN = np.array([[1.3, 0.4], [0.4, 0.9]])


class Case(NamedTuple):
    """Points (n, d), sample weights (n,), weights (K,), parameters, and the known covariance."""

    family: str
    points: np.ndarray
    sample_weights: np.ndarray
    weights: np.ndarray
    parameters: dict
    covariance: np.ndarray | None


def make_case(family, seed=0, n_samples=120, n_components=3, uniform=False):
    """Return overlapping clusters in the plane (counts for Poisson), away from a fixed point."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_components
    sample_weights = rng.dirichlet(np.full(n_samples, 5.0))
    if uniform:
        sample_weights = np.full(n_samples, 1 / n_samples)
    weights = rng.dirichlet(np.full(n_components, 5.0))
    if family == "poisson":
        true_rates = 2.0 + 4.0 * np.arange(n_components)[:, None] * np.array([1.0, 0.5])
        points = rng.poisson(true_rates[labels]).astype(float)
        rates = true_rates * rng.uniform(0.8, 1.25, true_rates.shape)
        return Case(family, points, sample_weights, weights, {"rates": rates}, None)
    means = 2.0 * rng.normal(size=(n_components, 2))
    points = means[labels] + rng.normal(size=(n_samples, 2))
    factors = rng.normal(size=(n_components, 2, 2)) / 2
    full = factors @ factors.transpose(0, 2, 1) + np.eye(2)
    parameters = {"means": means + 0.3 * rng.normal(size=means.shape)}
    structures = {
        "gaussian-full": full,
        "gaussian-tied": full.mean(axis=0),
        "gaussian-diag": np.stack([np.diag(matrix) for matrix in full]),
        "gaussian-spherical": np.array([np.trace(matrix) / 2 for matrix in full]),
    }
    if family in structures:
        parameters["covariances"] = structures[family]
    known = KNOWN if family == "gaussian-known" else None
    return Case(family, points, sample_weights, weights, parameters, known)


@pytest.fixture(params=FAMILIES)
def case(request):
    return make_case(request.param)


@pytest.fixture(params=GAUSSIANS[:4])
def uniform_gaussian(request):
    return make_case(request.param, seed=1, uniform=True)


@pytest.fixture(params=[(0, 0.5), (1, 1.0), (2, 3.0)], ids="seed{0[0]}-eps{0[1]}".format)
def transport_case(request):
    """A cost matrix (n, K) with sample weights, weights and a temperature."""
    from mixot.reference import densities

    seed, epsilon = request.param
    made = make_case("gaussian-full", seed, n_components=seed + 2)
    cost = densities.costs(made.family, made.points, made.parameters)
    return cost, made.sample_weights, made.weights, epsilon
