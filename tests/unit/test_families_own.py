"""A user's own family: three methods, and everything works."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mixot import InputError, Mixture, Status, as_sample, fit, smoothed_start
from mixot.families import get
from mixot.families.own import OwnFamily


class Rayleigh(OwnFamily):
    """Distances from a centre: the norm of a planar Gaussian."""

    def log_density(self, points, parameters):
        squares = parameters["scales"] ** 2
        return np.log(points / squares) - 0.5 * points**2 / squares

    def sufficient_statistics(self, points):
        return points**2

    def estimate(self, averages):
        return {"scales": np.sqrt(0.5 * averages[:, 0])}


def distances(seed=0, n=300):
    rng = np.random.default_rng(seed)
    return as_sample(rng.rayleigh(np.where(rng.random(n) < 0.4, 1.0, 5.0))[:, None])


def test_the_fit_is_that_of_the_squares_as_exponential_variables():
    # x is Rayleigh of scale s if x^2 is exponential of rate 1 / (2 s^2).
    sample = distances()
    weights, scales = np.array([0.5, 0.5]), np.array([0.8, 4.0])
    own = fit(sample, Mixture(weights, {"scales": scales}), Rayleigh())
    squares = as_sample(sample.points**2)
    rates = Mixture(weights, {"rates": 0.5 / scales[:, None] ** 2})
    other = fit(squares, rates, get("exponential"))
    assert own.status is other.status is Status.CONVERGED
    assert_allclose(own.mixture.weights, other.mixture.weights, rtol=1e-6)
    found = 0.5 / own.mixture.parameters["scales"] ** 2
    assert_allclose(found, other.mixture.parameters["rates"][:, 0], rtol=1e-6)
    steps = min(own.n_iter, other.n_iter, 20)
    decrease = -np.diff(own.trace.objective)[:steps]
    assert_allclose(decrease, -np.diff(other.trace.objective)[:steps], atol=1e-12)


@pytest.mark.parametrize("plan", ["semirelaxed", "balanced", "hard"])
def test_every_plan_descends_by_exactly_the_energy_terms(plan):
    sample = distances(1)
    start = smoothed_start(sample, Rayleigh(), 3, np.random.default_rng(0))
    weights = "fixed" if plan == "balanced" else "free"
    options = {"plan": plan, "weights": weights, "energy": True}
    trace = fit(sample, start, Rayleigh(), **options, tol=0.0, max_iter=40).trace
    terms = trace.plan_kl + trace.weights_kl + trace.components_kl
    assert_allclose(-np.diff(trace.objective), terms, atol=1e-12)
    assert np.all(np.diff(trace.objective) <= 1e-13)


def test_equal_and_empty_components_are_noticed():
    sample = distances(2)
    twins = Mixture(np.array([0.5, 0.5]), {"scales": np.array([2.0, 2.0])})
    assert fit(sample, twins, Rayleigh()).status is Status.COLLAPSED_IDENTICAL
    family = Rayleigh()
    old = {"scales": np.array([2.0, 3.0])}
    plan = np.column_stack([sample.weights, np.zeros_like(sample.weights)])
    after = family.m_step(family.statistics(sample.points, plan, old), old)
    assert after["scales"][1] == 3.0
    assert after["scales"][0] != 2.0
    assert family.m_step(np.zeros((2, 2)), old) is old


def test_what_was_not_defined_is_asked_for_by_name():
    family = Rayleigh()
    with pytest.raises(InputError, match="'Rayleigh' cannot draw points: give it a method sample"):
        family.sample({"scales": np.ones(1)}, np.zeros(3), np.random.default_rng(0))
    with pytest.raises(InputError, match="give it a method n_parameters"):
        family.n_parameters(2, 1)
