"""The experiments on consistency and efficiency notice a library, or a theory, that is wrong."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
import scipy.optimize
from scipy.special import expit, logsumexp

from mixot import claims, experiments
from mixot.experiments import _two_normals as model
from mixot.experiments import consistency
from mixot.experiments._replicates import estimate, hard
from mixot.experiments._two_normals import METHODS, Asymptotics, Truth
from mixot.families.gaussian import Gaussian
from mixot.fitting.fit import fit
from mixot.pipeline.experiment import configured
from mixot.transport.plans import balanced, balanced_free, semirelaxed
from mixot.types import Mixture, Sample

TRUTH = Truth(0.35, 2.5)
NAMES = ("efficiency", "consistency")


@pytest.fixture(scope="module")
def honest():
    """Records of both experiments at small settings, by name."""
    return {
        name: import_module(f"{experiments.__name__}.{name}")
        .run(configured(name, "smoke", {}))
        .records
        for name in NAMES
    }


@pytest.fixture
def false_with(outcome, honest):
    """Call false_with(name, **changes): the claims that are false with it run now.

    The claims rest on both experiments; the other one is as it should be.
    """

    def judge(name, **changes):
        found = {**honest, name: outcome(name, **changes).records}
        records = [record for name in NAMES for record in found[name]]
        judged = {c: claims.judge_by_id(c, records, minimum=1) for c in ("J1", "J3")}
        return {claim for claim, one in judged.items() if one.verdict is False}

    return judge


def test_the_claims_hold(honest):
    records = [record for name in NAMES for record in honest[name]]
    for claim in ("J1", "J3"):
        assert claims.judge_by_id(claim, records, minimum=3).verdict is True


@pytest.mark.parametrize(
    ("plan", "claim"),
    [(semirelaxed.PLAN, "J1"), (balanced_free.PLAN, "J1"), (balanced.PLAN, "J3")],
    ids=["semirelaxed", "balanced_free", "balanced"],
)
def test_a_plan_that_is_slightly_off_is_noticed(monkeypatch, false_with, plan, claim):
    honest = type(plan).choose

    def broken(self, oracle, weights, epsilon, g):
        chosen = honest(self, oracle, weights, epsilon, g)
        return replace(chosen, tilt=chosen.tilt + np.array([1e-6, 0.0]))

    monkeypatch.setattr(type(plan), "choose", broken)
    assert false_with("efficiency", separations=[2.5, 4.0]) == {claim}


def test_balanced_transport_taken_for_efficient_is_noticed(monkeypatch, false_with):
    honest = Asymptotics.covariance

    def wrong(self, method):
        return honest(self, "fixed" if method == "balanced" else method)

    monkeypatch.setattr(Asymptotics, "covariance", wrong)
    assert false_with("efficiency") == {"J3"}


def test_labels_taken_for_known_are_noticed(monkeypatch, false_with):
    honest = Asymptotics.covariance

    def wrong(self, method):
        return np.linalg.inv(self.complete) if method == "free" else honest(self, method)

    monkeypatch.setattr(Asymptotics, "covariance", wrong)
    # The second compares balanced transport with free weights too.
    assert false_with("efficiency") == {"J1", "J3"}


@pytest.mark.parametrize("method", ["free", "balanced"])
def test_an_error_that_does_not_fall_fast_enough_is_noticed(monkeypatch, false_with, method):
    def slower(points, asked, truth):
        found = estimate(points, asked, truth)
        if asked == method:
            found.theta[:] = truth.theta + (found.theta - truth.theta) * points.shape[1] ** 0.25
        return found

    monkeypatch.setattr(consistency, "estimate", slower)
    assert false_with("consistency", separations=[2.5]) == {
        {"free": "J1", "balanced": "J3"}[method]
    }


def test_limits_are_those_of_the_theory():
    limits = model.asymptotics(TRUTH)
    variances = [limits.covariance(method)[-2, -2] for method in METHODS]
    assert variances == pytest.approx([7.087, 4.752, 5.771], abs=5e-4)


def cost(points, theta, method, truth):
    """The cost that an estimator minimises, its weights or potentials put in, by densities."""
    eta, *means = theta
    weight = expit(eta) if method == "free" else truth.weight
    logs = -0.5 * (points[:, None] - np.array(means)) ** 2 - 0.5 * np.log(2.0 * np.pi)
    prior = np.log([weight, 1.0 - weight])

    def semidual(g):
        return truth.weight * g - np.mean(logsumexp(logs + prior + [g, 0.0], axis=1))

    if method == "balanced":
        return -scipy.optimize.minimize_scalar(lambda g: -semidual(g), tol=1e-12).fun
    return -np.mean(logsumexp(logs + prior, axis=1))


@pytest.mark.parametrize("method", METHODS)
def test_batched_estimates_minimise_the_cost_in_every_sample(method):
    points = model.draw(TRUTH, "test", 300, 0, 4)
    found = estimate(points, method, TRUTH)
    assert found.residual.max() < 1e-12
    free = slice(0 if method == "free" else 1, None)
    for row, sample in enumerate(points):
        here = found.theta[row]

        def at(changed, sample=sample, here=here):
            return cost(sample, np.append(here[: free.start], changed), method, TRUTH)

        best = scipy.optimize.minimize(at, here[free] + 0.05, method="BFGS", tol=1e-6)
        assert best.x == pytest.approx(here[free], abs=1e-4)
        assert at(here[free]) <= best.fun + 1e-10


def test_hard_assignment_is_that_of_the_library():
    points = model.draw(TRUTH, "test", 500, 0, 3)
    for sample, theta in zip(points, hard(points, TRUTH).theta, strict=True):
        ended = fit(
            Sample(sample[:, None], np.full(500, 0.002), 500.0),
            Mixture(np.array([0.35, 0.65]), {"means": TRUTH.theta[1:, None]}),
            Gaussian("known", covariance=np.array(1.0)),
            plan="hard",
        )
        assert ended.mixture.parameters["means"][:, 0] == pytest.approx(theta[1:], abs=1e-12)


def test_the_departure_of_a_covariance_is_in_deviations_of_the_simulation():
    covariance = np.array([[2.0, 0.7], [0.7, 1.0]])
    rng = np.random.default_rng(0)
    factor = np.linalg.cholesky(covariance)
    found = [
        model.covariance_departure(rng.standard_normal((800, 2)) @ factor.T / 10.0, covariance, 100)
        for _ in range(200)
    ]
    # The largest of three standard normal numbers, over four.
    assert np.mean(found) == pytest.approx(1.33 / 4.0, rel=0.1)
    assert (
        model.covariance_departure(rng.standard_normal((800, 2)) @ factor.T / 9.0, covariance, 100)
        > 1.0
    )


def test_blocks_hold_all_replicates_and_draw_each_its_own():
    assert model.blocks(2**15, 5) == [2, 2, 1]
    first, second = (model.draw(TRUTH, "test", 100, block, 2) for block in (0, 1))
    assert not np.any(first == second)
    np.testing.assert_array_equal(first, model.draw(TRUTH, "test", 100, 0, 2))
