"""The experiments on convergence notice a library that is wrong."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import scipy.optimize

from mixot.experiments import _opposite_means as model
from mixot.experiments import overspecified, ten_steps
from mixot.experiments._information import Coordinates, hessians
from mixot.fitting import descent
from mixot.fitting.acceleration.walk import Walk
from mixot.problems.library import times_deaths
from mixot.reference import densities, likelihood
from mixot.types import Mixture

EXPERIMENTS = (
    "missing_information",
    "acceleration",
    "ten_steps",
    "weights_bound",
    "two_rates",
    "newton_steps",
    "overspecified",
)
SMALL = {
    "missing_information": {"datasets": ["exponential"]},
    "acceleration": {"starts": 1},
    "weights_bound": {"problems": ["three"], "starts": 1},
    "two_rates": {"separations": [1.5]},
    "newton_steps": {"separations": [1.5]},
}


@pytest.fixture
def falling_short(monkeypatch):
    """Let every EM step go a thousandth less far: to the same limit, and a little more slowly."""
    honest = descent.maximise

    def broken(problem, state):
        old, new = state.mixture, honest(problem, state)
        return Mixture(
            new.weights - 1e-3 * (new.weights - old.weights),
            {
                name: values - 1e-3 * (values - old.parameters[name])
                for name, values in new.parameters.items()
            },
        )

    monkeypatch.setattr(descent, "maximise", broken)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_claims_hold(false_claims, name):
    assert false_claims(name) == set()


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("missing_information", "I1"),
        ("acceleration", "I1b"),
        ("weights_bound", "I2"),
        ("two_rates", "I3"),
    ],
)
def test_em_steps_that_fall_a_little_short_are_noticed(false_claims, falling_short, name, claim):
    assert false_claims(name, **SMALL[name]) == {claim}


def test_an_accelerated_fit_that_ends_too_early_is_noticed(monkeypatch, false_claims):
    honest = Walk._certify

    def broken(self, length):
        found = honest(self, length)
        return replace(found, distance=1e-4 * found.distance)

    monkeypatch.setattr(Walk, "_certify", broken)
    small = SMALL["missing_information"]
    assert false_claims("missing_information", **small) == {"I1d"}


def test_a_step_of_ten_that_is_a_little_too_long_is_noticed(monkeypatch, false_claims):
    honest = model.OppositeMeans.m_step

    def broken(self, statistics, parameters):
        return {"means": (1.0 + 1e-6) * honest(self, statistics, parameters)["means"]}

    monkeypatch.setattr(model.OppositeMeans, "m_step", broken)
    assert false_claims("ten_steps", means=[0.5]) == {"I1c"}


def test_a_sinkhorn_sweep_that_goes_too_far_is_noticed(monkeypatch, false_claims):
    module = import_module("mixot.transport.solve")
    honest = module.sinkhorn

    def broken(*arguments, **options):
        return honest(*arguments, over_relaxation=1.001, **options)

    monkeypatch.setattr(module, "sinkhorn", broken)
    assert false_claims("two_rates", **SMALL["two_rates"]) == {"I3"}


def test_newton_steps_that_are_a_little_short_are_noticed(monkeypatch, false_claims):
    module = import_module("mixot.transport.newton")
    honest = module.newton_step

    def broken(columns, outer, damping=0.0):
        return 0.99 * honest(columns, outer, damping)

    monkeypatch.setattr(module, "newton_step", broken)
    assert false_claims("newton_steps", **SMALL["newton_steps"]) == {"I4"}


def test_the_observed_information_is_the_curvature_of_the_likelihood():
    sample = times_deaths.make(0).sample
    at = Mixture(np.array([0.4, 0.6]), {"rates": np.array([[1.2], [2.7]])})
    coordinates = Coordinates("poisson", at)

    def nll(vector):
        there = coordinates.mixture(vector)
        cost = densities.costs("poisson", sample.points, dict(there.parameters))
        return likelihood.negative_log_likelihood(cost, sample.weights, there.weights)

    def slope(vector):
        return scipy.optimize.approx_fprime(vector, nll, 1e-5)

    centre = coordinates.vector(at)
    numeric = np.array(
        [slope(centre + 1e-4 * unit) - slope(centre - 1e-4 * unit) for unit in np.eye(3)]
    )
    observed, complete = hessians(coordinates, sample, at)
    np.testing.assert_allclose(observed, numeric / 2e-4, atol=1e-4)
    # What labels would add is never negative, and nothing for the mean, which EM finds at once.
    assert np.linalg.eigvalsh(complete - observed).min() > -1e-9


def test_the_errors_after_ten_steps_are_those_of_the_theory():
    expected = {0.25: 0.217, 0.5: 0.00827, 0.75: 0.00013, 1.0: 9e-7}
    for mean, error in expected.items():
        assert ten_steps.predicted(mean) == pytest.approx(error, rel=0.05)


def test_many_estimates_at_once_are_single_ones():
    rng = np.random.default_rng(5)
    samples = rng.standard_normal((6, 50))
    found = overspecified.estimate(samples)
    assert 0.0 in found
    for sample, mean in zip(samples, found, strict=True):

        def excess(m, sample=sample):
            return np.mean(sample * np.tanh(m * sample)) - m

        if mean == 0.0:
            assert excess(1e-3) < 0.0
        else:
            assert mean == pytest.approx(scipy.optimize.brentq(excess, 1e-2, 5.0), abs=1e-9)
