"""The experiments on temperature notice a library that is wrong."""

import itertools

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from mixot import claims, figures, fitting, transport
from mixot.experiments import kmeans_limit, write
from mixot.experiments._limits import cumulants, hard_limit
from mixot.experiments.linear_program_limit import limit_plan
from mixot.transport.plans import hard, semirelaxed

NAMES = (
    "noise_level",
    "tempered_value",
    "tempered_model",
    "temperature_curve",
    "infinite_temperature",
    "two_temperings",
    "kmeans_limit",
)
LIMITS = ("zero_temperature", "linear_program_limit")


@pytest.fixture
def false_limit(outcome):
    """Call false_limit(): whether F5, which two experiments bear on, is false."""

    def judge():
        records = [r for name in LIMITS for r in outcome(name).records]
        return claims.judge_by_id("F5", records, minimum=3).verdict is False

    return judge


@pytest.mark.parametrize("name", NAMES)
def test_the_claims_hold(name, false_claims):
    assert false_claims(name) == set()


def test_the_claim_on_zero_temperature_holds(false_limit):
    assert not false_limit()


@pytest.fixture
def warmed(monkeypatch):
    """Call warmed(size): from then on transport is solved at a temperature that is off by size."""
    honest = transport.solve

    def spoil(size, relaxation=None):
        def broken(cost, a, b, epsilon, **options):
            if relaxation in (None, options.get("relaxation", "balanced")):
                epsilon *= 1.0 + size
            return honest(cost, a, b, epsilon, **options)

        monkeypatch.setattr(transport, "solve", broken)

    return spoil


@pytest.mark.parametrize(
    ("name", "claim"),
    [
        ("noise_level", "F4"),
        ("tempered_value", "F1"),
        ("tempered_model", "F2"),
        ("temperature_curve", "F3"),
        ("infinite_temperature", "F6"),
        ("two_temperings", "F7"),
    ],
)
def test_a_temperature_that_is_a_millionth_off_is_noticed(name, claim, warmed, false_claims):
    warmed(1e-6)
    assert false_claims(name) == {claim}


@pytest.mark.parametrize(("relaxation", "size"), [("semirelaxed", 1e-6), ("balanced", 1e-4)])
def test_a_temperature_that_is_off_is_noticed_at_zero(relaxation, size, warmed, false_limit):
    warmed(size, relaxation)
    assert false_limit()


def test_a_plan_with_weights_to_a_power_is_noticed_in_fits(monkeypatch, false_claims):
    honest = semirelaxed.SemiRelaxed.choose

    def broken(self, oracle, weights, epsilon, g):
        return honest(self, oracle, weights ** (1.0 / epsilon), epsilon, g)

    monkeypatch.setattr(semirelaxed.SemiRelaxed, "choose", broken)
    assert false_claims("tempered_model") == {"F2"}
    assert false_claims("infinite_temperature") == {"F6"}
    assert false_claims("kmeans_limit", lines=["iris"]) == {"F8"}


def test_hard_plans_that_swap_their_use_of_the_weights_are_noticed(
    monkeypatch, false_claims, false_limit
):
    honest = hard.Hard.choose

    def broken(self, oracle, weights, epsilon, g):
        return honest(hard.Hard(weighted=not self.weighted), oracle, weights, epsilon, g)

    monkeypatch.setattr(hard.Hard, "choose", broken)
    assert false_claims("two_temperings") == {"F7"}
    assert false_claims("kmeans_limit") == {"F8"}
    assert false_limit()


def test_a_fit_that_stops_early_is_noticed_at_zero_temperature(monkeypatch, false_claims):
    honest = fitting.fit

    def broken(sample, start, family, **options):
        start = type(start)(np.full(start.n_components, 1.0 / start.n_components), start.parameters)
        return honest(sample, start, family, **{**options, "max_iter": 1})

    monkeypatch.setattr(fitting, "fit", broken)
    assert false_claims("kmeans_limit") == {"F8"}


def test_kmeans_on_a_line_is_the_best_of_all_partitions():
    rng = np.random.default_rng(1)
    x, a = rng.normal(size=9), rng.dirichlet(np.ones(9))
    inertia, labels = kmeans_limit.exact_kmeans(x, a, 3)

    def within(labels):
        total = 0.0
        for k in range(3):
            mine = labels == k
            if mine.any():
                mean = a[mine] @ x[mine] / a[mine].sum()
                total += a[mine] @ (x[mine] - mean) ** 2
        return total

    best = min(within(np.array(choice)) for choice in itertools.product(range(3), repeat=9))
    assert inertia == pytest.approx(best, rel=1e-12)
    assert within(labels) == pytest.approx(best, rel=1e-12)


def test_the_widest_plan_of_a_linear_program_is_not_improved_by_any_exchange():
    # Every pair costs the same: the widest plan is the independent one.
    a, b = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.4])
    _, widest, lowest = limit_plan(np.ones((3, 2)), a, b)
    np.testing.assert_allclose(widest, np.outer(a, b), atol=1e-12)
    assert lowest == pytest.approx(1.0)


def test_moments_of_the_costs_are_derivatives_of_the_value_at_infinity():
    rng = np.random.default_rng(2)
    cost, a, weights = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(3))

    def value(t):
        return -float(a @ np.log(np.exp(-t[0] * cost) @ weights)) / t[0]

    found = cumulants(cost, a, weights)
    assert value([1e-5]) == pytest.approx(found[0], abs=1e-4)
    slope = approx_fprime(np.array([1e-3]), value, 1e-5)[0]
    assert slope == pytest.approx(found[1] + 2e-3 * found[2], rel=1e-4)


def test_tied_components_share_their_rows_by_weight():
    cost = np.array([[1.0, 1.0, 3.0], [5.0, 4.0, 2.0]])
    limit = hard_limit(cost, np.array([0.5, 0.5]), np.array([0.1, 0.3, 0.6]))
    np.testing.assert_allclose(limit.rows(np.array([0.1, 0.3, 0.6])), [[0.25, 0.75, 0], [0, 0, 1]])
    assert limit.slope == pytest.approx(-0.5 * np.log(0.4) - 0.5 * np.log(0.6))
    assert (limit.value, limit.delta) == (1.5, 2.0)


def test_the_figure_draws_values_between_their_limits_and_slopes_below_them(outcome, tmp_path):
    made = outcome("temperature_curve", problems=["isotropic"])
    write(made, tmp_path, "temperature_curve")
    above, below = figures.make("temperature_limits", tmp_path).axes
    hard, mean, value = (line.get_ydata() for line in above.lines[:3])
    np.testing.assert_array_equal(value, made.series["isotropic value"])
    assert hard[0] < value.min() < value.max() < mean[0]
    plateau, slopes = (below.lines[k].get_ydata() for k in (0, 1))
    assert slopes.max() < plateau[0]
