"""Unconstrained coordinates: there and back for every family, and what they do not cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from mixot import Mixture, as_sample, families
from mixot.families.base import Domain
from mixot.families.charts import chart
from mixot.families.own import OwnFamily

OPTIONS = {
    "gaussian-known": {"covariance": [[2.0, 0.3], [0.3, 0.7]]},
    "categorical": {"categories": [3, 4]},
    "product": {
        "blocks": [("gamma", [1]), ("student_t-full", [0, 3]), ("gaussian-tied", [4, 2])],
    },
}
CASES = {name: (name, OPTIONS.get(name, {})) for name in families.names()}
CASES["student_t-diag estimate"] = ("student_t-diag", {"df": "estimate"})
CASES["gaussian-known variance"] = ("gaussian-known", {"covariance": 3.0})


class Rayleigh(OwnFamily):
    @property
    def domains(self):
        return {"scales": Domain("positive")}

    def log_density(self, points, parameters):
        squares = parameters["scales"].T ** 2
        return np.log(points / squares) - 0.5 * points**2 / squares

    def sufficient_statistics(self, points):
        return points**2

    def estimate(self, averages):
        return {"scales": np.sqrt(0.5 * averages)}


class Undeclared(Rayleigh):
    @property
    def domains(self):
        return {}


def some_points(name, rng, n):
    if name == "poisson":
        return rng.poisson([2.0, 30.0], (n, 2))
    if name == "bernoulli":
        return rng.random((n, 2)) < [0.4, 0.6]
    if name == "categorical":
        return rng.integers([3, 4], size=(n, 2))
    if name == "multinomial":
        return rng.multinomial(20, [0.3, 0.7], n)
    if name in ("exponential", "gamma"):
        return rng.gamma([2.0, 0.7], [1.0, 5.0], (n, 2))
    if name == "von_mises_fisher":
        points = rng.normal([1.0, 0.0, 0.5], 1.0, (n, 3))
        return points / np.linalg.norm(points, axis=1, keepdims=True)
    if name == "product":
        return rng.gamma(2.0, 1.0, (n, 5))
    return rng.normal(size=(n, 2)) @ [[1.0, 0.9], [0.0, 0.1]] * [1.0, 1e3] + [5.0, -2e4]


def some_mixture(family, points, rng, n_components=3):
    sample = as_sample(points)
    initial = family.initial(sample, n_components)
    rows = rng.dirichlet(np.full(n_components, 0.5), sample.weights.size)
    statistics = family.statistics(sample.points, sample.weights[:, None] * rows, initial)
    weights = rng.dirichlet(np.ones(n_components))
    return Mixture(weights, family.m_step(statistics, initial))


def two_mixtures(name, seed):
    rng = np.random.default_rng(seed)
    registered, options = CASES[name]
    family = families.get(registered, **options)
    points = some_points(registered, rng, 80)
    return family, some_mixture(family, points, rng), some_mixture(family, points, rng)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), free=st.booleans())
def test_a_mixture_comes_back_from_its_coordinates(name, seed, free):
    family, base, other = two_mixtures(name, seed)
    found = chart(family, base, free)
    vector = found.vector(other)
    back = found.mixture(vector)
    assert vector.shape == found.metric(other).shape == found.stable(other).shape
    assert_allclose(back.weights, (other if free else base).weights, rtol=1e-13)
    for key, values in other.parameters.items():
        if family.domains[key].kind != "fixed":
            scale = np.abs(values).max()
            assert_allclose(back.parameters[key], values, rtol=1e-13, atol=1e-13 * scale)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_any_coordinates_are_those_of_a_proper_mixture(name, seed):
    family, base, other = two_mixtures(name, seed)
    found = chart(family, base, True)
    direction = np.random.default_rng(seed).normal(size=found.owners.size)
    moved = found.mixture(found.vector(other) + direction)
    assert_allclose(moved.weights.sum(), 1.0, rtol=1e-14)
    assert family.regular(moved.parameters, base.parameters).all()
    points = some_points(CASES[name][0], np.random.default_rng(seed), 5)
    assert np.isfinite(family.log_density(points.astype(float), moved.parameters)).all()


@pytest.mark.parametrize("name", ["gaussian-full", "gaussian-tied", "student_t-full"])
def test_coordinates_do_not_change_under_linear_maps_of_the_points(name):
    family, base, other = two_mixtures(name, 3)
    root = np.array([[3.0, 0.0], [-40.0, 1e-3]])

    def mapped(mixture):
        parameters = mixture.parameters
        return Mixture(
            mixture.weights,
            {
                "means": parameters["means"] @ root.T + 7.0,
                "covariances": root @ parameters["covariances"] @ root.T,
            },
        )

    one = chart(family, base, True).vector(other)
    two = chart(family, mapped(base), True).vector(mapped(other))
    assert_allclose(two, one, rtol=1e-7, atol=1e-7)


# Of several shares none moves alone, directions do not move along themselves, multinomial lengths
# grow with the trials too, and a known matrix is seen through its diagonal.
INEXACT = ("categorical", "multinomial", "von_mises_fisher", "gaussian-known")


@pytest.mark.parametrize("name", [name for name in CASES if name not in INEXACT])
def test_a_short_step_is_as_long_in_the_metric_as_in_the_divergence(name):
    family, base, _ = two_mixtures(name, 5)
    found = chart(family, base, False)
    x, metric, stable = found.vector(base), found.metric(base), found.stable(base)
    for along in range(x.size):
        step = np.zeros(x.size)
        step[along] = 1e-4
        moved = found.mixture(x + step)
        squared = 2.0 * base.weights @ family.divergence(moved.parameters, base.parameters)
        assert_allclose(1e-4 * metric[along], np.sqrt(squared), rtol=5e-3)
        change = found.shares(base) * (found.stable(moved) - stable)
        assert_allclose(np.linalg.norm(change), np.sqrt(squared), rtol=5e-3)


def test_lengths_of_weights_are_those_of_kl():
    family, base, _ = two_mixtures("poisson", 5)
    found = chart(family, base, True)
    step = np.r_[1e-4, -2e-4, 1e-4, np.zeros(6)]
    moved = found.mixture(found.vector(base) + step)
    squared = 2.0 * np.sum(moved.weights * np.log(moved.weights / base.weights))
    change = found.stable(moved) - found.stable(base)
    assert_allclose(np.linalg.norm(change[:3]), np.sqrt(squared), rtol=1e-3)


def test_values_on_the_boundary_stay_there_and_others_are_not_covered():
    family = families.get("bernoulli")
    base = Mixture(np.array([0.3, 0.7, 0.0]), {"probabilities": np.array([[0.0], [0.2], [1.0]])})
    inside = Mixture(np.array([0.3, 0.6, 0.1]), base.parameters)
    found = chart(family, base, True)
    moved = found.mixture(found.vector(base) + 0.5)
    assert moved.weights[2] == 0.0
    assert_allclose(moved.weights, base.weights, rtol=1e-15)
    assert moved.parameters["probabilities"][0, 0] == 0.0
    assert moved.parameters["probabilities"][2, 0] == 1.0
    assert moved.parameters["probabilities"][1, 0] > 0.25
    assert found.vector(inside) is None
    assert chart(family, inside, True).vector(base) is None


def test_impossible_categories_stay_impossible():
    table = np.array([[[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]]])
    base = Mixture(np.ones(1), {"probabilities": table})
    found = chart(families.get("categorical"), base, True)
    moved = found.mixture(found.vector(base) + np.linspace(-1.0, 1.0, 7))
    assert moved.parameters["probabilities"][0, 0, 2] == 0.0
    assert_allclose(moved.parameters["probabilities"].sum(axis=2), 1.0, rtol=1e-15)


def test_a_singular_or_infinite_mixture_has_no_coordinates():
    weights = np.array([0.4, 0.6])
    flat = {"means": np.zeros((2, 2)), "covariances": np.zeros((2, 2, 2))}
    assert chart(families.get("gaussian-full"), Mixture(weights, flat), True) is None
    flat = {"means": np.zeros((2, 2)), "covariances": np.array([1.0, 0.0])}
    assert chart(families.get("gaussian-spherical"), Mixture(weights, flat), True) is None
    endless = {"rates": np.array([[1.0], [np.inf]])}
    assert chart(families.get("poisson"), Mixture(weights, endless), True) is None


def test_coordinates_beyond_the_floats_give_no_mixture():
    family, base, _ = two_mixtures("poisson", 0)
    found = chart(family, base, True)
    assert found.mixture(found.vector(base) + 1e3) is None


def test_a_family_of_ones_own_has_coordinates_in_the_domains_that_it_names():
    rng = np.random.default_rng(1)
    points = rng.gamma(2.0, 1.0, (50, 1))
    for family, positive in ((Rayleigh(), True), (Undeclared(), False)):
        base, other = (some_mixture(family, points, rng) for _ in range(2))
        found = chart(family, base, True)
        back = found.mixture(found.vector(other))
        assert_allclose(back.parameters["scales"], other.parameters["scales"], rtol=1e-13)
        far = found.mixture(found.vector(base) - 3.0)
        assert (far.parameters["scales"] > 0.0).all() == positive
