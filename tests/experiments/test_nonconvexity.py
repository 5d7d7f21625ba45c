"""The experiments on non-convexity notice a library that is wrong."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from mixot import claims, transport
from mixot.experiments import _known_kernels as known_kernels
from mixot.experiments import _opposite_means as model
from mixot.experiments import global_certificate
from mixot.experiments._folds import fold, rough_fold
from mixot.experiments._mixing_laws import MixingLaws
from mixot.experiments._rates import restarts_needed, restarts_success, wilson
from mixot.experiments._shrinking import least_cost
from mixot.families.gaussian import Gaussian
from mixot.fitting import descent
from mixot.reference.sinkhorn import linear_program
from mixot.transport.plans import balanced, semirelaxed


def worst(outcome, claim, quantity):
    found = [r for r in outcome.records if (r["claim"], r["quantity"]) == (claim, quantity)]
    return max(record["statistic"] for record in found)


@pytest.fixture
def tempered(monkeypatch):
    """Call tempered(plan): from then on its weights are a little too unequal."""

    def spoil(plan):
        honest = type(plan).choose

        def broken(self, oracle, weights, epsilon, g):
            unequal = weights ** (1.0 + 1e-4)
            chosen = honest(self, oracle, unequal / unequal.sum(), epsilon, g)
            return replace(chosen, weights=weights)

        monkeypatch.setattr(type(plan), "choose", broken)

    return spoil


def test_fixed_points_are_the_known_ones():
    at = {
        (1.0, 0.7, "em"): [-0.8885, -0.2249, 1.0],
        (1.0, 0.7, "sinkhorn-em"): [1.0],
        (0.5, 0.5, "em"): [-0.5, 0.0, 0.5],
        (0.5, 0.5, "sinkhorn-em"): [-0.5, 0.0, 0.5],
    }
    for (separation, weight, method), expected in at.items():
        found = model.fixed_points(model.population(weight, separation), method)
        assert [m for m, _ in found] == pytest.approx(expected, abs=5e-5)
        assert [attracts for _, attracts in found] == [k % 2 == 0 for k in range(len(found))]


@pytest.mark.parametrize("method", model.METHODS)
def test_a_fold_solves_its_equations_by_adaptive_quadrature(method):
    found = fold(1.0, method, rough_fold(1.0, method))

    def mean_of(values):
        def integrand(x):
            right, left = (math.exp(-0.5 * (x - t) ** 2) for t in (1.0, -1.0))
            mass = found.weight * right + (1.0 - found.weight) * left
            return (
                mass / math.sqrt(2.0 * math.pi) * values(x, math.tanh(found.mean * x + found.tilt))
            )

        return scipy.integrate.quad(integrand, -10.0, 10.0, epsabs=1e-12, limit=200)[0]

    slope = mean_of(lambda x, t: x * x * (1.0 - t * t))
    if method == "em":
        assert found.tilt == pytest.approx(0.5 * math.log(found.weight / (1.0 - found.weight)))
    else:
        assert mean_of(lambda x, t: t) == pytest.approx(2.0 * found.weight - 1.0, abs=1e-9)
        slope -= mean_of(lambda x, t: x * (1.0 - t * t)) ** 2 / mean_of(lambda x, t: 1.0 - t * t)
    assert mean_of(lambda x, t: x * t) == pytest.approx(found.mean, abs=1e-9)
    assert slope == pytest.approx(1.0, abs=1e-9)


def test_the_claim_on_fixed_points_holds_and_the_map_ends_at_the_folds(outcome):
    made = outcome("fixed_points")
    assert claims.judge_by_id("H1", made.records, minimum=3).verdict is True
    assert worst(made, "H1", "cells where Sinkhorn EM has one and EM has none") == 0.0
    spurious = [np.isfinite(made.series[f"{method} spurious"]) for method in model.METHODS]
    for row, separation in enumerate(made.series["separations"]):
        where = int(np.flatnonzero(made.series["fold_separations"] == separation)[0])
        for method, seen in zip(model.METHODS, spurious, strict=True):
            below = made.series["weights"] < made.series[f"{method} fold"][where]
            np.testing.assert_array_equal(seen[row], below)


@pytest.mark.parametrize("plan", [semirelaxed.PLAN, balanced.PLAN], ids=["em", "sinkhorn-em"])
def test_a_plan_that_is_not_the_e_step_moves_the_boundary(false_claims, tempered, plan):
    tempered(plan)
    few = {"n_weights": 1, "n_separations": 2, "checked": [1.0]}
    assert false_claims("fixed_points", **few) == {"H1"}


def test_the_claims_on_rates_hold(false_claims):
    assert false_claims("local_rates") == set()


@pytest.mark.parametrize("plan", [semirelaxed.PLAN, balanced.PLAN], ids=["em", "sinkhorn-em"])
def test_a_plan_that_is_not_the_e_step_is_noticed_in_the_rates(false_claims, tempered, plan):
    tempered(plan)
    assert false_claims("local_rates", separations=[1.0]) == {"H2"}


def test_the_best_law_is_that_of_slow_weights_on_a_finer_grid():
    problem = known_kernels.make("two", 60, "a test")
    laws = MixingLaws(
        "gaussian-known", problem.sample.points, problem.sample.weights, problem.axes((101, 0))
    )
    best = laws.best()
    assert best.gap <= 1e-10
    fine = np.linspace(problem.low[0], problem.high[0], 501)
    density = scipy.stats.norm.pdf(problem.sample.points, fine)
    weights = np.full(fine.size, 1.0 / fine.size)
    for _ in range(1000):
        gradient = problem.sample.weights @ (density / (density @ weights)[:, None])
        slow = -float(problem.sample.weights @ np.log(density @ weights))
        weights *= gradient
    assert slow - np.log(gradient.max()) - 1e-5 <= best.value <= slow


def test_points_closer_than_the_kernel_have_one_best_atom():
    points = np.linspace(-0.5, 0.5, 11)[:, None]
    laws = MixingLaws("gaussian-known", points, np.full(11, 1 / 11), (np.linspace(-0.5, 0.5, 41),))
    best = laws.best()
    assert best.weights @ best.atoms[:, 0] == pytest.approx(0.0, abs=1e-6)
    assert best.value == pytest.approx(0.5 * np.log(2.0 * np.pi) + 0.5 * np.mean(points**2))


def test_claims_on_certificates_hold(false_claims):
    assert false_claims("global_certificate") == set()


@pytest.mark.parametrize("error", [1e-5, -1e-5])
def test_a_density_that_is_a_little_too_large_or_small_is_noticed(monkeypatch, false_claims, error):
    honest = Gaussian.log_density

    def broken(self, points, parameters):
        return honest(self, points, parameters) + error

    monkeypatch.setattr(Gaussian, "log_density", broken)
    few = {"problems": ["two"], "orders": [2]}
    assert false_claims("global_certificate", **few) == {"N4"}


def test_poor_weights_make_a_wide_interval_and_no_wrong_one(monkeypatch, outcome):
    honest = global_certificate.fit_weights

    def poor(*arguments, **options):
        found = honest(*arguments, **options)
        kept = found.weights > 0.0
        return replace(found, weights=np.where(kept, 1.0 / kept.sum(), 0.0))

    monkeypatch.setattr(global_certificate, "fit_weights", poor)
    made = outcome("global_certificate", problems=["two"], orders=[2])
    assert worst(made, "N4", "width of the tight interval") > 1e-3
    assert worst(made, "N4", "infimum below the tight interval") <= 1e-9


def test_claims_on_collapse_hold(false_claims):
    assert false_claims("shrinking_component") == set()


def test_the_cheapest_first_is_what_the_linear_program_finds():
    rng = np.random.default_rng(0)
    cost, a = rng.normal(size=(20, 2)), rng.dirichlet(np.ones(20))
    _, value = linear_program(cost, a, np.array([0.3, 0.7]))
    sorted_out = a @ cost[:, 1] + least_cost(cost[:, 0] - cost[:, 1], a, 0.3)
    assert sorted_out == pytest.approx(value, abs=1e-12)


def test_a_density_without_its_determinant_does_not_collapse(monkeypatch, false_claims):
    honest = Gaussian.log_density

    def broken(self, points, parameters):
        variances = parameters["covariances"].reshape(len(parameters["means"]), -1)
        each = points.shape[1] / variances.shape[1]
        return honest(self, points, parameters) + 0.5 * each * np.log(variances).sum(axis=1)

    monkeypatch.setattr(Gaussian, "log_density", broken)
    assert {"O1", "O2", "N5"} <= false_claims("shrinking_component", dimensions=[2])


def test_a_balanced_value_that_forgets_the_columns_is_noticed(monkeypatch, false_claims):
    honest = transport.solve

    def broken(cost, a, b):
        return honest(cost, a, b, relaxation="semirelaxed")

    monkeypatch.setattr(transport, "solve", broken)
    assert false_claims("shrinking_component", dimensions=[2]) == {"O2"}


def test_claims_on_idle_components_hold(false_claims):
    assert false_claims("idle_components") == set()


def test_a_loop_that_lends_weight_to_empty_components_is_noticed(monkeypatch, false_claims):
    honest = descent.maximise

    def lending(problem, state):
        moved = honest(problem, state)
        return replace(moved, weights=(moved.weights + 1e-9) / (1.0 + 1e-9 * moved.weights.size))

    monkeypatch.setattr(descent, "maximise", lending)
    assert "O3" in false_claims("idle_components", dimensions=[2])


def test_an_m_step_that_goes_a_little_too_far_is_noticed(monkeypatch, false_claims):
    honest = Gaussian.m_step

    def far(self, statistics, parameters):
        found, means = honest(self, statistics, parameters), parameters["means"]
        return {**found, "means": found["means"] + 1e-5 * (found["means"] - means)}

    monkeypatch.setattr(Gaussian, "m_step", far)
    assert false_claims("idle_components", dimensions=[2]) == {"O3", "O6"}


@pytest.mark.parametrize(("hits", "trials"), [(0, 60), (3, 60), (32, 60), (60, 60)])
def test_intervals_are_those_of_scipy(hits, trials):
    expected = scipy.stats.binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_best_of_some_starts_is_counted_as_if_they_were_drawn():
    success = np.array([1, 0, 0, 1, 0, 0, 0])
    choices = [any(success[list(c)]) for c in combinations(range(7), 3)]
    assert restarts_success(2, 7, 3) == pytest.approx(np.mean(choices))
    assert restarts_needed(0, 9) == np.inf
    assert 1.0 - 0.7 ** restarts_needed(3, 10) >= 0.99 > 1.0 - 0.7 ** (restarts_needed(3, 10) - 1)


def test_random_starts_are_counted_and_no_start_beats_the_best(outcome):
    made = outcome("random_starts", designs=["two"])
    rate, lower, upper, best_of, _ = made.series["two"].T
    assert ((lower <= rate) & (rate <= upper) & (rate <= best_of)).all()
    assert rate.max() == 1.0
    assert worst(made, "Q", "fit_restarts above the best, free weights") >= -1e-6
